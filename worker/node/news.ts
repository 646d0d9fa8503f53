/**
 * What the transfers of a node are told of it. Most of what a node goes through changes nothing for them; what does is
 * counted in generations, and a list of those that are still to be told is written together with it: a crash repeats news
 * and never forgets them.
 */
import { LOST_AFTER_EPOCHS, standingOf, type Reputation, type Standing } from '../../shared/policy/index.ts';

export const NEWS_SCHEMA = `
CREATE TABLE IF NOT EXISTS news (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL, matter TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS untold (transferId TEXT PRIMARY KEY, generation INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS untoldByTries ON untold (tries);
`;

/** Transfers that are told at once. */
const TOLD_AT_ONCE = 32;

/** Replaces what the transfer knew of the node, unless that has a later generation: calls may cross. */
export interface SeatNews {
  readonly standing: Standing;
  /** Since when the node owes an audit: told once that is LOST_AFTER_EPOCHS ago, null before and when it has answered. */
  readonly owedSinceEpoch: number | null;
  /** Counts a node's news. */
  readonly generation: number;
}

/** What seats need to know. An owed audit makes a node lost at last; until then the directory says that it is away. */
type Matter = Omit<SeatNews, 'generation'>;
const matterFor = (record: Reputation): Matter => ({
  standing: standingOf(record),
  owedSinceEpoch: record.owedSinceEpoch !== null && record.epoch - record.owedSinceEpoch >= LOST_AFTER_EPOCHS ? record.owedSinceEpoch : null,
});

/** Standings that say more of a seat than that its node holds it. */
const MATTERING = new Set<Standing>(['quarantined', 'disqualified', 'leaving']);
const textOf = ({ standing, owedSinceEpoch }: Matter): string => `${MATTERING.has(standing) ? standing : 'held'} ${owedSinceEpoch ?? ''}`;

/** Writing methods expect to run inside their caller's transaction. */
export class News {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  get generation(): number {
    return this.#sql.exec<{ generation: number }>('SELECT generation FROM news').toArray()[0]?.generation ?? 0;
  }

  of(record: Reputation): SeatNews {
    return { ...matterFor(record), generation: this.generation };
  }

  /** Begins a new generation where the record says something else to seats than before: every transfer that holds shards here is to be told. */
  update(record: Reputation): void {
    const begun = this.#sql.exec<{ generation: number }>(
      `INSERT INTO news (one, generation, matter) VALUES (1, 0, ?)
       ON CONFLICT (one) DO UPDATE SET generation = generation + 1, matter = excluded.matter WHERE matter != excluded.matter RETURNING generation`,
      textOf(matterFor(record)),
    );
    for (const { generation } of begun.toArray()) this.#sql.exec('INSERT OR REPLACE INTO untold (transferId, generation) SELECT transferId, ? FROM holdings', generation);
  }

  /** Those that could not be told come after the others. */
  nextUntold(): string[] {
    const rows = this.#sql.exec<{ transferId: string }>('SELECT transferId FROM untold ORDER BY tries LIMIT ?', TOLD_AT_ONCE);
    return [...rows].map(({ transferId }) => transferId);
  }

  /** The transfer has had the news of this generation, or an earlier one. */
  told(transferId: string, generation: number): void {
    this.#sql.exec('DELETE FROM untold WHERE transferId = ? AND generation <= ?', transferId, generation);
  }

  failed(transferId: string): void {
    this.#sql.exec('UPDATE untold SET tries = tries + 1 WHERE transferId = ?', transferId);
  }

  isTold(): boolean {
    return this.#sql.exec('SELECT 1 FROM untold LIMIT 1').toArray().length === 0;
  }
}
