/**
 * What a node has signed for, transfer by transfer: what it is audited for, what its inventories are compared with, and
 * whom its standing concerns. A transfer that has expired is held no more, by this object's clock as by the node's own.
 */
import type { Holding } from '../../shared/policy/index.ts';
import { ID_BYTES, decodeB64 } from '../../shared/protocol/bytes.ts';
import { bucketOf } from '../../shared/protocol/inventory.ts';

/** Consecutive segments whose shards the node has signed for; ascending within a transfer. */
export type HeldRun = Pick<Holding, 'firstSegment' | 'segmentCount' | 'shardBytes' | 'lastShardBytes'>;

/** All that a node has signed for of one transfer. */
export interface TransferHolding {
  /** b64. */
  readonly transferId: string;
  readonly shardIndex: number;
  /** At least one. */
  readonly runs: readonly HeldRun[];
  readonly expiresAtMs: number;
}

export const HOLDINGS_SCHEMA = `
CREATE TABLE IF NOT EXISTS holdings (
  transferId TEXT PRIMARY KEY, bucket INTEGER NOT NULL, shardIndex INTEGER NOT NULL, runs TEXT NOT NULL,
  shards INTEGER NOT NULL, bytes INTEGER NOT NULL, expiresAtMs INTEGER NOT NULL, heldAtMs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS holdingsByBucket ON holdings (bucket);
CREATE INDEX IF NOT EXISTS holdingsByExpiry ON holdings (expiresAtMs);
`;

export type HoldingRow = {
  /** b64. */
  transferId: string;
  shards: number;
  bytes: number;
  expiresAtMs: number;
  /** When the coordinator came to know of it as it is now. */
  heldAtMs: number;
};
const ROW = 'transferId, shards, bytes, expiresAtMs, heldAtMs';

export interface HoldingTotals {
  readonly transfers: number;
  readonly bytes: number;
  /** Null where nothing is held. */
  readonly lastExpiresAtMs: number | null;
}

/** Writing methods expect to run inside their caller's transaction. */
export class Holdings {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  hold({ transferId, shardIndex, runs, expiresAtMs }: TransferHolding, nowMs: number): void {
    const bytes = runs.reduce((sum, { segmentCount, shardBytes, lastShardBytes }) => sum + (segmentCount - 1) * shardBytes + lastShardBytes, 0);
    const shards = runs.reduce((sum, { segmentCount }) => sum + segmentCount, 0);
    this.#sql.exec(
      `INSERT INTO holdings (transferId, bucket, shardIndex, runs, shards, bytes, expiresAtMs, heldAtMs) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (transferId) DO UPDATE SET shardIndex = excluded.shardIndex, runs = excluded.runs, shards = excluded.shards, bytes = excluded.bytes,
         expiresAtMs = excluded.expiresAtMs,
         heldAtMs = CASE WHEN runs = excluded.runs AND shardIndex = excluded.shardIndex THEN heldAtMs ELSE excluded.heldAtMs END`,
      transferId,
      bucketOf(decodeB64(transferId, ID_BYTES)),
      shardIndex,
      JSON.stringify(runs),
      shards,
      bytes,
      expiresAtMs,
      nowMs,
    );
  }

  letGo(transferId: string): void {
    this.#sql.exec('DELETE FROM holdings WHERE transferId = ?', transferId);
  }

  forgetExpired(nowMs: number): void {
    this.#sql.exec('DELETE FROM holdings WHERE expiresAtMs <= ?', nowMs);
  }

  find(transferId: string): HoldingRow | undefined {
    return this.#sql.exec<HoldingRow>(`SELECT ${ROW} FROM holdings WHERE transferId = ?`, transferId).toArray()[0];
  }

  inBucket(bucket: number): HoldingRow[] {
    return this.#sql.exec<HoldingRow>(`SELECT ${ROW} FROM holdings WHERE bucket = ?`, bucket).toArray();
  }

  totals(): HoldingTotals {
    return this.#sql
      .exec<{ transfers: number; bytes: number; lastExpiresAtMs: number | null }>(
        'SELECT count(*) AS transfers, coalesce(sum(bytes), 0) AS bytes, max(expiresAtMs) AS lastExpiresAtMs FROM holdings',
      )
      .one();
  }

  /** What an audit draws from, in its order. @param expiresAfterMs - what expires before may be gone already, by a clock that is ahead. */
  inventory(expiresAfterMs: number): Holding[] {
    const rows = this.#sql.exec<{ transferId: string; shardIndex: number; runs: string }>(
      'SELECT transferId, shardIndex, runs FROM holdings WHERE expiresAtMs > ? ORDER BY transferId',
      expiresAfterMs,
    );
    return [...rows].flatMap(({ transferId, shardIndex, runs }) => (JSON.parse(runs) as HeldRun[]).map((run) => ({ transferId, shardIndex, ...run })));
  }

  /** The transfer that holds the byte at this part of all, so that each is met in proportion to its size; null where nothing is held. @param draw - in [0, 1). */
  drawByBytes(draw: number): string | null {
    let left = draw * this.totals().bytes;
    for (const { transferId, bytes } of this.#sql.exec<{ transferId: string; bytes: number }>('SELECT transferId, bytes FROM holdings')) {
      left -= bytes;
      if (left < 0) return transferId;
    }
    return null;
  }
}
