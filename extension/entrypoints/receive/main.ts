/**
 * The extension's own receive page: it opens links that were caught, with no code of the coordinator's. Chromium's rules lead
 * here with the link in the address. Browsers keep the address that a visit began with, so the page then visits itself once
 * more without it.
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

const link = location.hash.slice(1);
if (link === '') await open();
else {
  // Not `replace`: what an entry replaced, Chromium remembers with it, and an entry can be removed.
  location.assign(await putLink({ href: link, sinceMs: performance.timeOrigin - BEGAN_WITHIN_MS }));
}

async function open(): Promise<void> {
  const [caught] = await Promise.all([takeLink(location.href), beginLanguage()]);
  history.replaceState(null, '', location.pathname);
  const receiver = receiverOfPage(null);
  if (caught === null) receiver.keyGone();
  else void receiver.open(caught.href);
  mount(ReceiveScreen, { target: document.body, props: { receiver, home: SEND_PAGE } });
  // Chromium has written the first visit down, link and all, in the tab's list and in its own. Of these nothing smaller than a span of time can be removed.
  if (caught !== null && !import.meta.env.FIREFOX) await browser.browsingData.removeHistory({ since: caught.sinceMs });
}
