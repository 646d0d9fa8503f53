/**
 * What the node holds and what it has sworn, in SQLite beside the shards. The disk is the truth about shards and their
 * times; serials, tombstones and commitments stand here alone.
 *
 * Rows reach the operating system at once, so that a killed process loses none. `sync` makes them survive a power cut
 * too: it flushes the write-ahead log on the thread pool, which SQLite itself could do only on the main thread.
 */
import { open, type FileHandle } from 'node:fs/promises';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ID_BYTES, asShardId, asTransferId, equalBytes, type ShardId, type ShardStatement, type TransferId } from '../../shared/protocol/index.ts';
import { SharedSync, syncDirectory } from './durable-files.ts';
import { indexFileIn, openIndexDatabase } from './index-database.ts';
import { FILE_BLOCK_BYTES, SHARD_HEADER_BYTES, type ShardHeader } from './shard-header.ts';

export interface ShardRow extends ShardHeader {
  /** A receipt covers it: it is never replaced. */
  readonly committed: boolean;
  /** When the youngest store order was given that brought it or found it here; 0 for one that was read from the disk: older orders are refused then. */
  readonly orderedAtMs: number;
}

export interface Tombstone {
  readonly deletedAtMs: number;
  readonly shards: number;
  readonly bytes: number;
}

/** A changed time, like a tombstone, outlives what it is for: orders may be on their way, and clocks differ. */
export const TERM_MARGIN_MS = 24 * 3600_000;

/** Until when a transfer's shards are kept since that was changed. */
export interface Term {
  readonly expiresAtMs: number;
  /** When the coordinator gave the order, by its clock. */
  readonly orderedAtMs: number;
}

export interface ShardTotals {
  readonly shards: number;
  readonly bytes: number;
}

export interface DiskTotals extends ShardTotals {
  /** What the shards' files take on the disk. */
  readonly fileBytes: number;
}

/** `fileBytesOf`, summed by the database. */
const DISK_TOTALS = `COUNT(*) AS shards, COALESCE(SUM(shard_bytes), 0) AS bytes,
  COALESCE(SUM((shard_bytes + ${SHARD_HEADER_BYTES + FILE_BLOCK_BYTES - 1}) / ${FILE_BLOCK_BYTES}), 0) * ${FILE_BLOCK_BYTES} AS file_bytes`;

export class ShardIndex {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #log: FileHandle;
  readonly #sync: SharedSync;

  private constructor(db: DatabaseSync, log: FileHandle) {
    this.#db = db;
    this.#log = log;
    this.#sync = new SharedSync(() => this.#log.datasync());
  }

  /**
   * Opens the index, or makes an empty one in place of one that is lost or damaged.
   *
   * @returns `fresh` when it was made now, or a process was killed before `markComplete`: shards on the disk may be missing.
   * @throws ConfigError when another process has it open.
   */
  static async open(directory: string): Promise<{ index: ShardIndex; fresh: boolean }> {
    const { db, fresh } = await openIndexDatabase(directory);
    const log = await open(`${indexFileIn(directory)}-wal`, 'r+');
    await syncDirectory(directory);
    return { index: new ShardIndex(db, log), fresh };
  }

  /** All that was written before this call survives a power cut. */
  sync(): Promise<void> {
    return this.#sync.request();
  }

  async close(): Promise<void> {
    await this.sync();
    await this.#log.close();
    this.#db.close();
  }

  get(transferId: TransferId, segment: number): ShardRow | null {
    return readRow(this.#prepare('SELECT * FROM shards WHERE transfer = ? AND segment = ?').get(transferId, segment));
  }

  /** The first shard of one index at or after `from`, up to `to`. */
  firstFrom(transferId: TransferId, shardIndex: number, from: number, to: number): ShardRow | null {
    const sql = 'SELECT * FROM shards WHERE transfer = ? AND segment BETWEEN ? AND ? AND shard_index = ? ORDER BY segment LIMIT 1';
    return readRow(this.#prepare(sql).get(transferId, from, to, shardIndex));
  }

  totalsBetween(transferId: TransferId, shardIndex: number, from: number, to: number): ShardTotals {
    const sql = 'SELECT COUNT(*) AS shards, COALESCE(SUM(shard_bytes), 0) AS bytes FROM shards WHERE transfer = ? AND segment BETWEEN ? AND ? AND shard_index = ?';
    return readTotals(this.#prepare(sql).get(transferId, from, to, shardIndex));
  }

  totalsOf(transferId: TransferId): DiskTotals {
    return readDiskTotals(this.#prepare(`SELECT ${DISK_TOTALS} FROM shards WHERE transfer = ?`).get(transferId));
  }

  /** Of the whole node. */
  totals(): DiskTotals {
    return readDiskTotals(this.#prepare(`SELECT ${DISK_TOTALS} FROM shards`).get());
  }

  put(row: ShardRow): void {
    this.#prepare('INSERT OR REPLACE INTO shards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      row.transferId,
      row.segment,
      row.shardIndex,
      row.shardBytes,
      row.root,
      row.expiresAtMs,
      row.storedAtMs,
      row.committed ? 1 : 0,
      row.orderedAtMs,
    );
  }

  /** A shard that is here was ordered again, for the same time. */
  orderAgain(transferId: TransferId, segment: number, orderedAtMs: number): void {
    this.#prepare('UPDATE shards SET ordered_at_ms = ? WHERE transfer = ? AND segment = ? AND ordered_at_ms < ?').run(orderedAtMs, transferId, segment, orderedAtMs);
  }

  /** Of the transfer's shards, when the one was ordered that was ordered last; 0 where none is here. */
  lastOrderedAtMs(transferId: TransferId): number {
    return this.#prepare('SELECT COALESCE(MAX(ordered_at_ms), 0) AS at FROM shards WHERE transfer = ?').get(transferId)!['at'] as number;
  }

  remove(transferId: TransferId, segment: number): void {
    this.#prepare('DELETE FROM shards WHERE transfer = ? AND segment = ?').run(transferId, segment);
  }

  segmentsOf(transferId: TransferId): ShardRow[] {
    return this.#prepare('SELECT * FROM shards WHERE transfer = ? ORDER BY segment')
      .all(transferId)
      .map((row) => readRow(row)!);
  }

  /** The next transfer in the index after `after`, or null: to walk all of them without holding them. */
  transferAfter(after: Uint8Array): TransferId | null {
    const row = this.#prepare('SELECT transfer FROM shards WHERE transfer > ? ORDER BY transfer LIMIT 1').get(after);
    return row === undefined ? null : asTransferId(row['transfer'] as Uint8Array);
  }

  /**
   * The transfers of one bucket of the inventory (docs/protocol.md §10) with shards that are kept beyond `timeMs`,
   * ascending, and how many shards of each.
   */
  heldIn(bucket: number, timeMs: number): { transferId: TransferId; shards: number }[] {
    const [first, last] = [new Uint8Array(ID_BYTES), new Uint8Array(ID_BYTES).fill(0xff)];
    first[0] = bucket << 4;
    last[0] = (bucket << 4) | 0x0f;
    const sql = 'SELECT transfer, COUNT(*) AS shards FROM shards WHERE transfer BETWEEN ? AND ? AND expires_at_ms > ? GROUP BY transfer ORDER BY transfer';
    return this.#prepare(sql)
      .all(first, last, timeMs)
      .map((row) => ({ transferId: asTransferId(row['transfer'] as Uint8Array), shards: row['shards'] as number }));
  }

  /** Marks those of the shards that are held under these very roots, and returns them. */
  commit(transferId: TransferId, shards: readonly ShardStatement[]): ShardStatement[] {
    const sql = 'UPDATE shards SET committed = 1 WHERE transfer = ? AND segment = ? AND root = ?';
    return this.#inTransaction(() => shards.filter(({ segment, root }) => this.#prepare(sql).run(transferId, segment, root).changes === 1));
  }

  nextExpiryMs(): number | null {
    return this.#prepare('SELECT MIN(expires_at_ms) AS at FROM shards').get()!['at'] as number | null;
  }

  expiredBefore(timeMs: number, limit: number): ShardRow[] {
    return this.#prepare('SELECT * FROM shards WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?')
      .all(timeMs, limit)
      .map((row) => readRow(row)!);
  }

  /** @returns false when the serial was used before. */
  useSerial(serial: Uint8Array, keptUntilMs: number): boolean {
    return this.#prepare('INSERT OR IGNORE INTO serials VALUES (?, ?)').run(serial, keptUntilMs).changes === 1;
  }

  tombstone(transferId: TransferId): Tombstone | null {
    const row = this.#prepare('SELECT deleted_at_ms, shards, bytes FROM tombstones WHERE transfer = ?').get(transferId);
    return row === undefined ? null : { deletedAtMs: row['deleted_at_ms'] as number, shards: row['shards'] as number, bytes: row['bytes'] as number };
  }

  /** Forgets the transfer's shards and remembers that they were deleted, both or neither. */
  bury(transferId: TransferId, tombstone: Tombstone, keptUntilMs: number): void {
    this.#inTransaction(() => {
      this.#prepare('DELETE FROM shards WHERE transfer = ?').run(transferId);
      this.#prepare('DELETE FROM terms WHERE transfer = ?').run(transferId);
      this.#prepare('INSERT INTO tombstones VALUES (?, ?, ?, ?, ?)').run(transferId, tombstone.deletedAtMs, tombstone.shards, tombstone.bytes, keptUntilMs);
    });
  }

  term(transferId: TransferId): Term | null {
    const row = this.#prepare('SELECT expires_at_ms, ordered_at_ms FROM terms WHERE transfer = ?').get(transferId);
    return row === undefined ? null : { expiresAtMs: row['expires_at_ms'] as number, orderedAtMs: row['ordered_at_ms'] as number };
  }

  /**
   * Gives a transfer's shards another time, and remembers it for those to come, both or neither.
   *
   * @param nowMs - a shard whose time is over by then keeps it.
   */
  setTerm(transferId: TransferId, term: Term, nowMs: number): void {
    this.#inTransaction(() => {
      this.rememberTerm(transferId, term);
      this.#prepare('UPDATE shards SET expires_at_ms = ? WHERE transfer = ? AND expires_at_ms > ?').run(term.expiresAtMs, transferId, nowMs);
    });
  }

  /** For shards to come. */
  rememberTerm(transferId: TransferId, { expiresAtMs, orderedAtMs }: Term): void {
    this.#prepare('INSERT OR REPLACE INTO terms VALUES (?, ?, ?, ?)').run(transferId, expiresAtMs, orderedAtMs, expiresAtMs + TERM_MARGIN_MS);
  }

  /** How many shards of a transfer are kept beyond `timeMs`. */
  countAfter(transferId: TransferId, timeMs: number): number {
    return this.#prepare('SELECT COUNT(*) AS shards FROM shards WHERE transfer = ? AND expires_at_ms > ?').get(transferId, timeMs)!['shards'] as number;
  }

  /** Drops serials, terms and tombstones that no order can concern any more. */
  forgetBefore(timeMs: number): void {
    this.#prepare('DELETE FROM serials WHERE kept_until_ms < ?').run(timeMs);
    this.#prepare('DELETE FROM terms WHERE kept_until_ms < ?').run(timeMs);
    this.#prepare('DELETE FROM tombstones WHERE kept_until_ms < ?').run(timeMs);
  }

  /** Orders from before this time are refused: their serials were lost with an older index. */
  get ordersFromMs(): number {
    return this.#prepare('SELECT orders_from_ms FROM state').get()!['orders_from_ms'] as number;
  }

  set ordersFromMs(timeMs: number) {
    this.#prepare('UPDATE state SET orders_from_ms = ?').run(timeMs);
  }

  /** Every shard on the disk is in the index: from now on one without a row was never promised. */
  markComplete(): void {
    this.#prepare('UPDATE state SET complete = 1').run();
  }

  #inTransaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (thrown) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw thrown;
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function readRow(row: Record<string, unknown> | undefined): ShardRow | null {
  if (row === undefined) return null;
  return {
    transferId: asTransferId(row['transfer'] as Uint8Array),
    segment: row['segment'] as number,
    shardIndex: row['shard_index'] as number,
    shardBytes: row['shard_bytes'] as number,
    root: asShardId(row['root'] as Uint8Array) satisfies ShardId,
    expiresAtMs: row['expires_at_ms'] as number,
    storedAtMs: row['stored_at_ms'] as number,
    committed: row['committed'] === 1,
    orderedAtMs: row['ordered_at_ms'] as number,
  };
}

const readDiskTotals = (row: Record<string, unknown> | undefined): DiskTotals => ({ ...readTotals(row), fileBytes: row!['file_bytes'] as number });

function readTotals(row: Record<string, unknown> | undefined): ShardTotals {
  return { shards: row!['shards'] as number, bytes: row!['bytes'] as number };
}

/** Whether both name the same bytes of the same seat. Until when they are kept may differ: then the index is right. */
export const agrees = (row: ShardRow, header: Pick<ShardHeader, 'root' | 'shardBytes' | 'shardIndex'>): boolean =>
  equalBytes(row.root, header.root) && row.shardBytes === header.shardBytes && row.shardIndex === header.shardIndex;
