/** What earlier tries left on this machine's disk, as the page that opens a link sees it. */
import type { ErrorCode } from '../../protocol/errors.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import { parseLink } from '../../protocol/link.ts';
import { noteName, openNote } from '../download-note.ts';
import type { OpenTransfer } from '../receive/open-transfer.ts';
import { StagedFiles } from './staged-files.ts';

/** What says that a transfer has ended. */
export const OVER: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['transfer_expired', 'transfer_used_up', 'transfer_revoked', 'transfer_deleted']);

/** @returns bytes of files that are here already; 0 where there are none, or no place for them. Sweeps what is over. */
export function leftoverBytes({ link, status, info }: OpenTransfer): Promise<number> {
  return withStagedFiles(0, async (staged) => {
    await staged.sweep(Date.now());
    const entry = await staged.find(noteName(link));
    const note = entry?.note ? await openNote(entry.note, link) : null;
    if (note === null || note.contentBytes !== status.contentBytes) return 0;
    return Math.min(info.bytes, new TransferLayout(status.contentBytes, status.requiredShards).textBefore(note.segments));
  });
}

/** Of a transfer that has ended nothing is kept. @param address - a link that was whole. */
export function forgetLeftover(address: string): Promise<void> {
  return withStagedFiles(undefined, async (staged) => {
    const entry = await staged.find(noteName(parseLink(address)));
    if (entry !== undefined) await staged.remove(entry);
  });
}

async function withStagedFiles<T>(otherwise: T, work: (staged: StagedFiles) => Promise<T>): Promise<T> {
  try {
    const staged = await StagedFiles.open();
    try {
      return await work(staged);
    } finally {
      staged.close();
    }
  } catch {
    return otherwise; // a browser without such a place, or one that forbids it: nothing is there
  }
}
