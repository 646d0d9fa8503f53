/** Every time that a transfer was to end at, and which of its nodes have yet to confirm the last one. docs/protocol.md §10, expiry. */
import { WORD_PAUSES, pauseMs } from './pauses.ts';
import type { Keeper } from './seats.ts';

const MAX_AT_ONCE = 24;

export const EXPIRIES_SCHEMA = `
CREATE TABLE expiries (change INTEGER PRIMARY KEY AUTOINCREMENT, expiresAtMs INTEGER NOT NULL) STRICT;
CREATE TABLE keepers (
  nodeId TEXT PRIMARY KEY, url TEXT NOT NULL, shardIndex INTEGER NOT NULL, keptUntilMs INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0, retryAtMs INTEGER
) STRICT, WITHOUT ROWID;
`;

/** A node that held, or was to hold, shards when the transfer's time last changed. */
export type KeeperRow = {
  /** b64. */
  nodeId: string;
  url: string;
  shardIndex: number;
  /** Until when it is known to keep what it holds. */
  keptUntilMs: number;
  failures: number;
  /** Null: it has confirmed the transfer's time. */
  retryAtMs: number | null;
};

/** Writing methods expect to run inside their caller's transaction. */
export class Expiries {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The times that orders have named, the latest change first. */
  named(): number[] {
    return this.#sql
      .exec<{ expiresAtMs: number }>('SELECT expiresAtMs FROM expiries ORDER BY change DESC')
      .toArray()
      .map(({ expiresAtMs }) => expiresAtMs);
  }

  name(expiresAtMs: number): void {
    this.#sql.exec('INSERT INTO expiries (expiresAtMs) VALUES (?)', expiresAtMs);
  }

  /** @param beforeMs - the transfer's time so far. Who has not confirmed it may have heard of it or not: the earlier of what it can keep to is counted on. */
  ask(keepers: readonly Pick<Keeper, 'nodeId' | 'url' | 'shardIndex'>[], beforeMs: number, nowMs: number): void {
    for (const { nodeId, url, shardIndex } of keepers)
      this.#sql.exec(
        `INSERT INTO keepers (nodeId, url, shardIndex, keptUntilMs, retryAtMs) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (nodeId) DO UPDATE SET url = excluded.url, shardIndex = excluded.shardIndex, failures = 0, retryAtMs = excluded.retryAtMs,
           keptUntilMs = min(keptUntilMs, excluded.keptUntilMs)`,
        nodeId,
        url,
        shardIndex,
        beforeMs,
        nowMs,
      );
  }

  due(nowMs: number): KeeperRow[] {
    return this.#sql.exec<KeeperRow>('SELECT * FROM keepers WHERE retryAtMs <= ? ORDER BY retryAtMs LIMIT ?', nowMs, MAX_AT_ONCE).toArray();
  }

  /** @param isLast - whether it confirmed the transfer's present time, and not one that was changed meanwhile. */
  confirmed(nodeId: string, keptUntilMs: number, isLast: boolean): void {
    this.#sql.exec('UPDATE keepers SET keptUntilMs = ?, failures = 0 WHERE nodeId = ?', keptUntilMs, nodeId);
    if (isLast) this.#sql.exec('UPDATE keepers SET retryAtMs = NULL WHERE nodeId = ?', nodeId);
  }

  failed({ nodeId, failures }: KeeperRow, nowMs: number): void {
    this.#sql.exec('UPDATE keepers SET failures = failures + 1, retryAtMs = ? WHERE nodeId = ? AND retryAtMs IS NOT NULL', nowMs + pauseMs(failures, WORD_PAUSES), nodeId);
  }

  /** Those whose known time is over, and that have not confirmed another. */
  late(nowMs: number): KeeperRow[] {
    return this.#sql.exec<KeeperRow>('SELECT * FROM keepers WHERE retryAtMs IS NOT NULL AND keptUntilMs <= ?', nowMs).toArray();
  }

  /** Until when a node is known to keep what it holds of a transfer that is to end then. */
  keptUntilMs(nodeId: string, expiresAtMs: number): number {
    const row = this.#sql.exec<{ keptUntilMs: number }>('SELECT keptUntilMs FROM keepers WHERE nodeId = ? AND retryAtMs IS NOT NULL', nodeId).toArray()[0];
    return Math.min(row?.keptUntilMs ?? expiresAtMs, expiresAtMs);
  }

  /** The node is to hold nothing any more, or nothing that it held before. */
  drop(nodeId: string): void {
    this.#sql.exec('DELETE FROM keepers WHERE nodeId = ?', nodeId);
  }
  dropAll(): void {
    this.#sql.exec('DELETE FROM keepers');
  }

  nextAtMs(): number | null {
    return this.#sql.exec<{ next: number | null }>('SELECT min(min(retryAtMs, keptUntilMs)) AS next FROM keepers WHERE retryAtMs IS NOT NULL').one().next;
  }
}
