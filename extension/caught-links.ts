/**
 * A link that was caught, until the receive page that is opened for it takes it out. It lies in `storage.session`, which is
 * memory and never a disk.
 */
import { browser } from 'wxt/browser';
import { pageUrl } from './pages.ts';

interface CaughtLink {
  readonly href: string;
  /** Since when it stood in the tab's address; milliseconds since 1970. */
  readonly sinceMs: number;
}

const PARAMETER = 'link';
const keyOf = (id: string): string => `link:${id}`;

/** @returns the address of the page that opens it. */
export async function putLink(link: CaughtLink): Promise<string> {
  const id = crypto.randomUUID();
  await browser.storage.session.set({ [keyOf(id)]: link });
  return pageUrl(`/receive.html?${PARAMETER}=${id}`);
}

/** @param address - of the page. @returns null where the link was taken before: a page holds it from then on. */
export async function takeLink(address: string): Promise<CaughtLink | null> {
  const key = keyOf(new URL(address).searchParams.get(PARAMETER) ?? '');
  const stored = await browser.storage.session.get(key);
  await browser.storage.session.remove(key);
  return (stored[key] as CaughtLink | undefined) ?? null;
}
