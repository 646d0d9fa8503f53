/** A node's record, and what changed its standing: for its operator to read. */
import { newReputation, parseReputation, sentenceOfReason, type Judged, type Reputation, type Standing, type StandingReason } from '../../shared/policy/index.ts';
import type { NodeStatus } from '../../shared/protocol/node-status.ts';

export const REPUTATION_SCHEMA = `
CREATE TABLE IF NOT EXISTS reputation (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS history (
  entry INTEGER PRIMARY KEY AUTOINCREMENT, atMs INTEGER NOT NULL, fromStanding TEXT NOT NULL, toStanding TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
`;

/** The newest changes that are kept. */
const MAX_HISTORY = 100;

type HistoryRow = { atMs: number; fromStanding: string; toStanding: string; reason: string };

/** Writing methods expect to run inside their caller's transaction. */
export class ReputationStore {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  begin(epoch: number): void {
    this.#sql.exec('INSERT OR IGNORE INTO reputation (one, record) VALUES (1, ?)', JSON.stringify(newReputation(epoch)));
  }

  read(): Reputation {
    return parseReputation(JSON.parse(this.#sql.exec<{ record: string }>('SELECT record FROM reputation').one().record));
  }

  write({ record, change }: Judged, nowMs: number): void {
    this.#sql.exec('UPDATE reputation SET record = ?', JSON.stringify(record));
    if (change === null) return;
    this.#sql.exec('INSERT INTO history (atMs, fromStanding, toStanding, reason) VALUES (?, ?, ?, ?)', nowMs, change.from, change.to, JSON.stringify(change.reason));
    this.#sql.exec('DELETE FROM history WHERE entry <= (SELECT max(entry) FROM history) - ?', MAX_HISTORY);
  }

  /** The newest first. */
  history(): NodeStatus['history'] {
    const rows = this.#sql.exec<HistoryRow>('SELECT atMs, fromStanding, toStanding, reason FROM history ORDER BY entry DESC');
    return [...rows].map(({ atMs, fromStanding, toStanding, reason: json }) => {
      const reason = JSON.parse(json) as StandingReason;
      return { atMs, from: fromStanding as Standing, to: toStanding as Standing, reason, sentence: sentenceOfReason(reason) };
    });
  }
}
