/** Nodes that have been, or are to be, told to delete a transfer, and what they signed. docs/protocol.md §9, §10. */
import type { Deletion } from '../../shared/protocol/messages.ts';
import { WORD_PAUSES, pauseMs } from './pauses.ts';

const MAX_AT_ONCE = 24;

export const DELETIONS_SCHEMA = `
CREATE TABLE deletions (
  nodeId TEXT PRIMARY KEY, url TEXT NOT NULL, shardIndex INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0, retryAtMs INTEGER NOT NULL, statement TEXT
) STRICT, WITHOUT ROWID;
`;

export type DeletionRow = {
  nodeId: string;
  url: string;
  shardIndex: number;
  failures: number;
  retryAtMs: number;
  /** The node's signed statement as JSON, verified; null until it has answered. */
  statement: string | null;
};

/** Writing methods expect to run inside their caller's transaction. */
export class Deletions {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  add({ nodeId, url, shardIndex }: Pick<DeletionRow, 'nodeId' | 'url' | 'shardIndex'>, nowMs: number): void {
    this.#sql.exec('INSERT OR IGNORE INTO deletions (nodeId, url, shardIndex, retryAtMs) VALUES (?, ?, ?, ?)', nodeId, url, shardIndex, nowMs);
  }
  nodeIds(): string[] {
    return this.#sql
      .exec<{ nodeId: string }>('SELECT nodeId FROM deletions')
      .toArray()
      .map(({ nodeId }) => nodeId);
  }
  due(nowMs: number): DeletionRow[] {
    return this.#sql.exec<DeletionRow>('SELECT * FROM deletions WHERE statement IS NULL AND retryAtMs <= ? ORDER BY retryAtMs LIMIT ?', nowMs, MAX_AT_ONCE).toArray();
  }
  answered(nodeId: string, deletion: Deletion): void {
    this.#sql.exec('UPDATE deletions SET statement = ? WHERE nodeId = ?', JSON.stringify(deletion), nodeId);
  }
  failed({ nodeId, failures }: DeletionRow, nowMs: number): void {
    this.#sql.exec('UPDATE deletions SET failures = failures + 1, retryAtMs = ? WHERE nodeId = ?', nowMs + pauseMs(failures, WORD_PAUSES), nodeId);
  }
  nextAtMs(): number | null {
    return this.#sql.exec<{ next: number | null }>('SELECT min(retryAtMs) AS next FROM deletions WHERE statement IS NULL').one().next;
  }
}
