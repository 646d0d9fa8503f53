/**
 * A link that was caught, between two visits of the receive page in one tab. It lies in `storage.session`, which is memory
 * and never a disk, and is taken out at once.
 */
import { browser } from 'wxt/browser';

export interface CaughtLink {
  readonly href: string;
  /** Since when it stood in the tab's address; milliseconds since 1970. */
  readonly sinceMs: number;
}

const keyOf = (tabId: number): string => `link:${tabId}`;

export const putLink = (tabId: number, link: CaughtLink): Promise<void> => browser.storage.session.set({ [keyOf(tabId)]: link });

/** @returns null where none is meant for this tab, or it was taken before: the page holds it from then on. */
export async function takeLink(tabId: number): Promise<CaughtLink | null> {
  const key = keyOf(tabId);
  const stored = await browser.storage.session.get(key);
  await browser.storage.session.remove(key);
  return (stored[key] as CaughtLink | undefined) ?? null;
}
