/** The receiver of a page, wired to what does the work: the coordinator's page and the extension's have the same. */
import { forgetLeftover } from '../client/browser/leftovers.ts';
import { openLink, seeUpload, startReadingNote, startReceiving } from '../client/browser/receive.ts';
import { loadLinkViews } from './link-views.ts';
import { pageLanguage } from './page-language.svelte.ts';
import { viewsTexts } from './page-texts/views.ts';
import { Receiver } from './receiver.svelte.ts';
import { transferWorkerUrl } from './trusted-urls.ts';

/** @param prepareDownloads - registers the service worker that streams them, once there is a list to look at; null for a page that has none. */
export function receiverOfPage(prepareDownloads: (() => Promise<void>) | null): Receiver {
  return new Receiver({
    async open(link, password) {
      const opened = await openLink(link, password, transferWorkerUrl);
      if (opened.ok) await prepareDownloads?.();
      return opened;
    },
    async loadViews(info) {
      const [views] = await Promise.all([loadLinkViews(info), pageLanguage.add(viewsTexts)]);
      return views;
    },
    seeUpload,
    isVisible: () => document.visibilityState === 'visible',
    start: (link, passwordKey, choice, events) => startReceiving(link, passwordKey, choice, events, { workerUrl: transferWorkerUrl, isServed: prepareDownloads !== null }),
    openPreviews: async (link, passwordKey, info) => {
      const { Previews } = await import('../client/browser/preview.ts');
      return new Previews(link, passwordKey, info.files, transferWorkerUrl);
    },
    readNote: (link, passwordKey, events) => startReadingNote(link, passwordKey, events, transferWorkerUrl),
    forget: forgetLeftover,
    now: () => Date.now(),
    later(callback, afterMs) {
      const timer = setTimeout(callback, afterMs);
      return () => clearTimeout(timer);
    },
  });
}
