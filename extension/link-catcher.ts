/**
 * Catches links of known coordinators, and opens them in the extension's own page in the same tab. Their pages are never
 * loaded: Firefox asks the background about each request, Chromium obeys rules (link-rules.ts). Nothing is remembered here:
 * the link stands in the tab's address until the receive page takes it out. docs/decisions/0014.
 */
import { browser } from 'wxt/browser';
import { isLinkOf, knownCoordinators } from './coordinators.ts';
import { applyLinkRules } from './link-rules.ts';
import { loadSettings } from './settings.ts';
import { receiveUrl } from './pages.ts';

const RECEIVING = receiveUrl('');

/** Registers listeners: called while the background starts, before anything is waited for. */
export function catchLinks(): void {
  browser.tabs.onUpdated.addListener((tabId, { url, status }, tab) => {
    if (tab.url === undefined || (url === undefined && status !== 'loading')) return;
    if (tab.url.startsWith(RECEIVING)) void openBlocked(tabId, tab.url);
    else void takeAway(tabId, tab.url);
  });
  if (import.meta.env.FIREFOX) holdRequests();
  else keepRules();
}

async function isOurs(href: string): Promise<boolean> {
  const settings = await loadSettings();
  return settings.opensLinks && isLinkOf(href, knownCoordinators(settings));
}

/** What a site led to is no page of an extension, says Chromium, and shows the address alone: the extension leads there itself. */
async function openBlocked(tabId: number, url: string): Promise<void> {
  if (import.meta.env.FIREFOX) return;
  const shown = await browser.runtime.getContexts({ contextTypes: ['TAB'], tabIds: [tabId] });
  if (shown.length === 0) await browser.tabs.update(tabId, { url });
}

/** A page that gave itself a link's address: the same link, pasted there, would change the fragment alone, and that page is told of it. */
async function takeAway(tabId: number, href: string): Promise<void> {
  if (await isOurs(href)) await browser.tabs.update(tabId, { url: receiveUrl(href) });
}

type RequestListener = Parameters<typeof browser.webRequest.onBeforeRequest.addListener>[0];
type Request = Parameters<RequestListener>[0];

/** A request waits for the background, which is started for it; so does what a service worker of the site would hear. */
function holdRequests(): void {
  const answer = async ({ type, tabId, url }: Request): Promise<{ cancel: boolean }> => {
    if (!(await isOurs(url))) return { cancel: false };
    // A tab that is gone needs no page.
    if (type === 'main_frame' && tabId >= 0) await browser.tabs.update(tabId, { url: receiveUrl(url) }).catch(() => undefined);
    return { cancel: true };
  };
  // Chromium's types know no promise here.
  const listener = answer as unknown as RequestListener;
  browser.webRequest.onBeforeRequest.addListener(listener, { urls: ['*://*/*'], types: ['main_frame', 'sub_frame'] }, ['blocking']);
}

function keepRules(): void {
  const apply = (): void => void applyLinkRules();
  browser.runtime.onInstalled.addListener(apply);
  browser.runtime.onStartup.addListener(apply);
  browser.storage.local.onChanged.addListener(apply);
  browser.permissions.onAdded.addListener(apply);
}
