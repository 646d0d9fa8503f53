/**
 * What the transfers of a node are told of it. Most of what a node goes through changes nothing for them; what does is
 * counted in generations, and each holding remembers which one its transfer has had: a crash repeats news and never
 * forgets them.
 */
import { LOST_AFTER_EPOCHS, standingOf, type Reputation, type Standing } from '../../shared/policy/index.ts';

export const NEWS_SCHEMA = `
CREATE TABLE IF NOT EXISTS news (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL, matter TEXT NOT NULL) STRICT;
`;

/** Transfers that are told at once. */
export const TOLD_AT_ONCE = 32;

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

  /** Begins a new generation where the record says something else to seats than before. */
  update(record: Reputation): void {
    this.#sql.exec(
      `INSERT INTO news (one, generation, matter) VALUES (1, 0, ?)
       ON CONFLICT (one) DO UPDATE SET generation = generation + 1, matter = excluded.matter WHERE matter != excluded.matter`,
      textOf(matterFor(record)),
    );
  }
}
