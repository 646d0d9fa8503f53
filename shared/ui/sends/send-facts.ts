/** What is said of one sent transfer. */
import { isOver, type LastSeen, type LinkRecord, type SendRecord } from '../../client/sends/index.ts';
import { withLimit } from '../choices.ts';
import { formatMoment, formatUntil } from '../format.ts';
import { generalTexts } from '../messages/general.ts';
import { sendsTexts } from '../messages/sends.ts';
import { formatCount } from '../numbers.ts';
import { sayFrom } from '../say.ts';

const say = sayFrom(generalTexts, sendsTexts);

export type ShownState = 'uploading' | 'paused' | Exclude<LastSeen['state'], 'uploading'>;

/** Where the transfer stands: as the coordinator said last, or as the clock says meanwhile. */
export function stateOf({ upload, lastSeen, expiresAtMs }: SendRecord, nowMs: number): ShownState {
  if (lastSeen !== null && lastSeen.state !== 'uploading' && isOver(lastSeen.state)) return lastSeen.state;
  if (expiresAtMs <= nowMs) return 'expired';
  if (upload !== null) return upload.state === 'paused' ? 'paused' : 'uploading';
  // A note keeps nothing to resume: whether all of it was sent is the coordinator’s to say.
  return lastSeen?.state === 'uploading' ? 'uploading' : 'ready';
}

export const isLive = (state: ShownState): boolean => state === 'uploading' || state === 'paused' || state === 'ready';

/** A folder's first file is named by its last part. */
export const nameOf = ({ title }: Pick<SendRecord, 'title'>): string => title.slice(title.lastIndexOf('/') + 1);

export function downloadsText({ lastSeen }: SendRecord): string {
  const { limit, committed } = lastSeen?.downloads ?? { limit: null, committed: 0 };
  return limit === null ? say('sends.downloads.free', committed) : say('sends.downloads.of', committed, limit);
}

export const expiryText = ({ expiresAtMs }: SendRecord, nowMs: number): string => say('expiry.when', formatMoment(expiresAtMs), formatUntil(expiresAtMs, nowMs));

/** `unknown`: the coordinator has not said that it has this link. */
export type ShownLinkState = LastSeen['links'][number]['state'] | 'unknown';

export interface ShownLink {
  readonly state: ShownLinkState;
  /** Null: unlimited. */
  readonly limit: number | null;
  readonly committed: number;
}

/** Where one link stands. The first one came to be with its transfer. */
export function linkOf({ lastSeen, links }: SendRecord, linkId: string): ShownLink {
  const seen = lastSeen?.links.find((each) => each.linkId === linkId);
  if (seen !== undefined) return { state: seen.state, ...seen.downloads };
  return { state: lastSeen === null && links[0]?.linkId === linkId ? 'open' : 'unknown', limit: null, committed: 0 };
}

/** A label is its sender's own; the others are counted. */
export const linkNameOf = ({ links }: SendRecord, { linkId, label }: LinkRecord): string =>
  label === '' ? say('sends.link.number', links.findIndex((each) => each.linkId === linkId) + 1) : label;

/** What is copied where nobody says which: the first that opens. */
export const handyLink = (record: SendRecord): LinkRecord | undefined => record.links.find(({ linkId }) => linkOf(record, linkId).state === 'open');

export function linkText({ state, limit, committed }: ShownLink): string {
  if (state === 'unknown') return say('sends.link.unknown');
  const downloads = limit === null ? say('sends.downloads.free', committed) : say('sends.downloads.of', committed, limit);
  return say(`sends.link.${state}`, state === 'revoked' ? formatCount(committed) : downloads);
}

/** Not below what was downloaded: and what leaves no room would only close the link. */
export const limitsFor = ({ limit, committed }: ShownLink): readonly (number | null)[] => withLimit(limit).filter((each) => each === null || each > committed || each === limit);

/** @returns null where nothing is known, or nothing is kept any more. */
export function healthText({ lastSeen }: SendRecord): string | null {
  if (lastSeen === null || lastSeen.state !== 'ready') return null;
  const { survives, totalShards } = lastSeen;
  if (survives > 0) return say('sends.survives', survives, totalShards);
  return say(survives === 0 ? 'sends.survives.none' : 'sends.survives.lost');
}
