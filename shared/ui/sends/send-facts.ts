/** What is said of one sent transfer. */
import { isOver, type LastSeen, type LinkRecord, type SendRecord } from '../../client/sends/index.ts';
import { formatMoment, formatUntil } from '../format.ts';
import { say } from '../messages.ts';

export type ShownState = 'uploading' | 'paused' | Exclude<LastSeen['state'], 'uploading'>;

/** Where the transfer stands: as the coordinator said last, or as the clock says meanwhile. */
export function stateOf({ upload, lastSeen, expiresAtMs }: SendRecord, nowMs: number): ShownState {
  if (lastSeen !== null && lastSeen.state !== 'uploading' && isOver(lastSeen.state)) return lastSeen.state;
  if (expiresAtMs <= nowMs) return 'expired';
  if (upload !== null) return upload.state === 'paused' ? 'paused' : 'uploading';
  return 'ready';
}

export const isLive = (state: ShownState): boolean => state === 'uploading' || state === 'paused' || state === 'ready';

/** A folder's first file is named by its last part. */
export const nameOf = ({ title }: Pick<SendRecord, 'title'>): string => title.slice(title.lastIndexOf('/') + 1);

export function downloadsText({ lastSeen }: SendRecord): string {
  const { limit, committed } = lastSeen?.downloads ?? { limit: null, committed: 0 };
  return limit === null ? say('sends.downloads.free', committed) : say('sends.downloads.of', committed, limit);
}

export const expiryText = ({ expiresAtMs }: SendRecord, nowMs: number): string => say('expiry.when', formatMoment(expiresAtMs), formatUntil(expiresAtMs, nowMs));

/** What is said of one of several links: what was made of it, and whom it opens for. */
export function linkHint({ lastSeen, links }: SendRecord, { linkId, password }: LinkRecord): string {
  const seen = lastSeen?.links.find((each) => each.linkId === linkId);
  const hint = say(password ? 'sends.link.password' : 'sends.link.hint');
  if (seen === undefined || links.length === 1) return hint;
  const { limit, committed } = seen.downloads;
  const downloads = limit === null ? say('sends.downloads.free', committed) : say('sends.downloads.of', committed, limit);
  return seen.state === 'open' ? say('sends.link.open', downloads, hint) : say(`sends.link.${seen.state}`);
}

/** @returns null where nothing is known, or nothing is kept any more. */
export function healthText({ lastSeen }: SendRecord): string | null {
  if (lastSeen === null || lastSeen.state !== 'ready') return null;
  const { survives, totalShards } = lastSeen;
  if (survives > 0) return say('sends.survives', survives, totalShards);
  return say(survives === 0 ? 'sends.survives.none' : 'sends.survives.lost');
}
