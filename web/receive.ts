/** The receive page, served for every `/d/…`. Takes the key out of the address before anything else happens. */
import { mount } from 'svelte';
import { forgetLeftover } from '../shared/client/browser/leftovers.ts';
import { openLink, seeUpload, startReadingNote, startReceiving } from '../shared/client/browser/receive.ts';
import { secureAddress, takeAddress } from '../shared/ui/address.ts';
import { pageLanguage } from '../shared/ui/page-language.svelte.ts';
import { loadLinkViews } from '../shared/ui/link-views.ts';
import { receivePageTexts } from '../shared/ui/page-texts/receive.ts';
import { viewsTexts } from '../shared/ui/page-texts/views.ts';
import ReceiveScreen from '../shared/ui/ReceiveScreen.svelte';
import { Receiver } from '../shared/ui/receiver.svelte.ts';
import { downloadWorkerUrl, transferWorkerUrl } from '../shared/ui/trusted-urls.ts';
import { beginLanguage } from './language.ts';

/** In the history entry's state: the key was taken here before. Holds nothing of the link. */
const TAKEN = { shardsend: 'taken' } as const;

const receiver = new Receiver({
  async open(link, password) {
    const opened = await openLink(link, password, transferWorkerUrl);
    if (opened.ok) await prepareDownloads();
    return opened;
  },
  async loadViews(info) {
    const [views] = await Promise.all([loadLinkViews(info), pageLanguage.add(viewsTexts)]);
    return views;
  },
  seeUpload,
  isVisible: () => document.visibilityState === 'visible',
  start: (link, passwordKey, choice, events) => startReceiving(link, passwordKey, choice, events, transferWorkerUrl),
  openPreviews: async (link, passwordKey, info) => {
    const { Previews } = await import('../shared/client/browser/preview.ts');
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

/** Runs at the start, and again when somebody pastes the link into this tab: only the fragment changes then. */
function takeLink(): void {
  const takenBefore = (history.state as { shardsend?: unknown } | null)?.shardsend === TAKEN.shardsend;
  const { link, path } = takeAddress(location.href);
  if (link !== null) history.replaceState(TAKEN, '', path);
  // An address without a key goes to the client as it is, which says what is wrong with it.
  if (link === null && takenBefore) receiver.keyGone();
  else void receiver.open(link ?? location.href);
}

const elsewhere = secureAddress(location.href);
if (elsewhere === null) {
  const address = location.href;
  // Both ask at once: the list of files waits for no texts.
  const ready = beginLanguage(receivePageTexts);
  takeLink();
  addEventListener('hashchange', () => {
    if (location.hash.length > 1) takeLink();
  });
  await untilReady(ready, address);
  mount(ReceiveScreen, { target: document.body, props: { receiver } });
} else {
  location.replace(elsewhere);
}

/** A page that could not be loaded whole shows nothing: the key goes back into its address, so that loading it again opens the link. */
async function untilReady(ready: Promise<void>, address: string): Promise<void> {
  try {
    await ready;
  } catch (thrown) {
    history.replaceState(null, '', address);
    throw thrown;
  }
}

/** Once there is a list to look at, so that the button answers at once and a link that opens nothing asks for nothing. */
async function prepareDownloads(): Promise<void> {
  try {
    await navigator.serviceWorker.register(downloadWorkerUrl);
  } catch {
    // Without it the download itself says that the files cannot be saved.
  }
}
