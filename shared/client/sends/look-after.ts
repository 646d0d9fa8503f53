/** One look at how a sent transfer stands, taken into its record. */
import type { OwnerStatus } from '../../protocol/messages.ts';
import { withRefusal, withStatus } from './last-seen.ts';
import type { SendRecord } from './send-record.ts';
import type { SendStore } from './send-store.ts';

export interface Look {
  /** As it is kept now; null where it was removed meanwhile. */
  readonly record: SendRecord | null;
  /** Downloads that its sender wants to hear of, and has not: told once, whichever tab or alarm looks first. */
  readonly freshDownloads: number;
}

/**
 * @param ask - throws SendError.
 * @returns null where nobody said how it stands. @throws SendError `record_unsaved` or `record_unreadable`.
 */
export async function lookAfter(store: SendStore, record: SendRecord, ask: () => Promise<OwnerStatus>, now: () => number): Promise<Look | null> {
  let change: (before: SendRecord) => SendRecord | null;
  try {
    const status = await ask();
    change = (before) => withStatus(before, status, now());
  } catch (thrown) {
    change = (before) => withRefusal(before, thrown, now());
  }
  if (change(record) === null) return null;
  let freshDownloads = 0;
  const kept = await store.update(record.transferId, (before) => {
    const after = change(before) ?? before;
    const committed = after.lastSeen?.downloads.committed ?? 0;
    freshDownloads = after.notify ? Math.max(0, committed - after.toldDownloads) : 0;
    return freshDownloads === 0 ? after : { ...after, toldDownloads: committed };
  });
  return { record: kept, freshDownloads: kept === null ? 0 : freshDownloads };
}
