/**
 * The extension's own receive page: it opens links that were caught, with no code of the coordinator's. Browsers keep the
 * address that a visit began with, so the page that was led to a link visits itself once more without it.
 */
import { mount } from 'svelte';
import { browser } from 'wxt/browser';
import { receiverOfPage } from '../../../shared/ui/receive-page.ts';
import ReceiveScreen from '../../../shared/ui/ReceiveScreen.svelte';
import { putLink, takeLink } from '../../caught-links.ts';
import { beginLanguage } from '../../language.ts';
import { SEND_PAGE } from '../../pages.ts';

/** A visit begins so long before its page at most. */
const BEGAN_WITHIN_MS = 500;

const { id: tabId = -1 } = (await browser.tabs.getCurrent()) ?? {};
const isLed = (): boolean => location.hash.length > 1;

if (isLed()) await visitAgain(performance.timeOrigin - BEGAN_WITHIN_MS);
else await open();
// Firefox changes the fragment alone where another link is pasted over this page.
addEventListener('hashchange', () => {
  if (isLed()) void visitAgain(Date.now() - BEGAN_WITHIN_MS);
});

async function visitAgain(sinceMs: number): Promise<void> {
  await putLink(tabId, { href: location.hash.slice(1), sinceMs });
  // What an entry of Chromium's replaced, it remembers; an entry can be removed there.
  if (import.meta.env.FIREFOX) location.replace(location.pathname);
  else location.assign(location.pathname);
}

async function open(): Promise<void> {
  const [caught] = await Promise.all([takeLink(tabId), beginLanguage()]);
  const receiver = receiverOfPage(null);
  if (caught === null) receiver.keyGone();
  else void receiver.open(caught.href);
  mount(ReceiveScreen, { target: document.body, props: { receiver, home: SEND_PAGE } });
  // Chromium has written the first visit down, link and all, in the tab's list and in its own. Of these nothing smaller than a span of time can be removed.
  if (caught !== null && !import.meta.env.FIREFOX) await browser.browsingData.removeHistory({ since: caught.sinceMs });
}
