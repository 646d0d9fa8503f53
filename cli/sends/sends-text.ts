/** The list of what was sent, as lines of a terminal. */
import { isOver, type LastSeen, type LinkRecord, type SendRecord } from '../../shared/client/sends/index.ts';
import { safePath } from '../../shared/client/safe-path.ts';
import { formatBytes } from '../progress-line.ts';

/** As in the list: where a transfer stands, by the coordinator's last word or by the clock. */
export type ShownState = 'uploading' | 'ready' | 'expired' | 'used_up' | 'revoked' | 'unknown';

export function stateOf({ upload, lastSeen, expiresAtMs }: SendRecord, nowMs: number): ShownState {
  if (lastSeen !== null && isOver(lastSeen.state)) return lastSeen.state;
  if (expiresAtMs <= nowMs) return 'expired';
  // A note keeps nothing to resume: whether all of it was sent is the coordinator’s to say.
  return upload === null && lastSeen?.state !== 'uploading' ? 'ready' : 'uploading';
}

const STATES: Record<ShownState, string> = { uploading: 'not finished', ready: 'ready', expired: 'expired', used_up: 'used up', revoked: 'withdrawn', unknown: 'gone' };

export function sendLines(record: SendRecord, nowMs: number): string {
  const { transferId, title, fileCount, bytes, expiresAtMs, lastSeen, links } = record;
  const state = stateOf(record, nowMs);
  const more = fileCount > 1 ? ` and ${fileCount - 1} more` : '';
  const downloads = downloadsText(lastSeen?.downloads ?? { limit: null, committed: 0 });
  const isLive = state === 'ready' || state === 'uploading';
  const life = isLive ? [`until ${new Date(expiresAtMs).toLocaleString()}`] : [];
  const health = state === 'ready' && lastSeen !== null ? [`survives ${Math.max(0, lastSeen.survives)} more losses`] : [];
  const facts = [STATES[state], downloads, formatBytes(bytes), ...life, ...health].join(', ');
  return [`${transferId}  ${safePath(title)}${more}`, `  ${facts}`, ...(isLive ? links.map((link) => linkLine(record, link)) : [])].join('\n');
}

/** What the coordinator said of one link; null where it did not name it. */
const seenOf = ({ lastSeen }: SendRecord, { linkId }: LinkRecord) => lastSeen?.links.find((seen) => seen.linkId === linkId) ?? null;

/** What has come to its end is said, and how far each of several is. */
function linkLine(record: SendRecord, link: LinkRecord): string {
  const label = link.label === '' ? [] : [safePath(link.label)];
  const seen = seenOf(record, link);
  const state = seen === null ? (record.lastSeen === null ? [] : ['not confirmed']) : seen.state === 'open' ? [] : [STATES[seen.state]];
  const downloads = seen === null || record.links.length === 1 ? [] : [downloadsText(seen.downloads)];
  return [`  ${link.link}`, ...label, ...[[...state, ...downloads].join(', ')].filter((text) => text !== '')].join('  ');
}

const downloadsText = ({ limit, committed }: LastSeen['downloads']): string =>
  `${committed}${limit === null ? '' : ` of ${limit}`} ${committed === 1 && limit === null ? 'download' : 'downloads'}`;

/** What programs are told of a send; tokens and content secret stay in the store. */
export function sendJson(record: SendRecord, nowMs: number) {
  const { transferId, coordinator, title, fileCount, bytes, createdAtMs, expiresAtMs, lastSeen, links } = record;
  const shownLinks = links.map((link) => {
    const { state = null, downloads: of = null } = seenOf(record, link) ?? {};
    const { linkId, link: text, label, password } = link;
    return { linkId, link: text, label, password, state, downloads: of };
  });
  const { downloads = null, survives = null, totalShards = null, atMs: seenAtMs = null } = lastSeen ?? {};
  return {
    transferId,
    coordinator,
    state: stateOf(record, nowMs),
    title,
    fileCount,
    bytes,
    createdAtMs,
    expiresAtMs,
    downloads,
    survives,
    totalShards,
    seenAtMs,
    links: shownLinks,
  };
}
