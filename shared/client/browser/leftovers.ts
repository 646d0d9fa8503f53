/** What earlier tries left on this machine's disk, as the page that opens a link sees it. */
import type { ErrorCode } from '../../protocol/errors.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import { parseLink } from '../../protocol/link.ts';
import { noteName, openNote, type WholeFile } from '../download-note.ts';
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

/** A file that is here whole, and not known to have been handed over. */
export interface WholeLeftover extends WholeFile {
  readonly file: string;
  readonly claimId: string;
}

/** @param address - a link that was whole. @returns null where an earlier try left no such file. */
export function wholeLeftover(address: string): Promise<WholeLeftover | null> {
  return withStagedFiles(null, async (staged) => {
    const link = parseLink(address);
    const entry = await staged.find(noteName(link));
    const note = entry?.note ? await openNote(entry.note, link) : null;
    return entry === undefined || note === null || note.whole === null ? null : { ...note.whole, file: entry.file, claimId: note.claimId };
  });
}

/** The browser has it: from now on it only has time to save it. */
export function leftoverHandedOver(address: string, bytes: number): Promise<void> {
  return withStagedFiles(undefined, async (staged) => {
    const entry = await staged.find(noteName(parseLink(address)));
    if (entry !== undefined) await staged.handedOver(entry, bytes, Date.now());
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
