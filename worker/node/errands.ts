/**
 * What is to be told to other objects: written together with what it follows from, done by alarm, gone when it is done.
 * A crash repeats an errand and never forgets it, but for sums, which are said at most once.
 */
import type { Tally } from '../network/day-tally.ts';

export const ERRANDS_SCHEMA = `
CREATE TABLE IF NOT EXISTS errands (entry INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, errand TEXT NOT NULL) STRICT;
`;

/**
 * - `judge`: the directory learns how the node stands now.
 * - `tally`: it adds up what audits and visits showed.
 * - `visit`: a transfer sends a mystery shopper.
 */
export type Errand = { readonly to: 'judge' } | { readonly to: 'tally'; readonly tally: Tally; readonly epoch: number } | { readonly to: 'visit'; readonly transferId: string };

export interface NotedErrand {
  readonly entry: number;
  readonly errand: Errand;
}

const ERRANDS_AT_ONCE = 16;

/** Writing methods expect to run inside their caller's transaction. */
export class Errands {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** One judgement and one visit wait at a time: the latest. */
  note(errand: Errand): void {
    const name = errand.to === 'tally' ? `tally ${crypto.randomUUID()}` : errand.to;
    this.#sql.exec('INSERT OR REPLACE INTO errands (name, errand) VALUES (?, ?)', name, JSON.stringify(errand));
  }

  /** The oldest first. */
  next(): NotedErrand[] {
    const rows = this.#sql.exec<{ entry: number; errand: string }>('SELECT entry, errand FROM errands ORDER BY entry LIMIT ?', ERRANDS_AT_ONCE);
    return [...rows].map(({ entry, errand }) => ({ entry, errand: JSON.parse(errand) as Errand }));
  }

  /** One that was replaced meanwhile stays. */
  done(entry: number): void {
    this.#sql.exec('DELETE FROM errands WHERE entry = ?', entry);
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM errands LIMIT 1').toArray().length === 0;
  }
}
