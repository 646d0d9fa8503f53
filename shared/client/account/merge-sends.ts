/**
 * What two machines did to one record of a send, put together: against what both had before, so that what one side alone
 * changed is taken, and what both changed is lost on neither. docs/protocol.md §14, merging.
 */
import { isOver } from '../sends/last-seen.ts';
import { MAX_LABEL_CHARACTERS, type LinkRecord, type SendRecord } from '../sends/send-record.ts';

/** Between two labels that were given to one link at the same time. */
const BOTH = ' / ';

/** What of a record is for all of a person's machines: how far an upload is, and what was last seen of a live transfer, is each one's own. */
export const shareable = (record: SendRecord): SendRecord => ({ ...record, upload: null, lastSeen: record.lastSeen && isOver(record.lastSeen.state) ? record.lastSeen : null });

/** A record as this machine keeps it. @param mine - what it kept before; null for none. @param shared - as for all machines. */
export function keptHere(mine: SendRecord | null, shared: SendRecord): SendRecord {
  if (mine === null) return shared;
  return {
    ...shared,
    upload: shared.lastSeen === null ? mine.upload : null,
    lastSeen: shared.lastSeen ?? mine.lastSeen,
    toldDownloads: Math.max(mine.toldDownloads, shared.toldDownloads),
  };
}

/**
 * Both `mine` and `theirs` differ from `base`. Putting the outcome together with either of them again changes nothing.
 *
 * @param base - what both were made from; null where both began the record, or nobody knows.
 */
export function mergeSends(base: SendRecord | null, mine: SendRecord, theirs: SendRecord): SendRecord {
  const ids = [...new Set([...theirs.links, ...mine.links].map(({ linkId }) => linkId))];
  const linkOf = (record: SendRecord | null, id: string): LinkRecord | null => record?.links.find(({ linkId }) => linkId === id) ?? null;
  return {
    ...theirs,
    expiresAtMs: pick(base?.expiresAtMs, mine.expiresAtMs, theirs.expiresAtMs, Math.max),
    notify: pick(base?.notify, mine.notify, theirs.notify, (a, b) => a || b),
    toldDownloads: Math.max(mine.toldDownloads, theirs.toldDownloads),
    lastSeen: theirs.lastSeen ?? mine.lastSeen,
    links: ids.map((id) => mergeLinks(linkOf(base, id), linkOf(mine, id), linkOf(theirs, id))),
  };
}

function mergeLinks(base: LinkRecord | null, mine: LinkRecord | null, theirs: LinkRecord | null): LinkRecord {
  if (mine === null || theirs === null) return (mine ?? theirs)!;
  const label = pick(base?.label, mine.label, theirs.label, bothLabels);
  const { unanswered: _, ...link } = theirs;
  // An answer that one machine got is an answer.
  const unanswered = mine.unanswered && theirs.unanswered;
  return { ...link, label, ...(unanswered ? { unanswered } : {}) };
}

function pick<T>(base: T | undefined, mine: T, theirs: T, both: (mine: T, theirs: T) => T): T {
  if (mine === theirs || mine === base) return theirs;
  return theirs === base ? mine : both(mine, theirs);
}

/** In the same order on every machine. */
function bothLabels(mine: string, theirs: string): string {
  const parts = new Set([...mine.split(BOTH), ...theirs.split(BOTH)].filter((part) => part !== ''));
  return [...parts].toSorted().join(BOTH).slice(0, MAX_LABEL_CHARACTERS);
}
