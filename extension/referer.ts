/**
 * Some sites give a picture only to their own pages, which they know by the Referer. No fetch may set that, so that a rule
 * of this session does, for one address, while it is opened with the person's right to its site.
 */
import { browser } from 'wxt/browser';
import type { FetchJob } from './jobs.ts';

/** @param open - resolves with the head. */
export async function withReferer<T>({ url, source }: FetchJob, open: () => Promise<T>): Promise<T> {
  const page = source && URL.canParse(source.pageUrl) ? new URL(source.pageUrl) : null;
  if (page?.protocol !== 'https:' && page?.protocol !== 'http:') return open();
  const id = crypto.getRandomValues(new Uint32Array(1))[0]! % 0x7fff_ffff || 1;
  await browser.declarativeNetRequest.updateSessionRules({ addRules: [ruleOf(id, url, `${page.origin}/`)] });
  try {
    return await open();
  } finally {
    await browser.declarativeNetRequest.updateSessionRules({ removeRuleIds: [id] });
  }
}

/** As a browser tells another site by default: the page's origin, and no more. Requests of pages are left alone. */
const ruleOf = (id: number, url: string, referer: string) => ({
  id,
  condition: { urlFilter: `|${new URL(url).origin}/`, initiatorDomains: [location.host], resourceTypes: ['xmlhttprequest' as const] },
  action: { type: 'modifyHeaders' as const, requestHeaders: [{ header: 'Referer', operation: 'set' as const, value: referer }] },
});
