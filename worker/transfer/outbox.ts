/**
 * Whom a transfer still has to tell what: each of its nodes' objects what the node is to hold, the watch how it stands.
 * A row says only that something changed; what is said is what holds when it is said, so that calls never go stale and
 * a receiver that was away hears of ten changes once.
 */
import { WORD_PAUSES, pauseMs } from './pauses.ts';

const MAX_AT_ONCE = 32;

/** The receiver that is no node. */
export const THE_WATCH = 'watch';

export const OUTBOX_SCHEMA = `
CREATE TABLE outbox (
  receiver TEXT PRIMARY KEY, changes INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, dueAtMs INTEGER
) STRICT, WITHOUT ROWID;
`;

export type OutboxRow = {
  /** b64 of a node, or THE_WATCH. Stays as long as the receiver believes that there is something of this transfer. */
  receiver: string;
  /** Counts what is to be told, so that a change during a call is not taken for told. */
  changes: number;
  failures: number;
  /** Null: told. */
  dueAtMs: number | null;
};

/** Writing methods expect to run inside their caller's transaction. */
export class Outbox {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  announce(receiver: string, nowMs: number): void {
    this.#sql.exec(
      `INSERT INTO outbox (receiver, dueAtMs) VALUES (?, ?)
       ON CONFLICT (receiver) DO UPDATE SET changes = changes + 1, failures = 0, dueAtMs = excluded.dueAtMs`,
      receiver,
      nowMs,
    );
  }
  /** Like `announce`, for a receiver that may have been told of the transfer; who never was needs no word. */
  recall(receiver: string, nowMs: number): void {
    this.#sql.exec('UPDATE outbox SET changes = changes + 1, failures = 0, dueAtMs = ? WHERE receiver = ?', nowMs, receiver);
  }
  recallAll(nowMs: number): void {
    this.#sql.exec('UPDATE outbox SET changes = changes + 1, failures = 0, dueAtMs = ?', nowMs);
  }

  due(nowMs: number): OutboxRow[] {
    return this.#sql.exec<OutboxRow>('SELECT * FROM outbox WHERE dueAtMs <= ? ORDER BY dueAtMs LIMIT ?', nowMs, MAX_AT_ONCE).toArray();
  }
  /** @param isOver - whether the receiver now knows nothing of the transfer. */
  told({ receiver, changes }: OutboxRow, isOver: boolean): void {
    if (isOver) this.#sql.exec('DELETE FROM outbox WHERE receiver = ? AND changes = ?', receiver, changes);
    else this.#sql.exec('UPDATE outbox SET dueAtMs = NULL, failures = 0 WHERE receiver = ? AND changes = ?', receiver, changes);
  }
  failed({ receiver, changes, failures }: OutboxRow, nowMs: number): void {
    const retryAtMs = nowMs + pauseMs(failures, WORD_PAUSES);
    this.#sql.exec('UPDATE outbox SET failures = failures + 1, dueAtMs = ? WHERE receiver = ? AND changes = ?', retryAtMs, receiver, changes);
  }
  nextAtMs(): number | null {
    return this.#sql.exec<{ next: number | null }>('SELECT min(dueAtMs) AS next FROM outbox').one().next;
  }
}
