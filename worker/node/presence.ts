/**
 * How much of the time a node was heard, of the time in which the coordinator was there to hear it. Looks and heartbeats
 * come closely spaced while the coordinator runs: a long gap between them is its own absence, and counts for nobody.
 */
export const PRESENCE_SCHEMA = `
CREATE TABLE IF NOT EXISTS presence (
  one INTEGER PRIMARY KEY CHECK (one = 1), countedToMs INTEGER NOT NULL, watchedMs INTEGER NOT NULL, heardMs INTEGER NOT NULL, closedEpoch INTEGER NOT NULL
) STRICT;
`;

/** Looks that may be missing before the coordinator counts as absent. */
const MISSED_LOOKS = 2;
/** Part of an epoch that must have been watched for it to count as measured. */
const WATCHED_PART = 1 / 2;

export type Presence = {
  /** Up to when it is counted. */
  countedToMs: number;
  /** Since the last epoch was closed: counted, and of that with the node there. */
  watchedMs: number;
  heardMs: number;
  /** The last epoch that was closed, measured or not. */
  closedEpoch: number;
};

export interface PresenceTerms {
  /** How long a heartbeat counts. */
  readonly onlineForMs: number;
  readonly lookMs: number;
}

/** @param lastSeenMs - the last heartbeat before `nowMs`. */
export function countPresence(presence: Presence, lastSeenMs: number, nowMs: number, { onlineForMs, lookMs }: PresenceTerms): Presence {
  const gapMs = nowMs - presence.countedToMs;
  if (gapMs <= 0) return presence;
  if (gapMs > MISSED_LOOKS * lookMs) return { ...presence, countedToMs: nowMs };
  const heardMs = Math.min(gapMs, Math.max(0, lastSeenMs + onlineForMs - presence.countedToMs));
  return { ...presence, countedToMs: nowMs, watchedMs: presence.watchedMs + gapMs, heardMs: presence.heardMs + heardMs };
}

/** @returns the part in which the node was there, 0 to 1; null where too little of the epoch was watched. */
export const heardShareOf = ({ watchedMs, heardMs }: Presence, epochMs: number): number | null => (watchedMs < epochMs * WATCHED_PART ? null : heardMs / watchedMs);

/** Writing methods expect to run inside their caller's transaction. */
export class PresenceRow {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  begin(nowMs: number, epoch: number): void {
    this.#sql.exec('INSERT OR IGNORE INTO presence (one, countedToMs, watchedMs, heardMs, closedEpoch) VALUES (1, ?, 0, 0, ?)', nowMs, epoch);
  }

  read(): Presence {
    return this.#sql.exec<Presence>('SELECT countedToMs, watchedMs, heardMs, closedEpoch FROM presence').one();
  }

  write({ countedToMs, watchedMs, heardMs, closedEpoch }: Presence): void {
    this.#sql.exec('UPDATE presence SET countedToMs = ?, watchedMs = ?, heardMs = ?, closedEpoch = ?', countedToMs, watchedMs, heardMs, closedEpoch);
  }

  /** What was counted belongs to the closed epoch. */
  close(epoch: number): void {
    this.#sql.exec('UPDATE presence SET watchedMs = 0, heardMs = 0, closedEpoch = ?', epoch);
  }
}
