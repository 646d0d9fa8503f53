/** What audits and visits came to in the last 24 epochs: a row an epoch, so that the oldest can go. */
import type { NetworkSummary } from '../../shared/protocol/node-status.ts';

export const TALLIED_EPOCHS = 24;

export type Tally = Omit<NetworkSummary['lastDay'], 'repairs'>;

export const DAY_TALLY_SCHEMA = `
CREATE TABLE IF NOT EXISTS tallies (
  epoch INTEGER PRIMARY KEY, proved INTEGER NOT NULL, wrong INTEGER NOT NULL, unanswered INTEGER NOT NULL,
  served INTEGER NOT NULL, refused INTEGER NOT NULL
) STRICT;
`;

type TallyRow = { proved: number; wrong: number; unanswered: number; served: number; refused: number };

export const NO_TALLY: Tally = { audits: { proved: 0, wrong: 0, unanswered: 0 }, visits: { served: 0, refused: 0 } };

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    audits: { proved: a.audits.proved + b.audits.proved, wrong: a.audits.wrong + b.audits.wrong, unanswered: a.audits.unanswered + b.audits.unanswered },
    visits: { served: a.visits.served + b.visits.served, refused: a.visits.refused + b.visits.refused },
  };
}

export class DayTally {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Inside a transaction: adds to an epoch, and lets those go that no sum counts any more. */
  add({ audits, visits }: Tally, epoch: number, presentEpoch: number): void {
    this.#sql.exec(
      `INSERT INTO tallies (epoch, proved, wrong, unanswered, served, refused) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (epoch) DO UPDATE SET proved = proved + excluded.proved, wrong = wrong + excluded.wrong,
         unanswered = unanswered + excluded.unanswered, served = served + excluded.served, refused = refused + excluded.refused`,
      epoch,
      audits.proved,
      audits.wrong,
      audits.unanswered,
      visits.served,
      visits.refused,
    );
    this.#sql.exec('DELETE FROM tallies WHERE epoch <= ?', presentEpoch - TALLIED_EPOCHS);
  }

  /** Of the present epoch and the 23 before it. */
  sum(presentEpoch: number): Tally {
    const row = this.#sql
      .exec<TallyRow>(
        `SELECT COALESCE(SUM(proved), 0) AS proved, COALESCE(SUM(wrong), 0) AS wrong, COALESCE(SUM(unanswered), 0) AS unanswered,
           COALESCE(SUM(served), 0) AS served, COALESCE(SUM(refused), 0) AS refused
         FROM tallies WHERE epoch > ? AND epoch <= ?`,
        presentEpoch - TALLIED_EPOCHS,
        presentEpoch,
      )
      .one();
    return { audits: { proved: row.proved, wrong: row.wrong, unanswered: row.unanswered }, visits: { served: row.served, refused: row.refused } };
  }
}
