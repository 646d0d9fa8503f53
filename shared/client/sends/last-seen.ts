/** What a record keeps of the coordinator's last word on its transfer. */
import { SendError, type ErrorCode } from '../../protocol/errors.ts';
import type { LinkStatus, OwnerStatus } from '../../protocol/messages.ts';
import type { LastSeen, LinkRecord, SendRecord } from './send-record.ts';

const ENDED: Partial<Record<ErrorCode, LastSeen['state']>> = {
  transfer_expired: 'expired',
  transfer_used_up: 'used_up',
  transfer_revoked: 'revoked',
  transfer_unknown: 'unknown',
};

/** Whether nothing can become of the transfer any more. */
export const isOver = (state: LastSeen['state']): boolean => state !== 'uploading' && state !== 'ready';

/** The record after the coordinator said how the transfer stands. */
export function withStatus(record: SendRecord, { state, sender, links, survives, totalShards, expiresAtMs }: OwnerStatus, nowMs: number): SendRecord {
  return {
    ...record,
    expiresAtMs,
    // Of an upload that nothing was kept of, a note's, there is nothing to resume.
    upload: record.upload && (state === 'uploading' ? { state: sender === 'active' ? 'sending' : 'paused' } : null),
    links: answered(record.links, links),
    lastSeen: { atMs: nowMs, state, downloads: downloadsOf(links), links: links.map(seenLink), survives, totalShards },
  };
}

/** The record after the coordinator said how one of its links stands. */
export function withLinkStatus(before: SendRecord, status: LinkStatus): SendRecord {
  const record = { ...before, links: answered(before.links, [status]) };
  if (record.lastSeen === null) return record;
  const seen = seenLink(status);
  const { links } = record.lastSeen;
  const now = links.some(({ linkId }) => linkId === seen.linkId) ? links.map((each) => (each.linkId === seen.linkId ? seen : each)) : [...links, seen];
  return { ...record, lastSeen: { ...record.lastSeen, links: now, downloads: downloadsOf(now) } };
}

/** What was said of a link that the coordinator has need not be said again. */
function answered(links: readonly LinkRecord[], said: readonly LinkStatus[]): LinkRecord[] {
  const known = new Set(said.map(({ linkId }) => linkId));
  return links.map(({ unanswered, ...link }) => (unanswered === undefined || known.has(link.linkId) ? link : { ...link, unanswered }));
}

type SeenLink = LastSeen['links'][number];
const seenLink = ({ linkId, state, downloads: { limit, committed } }: LinkStatus): SeenLink => ({ linkId, state, downloads: { limit, committed } });

/** Of all links together. One that was revoked brings no more downloads than it has. */
function downloadsOf(links: readonly SeenLink[]): LastSeen['downloads'] {
  const committed = links.reduce((sum, link) => sum + link.downloads.committed, 0);
  const limits = links.map(({ state, downloads }) => (state === 'revoked' ? downloads.committed : downloads.limit));
  return { limit: limits.includes(null) ? null : limits.reduce<number>((sum, limit) => sum + (limit ?? 0), 0), committed };
}

/**
 * The record after the coordinator refused to say.
 *
 * @returns null where the refusal says nothing of the transfer: there is no connection, or the coordinator has trouble.
 */
export function withRefusal(record: SendRecord, thrown: unknown, nowMs: number): SendRecord | null {
  const state = thrown instanceof SendError ? ENDED[thrown.code] : undefined;
  if (state === undefined) return null;
  const before = record.lastSeen ?? { downloads: { limit: null, committed: 0 }, links: [], survives: 0, totalShards: 1 };
  const { limit, committed } = before.downloads;
  // The last downloads may have come since it was last seen.
  const downloads = { limit, committed: state === 'used_up' ? (limit ?? committed) : committed };
  return { ...record, upload: null, lastSeen: { ...before, atMs: nowMs, state, downloads } };
}
