/** Who holds which shard index of a transfer, and how it went with them. docs/protocol.md §4: the shard index names both. */
import type { DirectoryNode } from '../../shared/policy/directory-node.ts';

/** Shortest and longest pause before something is asked of a node again after it failed. */
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 30 * 60_000;

export const SEATS_SCHEMA = `
CREATE TABLE seats (
  shardIndex INTEGER PRIMARY KEY, nodeId TEXT NOT NULL, url TEXT NOT NULL, operator TEXT NOT NULL, network TEXT NOT NULL,
  shards INTEGER NOT NULL DEFAULT 0,
  targetFailures INTEGER NOT NULL DEFAULT 0, targetFromMs INTEGER NOT NULL DEFAULT 0,
  rebuilderFailures INTEGER NOT NULL DEFAULT 0, rebuilderFromMs INTEGER NOT NULL DEFAULT 0
) STRICT;
`;

export type SeatRow = {
  shardIndex: number;
  /** b64. */
  nodeId: string;
  /** Where the node was when the seat was given; the directory may know better. */
  url: string;
  operator: string;
  network: string;
  /** Receipts that are in from this node. */
  shards: number;
  /** How often in a row it failed to take a rebuilt shard, and when it may be asked again. */
  targetFailures: number;
  targetFromMs: number;
  /** The same for rebuilding. */
  rebuilderFailures: number;
  rebuilderFromMs: number;
};

export type SeatDuty = 'target' | 'rebuilder';

export const pauseMs = (failures: number, firstMs = FIRST_PAUSE_MS, longestMs = LONGEST_PAUSE_MS): number => Math.min(longestMs, firstMs * 2 ** Math.min(failures, 20));

/** Writing methods expect to run inside their caller's transaction. */
export class Seats {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  all(): SeatRow[] {
    return this.#sql.exec<SeatRow>('SELECT * FROM seats ORDER BY shardIndex').toArray();
  }

  /** Gives a seat to a node; whoever had it has it no more. */
  give(shardIndex: number, { nodeId, url, operator, network }: DirectoryNode): void {
    this.#sql.exec('INSERT OR REPLACE INTO seats (shardIndex, nodeId, url, operator, network) VALUES (?, ?, ?, ?, ?)', shardIndex, nodeId, url, operator, network);
  }

  countShards(shardIndex: number, added: number): void {
    this.#sql.exec('UPDATE seats SET shards = shards + ?, targetFailures = 0, targetFromMs = 0 WHERE shardIndex = ?', added, shardIndex);
  }

  /** A segment was sealed again: its old shards count no more. */
  discountShards(shardIndex: number, removed: number): void {
    this.#sql.exec('UPDATE seats SET shards = shards - ? WHERE shardIndex = ?', removed, shardIndex);
  }

  fail({ shardIndex, targetFailures, rebuilderFailures }: SeatRow, duty: SeatDuty, nowMs: number): void {
    if (duty === 'target')
      this.#sql.exec('UPDATE seats SET targetFailures = targetFailures + 1, targetFromMs = ? WHERE shardIndex = ?', nowMs + pauseMs(targetFailures), shardIndex);
    else this.#sql.exec('UPDATE seats SET rebuilderFailures = rebuilderFailures + 1, rebuilderFromMs = ? WHERE shardIndex = ?', nowMs + pauseMs(rebuilderFailures), shardIndex);
  }

  succeedAsRebuilder(shardIndex: number): void {
    this.#sql.exec('UPDATE seats SET rebuilderFailures = 0, rebuilderFromMs = 0 WHERE shardIndex = ?', shardIndex);
  }
}

/** What was met at a seat that no pause cures soon: its node is to be replaced where it holds nothing. */
export const HOPELESS_FAILURES = 3;
