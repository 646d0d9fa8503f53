/**
 * The node's shards. Every promise of it is kept on the disk before it resolves: a shard that was put, a commitment, a
 * deletion. Reading checks each file's header and length, so that a torn or foreign file is never served.
 */
import { rootFromLeafHashes } from '../../shared/merkle/index.ts';
import { encodeHex, equalBytes, SendError, type ShardId, type ShardStatement, type TransferId } from '../../shared/protocol/index.ts';
import type { Clock } from '../clock.ts';
import { Capacity, isFull, type Space } from './capacity.ts';
import { HeldFolder } from './held-folder.ts';
import { reconcile, type Reconciliation } from './reconcile.ts';
import { isBadSector, ShardFiles } from './shard-files.ts';
import type { OpenFile } from './open-file.ts';
import { hashLeaves } from './leaf-hashes.ts';
import { indexFileIn } from './index-database.ts';
import { fileBytesOf, SHARD_HEADER_BYTES } from './shard-header.ts';
import { agrees, ShardIndex, TERM_MARGIN_MS, type ShardRow, type ShardTotals, type Term, type Tombstone } from './shard-index.ts';
import { TransferBytes } from './transfer-bytes.ts';
import { Turns } from './turns.ts';

/** No segment has this number. */
const TERM_TURN = -1;

export interface ShardStoreOptions {
  readonly directory: string;
  readonly capacityBytes: number;
  readonly clock: Clock;
  /** The folder already belonged to a node: an index that is missing was lost. */
  readonly known: boolean;
  readonly diskReserveBytes?: number | undefined;
}

export interface ShardToStore {
  readonly transferId: TransferId;
  readonly segment: number;
  readonly shardIndex: number;
  readonly root: ShardId;
  /** Until when, as the order says that brought it, and when that was given: a later change of the transfer's time counts more. */
  readonly expiresAtMs: number;
  readonly orderedAtMs: number;
  /** What may be held of the transfer in all, while it is watched. */
  readonly maxTransferBytes?: number | undefined;
}

export interface OpenShard {
  /** The shard's bytes start at SHARD_HEADER_BYTES. The caller closes it. */
  readonly file: OpenFile;
  readonly row: ShardRow;
}

export interface VerifiedShard {
  readonly row: ShardRow;
  /** SHA-256 of each leaf's bytes, in order. */
  readonly leafHashes: readonly Uint8Array[];
}

export class ShardStore {
  readonly index: ShardIndex;
  readonly capacity: Capacity;
  readonly folder: HeldFolder;
  readonly reconciliation: Reconciliation;
  readonly #files: ShardFiles;
  readonly #clock: Clock;
  readonly #turns = new Turns();
  readonly #transferBytes = new TransferBytes();
  /** Files of deleted transfers that are still to be removed, in bytes: until they are gone they count as used. */
  readonly #buriedBytes = new Map<string, number>();
  /** Called after every shard that was stored, and every change of time. */
  onTimesChanged: () => void = () => {};
  /** Called when a file was found torn or foreign. */
  onDamaged: () => void = () => {};
  #shards: number;

  private constructor(index: ShardIndex, files: ShardFiles, folder: HeldFolder, capacity: Capacity, clock: Clock, reconciliation: Reconciliation) {
    this.index = index;
    this.folder = folder;
    this.capacity = capacity;
    this.reconciliation = reconciliation;
    this.#files = files;
    this.#clock = clock;
    const { shards, fileBytes } = index.totals();
    this.#shards = shards;
    capacity.use(fileBytes);
  }

  /** @throws ConfigError when another process uses the folder. */
  static async open(options: ShardStoreOptions): Promise<ShardStore> {
    const { directory, clock } = options;
    const { index, fresh } = await ShardIndex.open(directory);
    if (fresh && options.known) index.ordersFromMs = clock.nowMs();
    const folder = await HeldFolder.open(indexFileIn(directory));
    const files = await ShardFiles.open(directory, folder);
    const reconciliation = await reconcile(index, files, fresh);
    const store = new ShardStore(index, files, folder, new Capacity(directory, options.capacityBytes, options.diskReserveBytes), clock, reconciliation);
    await store.capacity.check();
    return store;
  }

  get shards(): number {
    return this.#shards;
  }

  /** What to tell others of the node's space. @throws SendError `unavailable` while its folder is gone. */
  async measure(): Promise<Space> {
    await this.folder.check();
    return await this.capacity.measure();
  }

  /** Counts the transfer's bytes for `maxTransferBytes`. @returns the end of it, to be called once. */
  watch(transferId: TransferId): () => void {
    return this.#transferBytes.watch(transferId, () => this.index.totalsOf(transferId).bytes);
  }

  /**
   * Stores a shard whose root was verified. Resolves when it is durable.
   *
   * @throws SendError `transfer_deleted`, `transfer_expired`, `conflict` for another root than the committed one,
   * `order_budget`, `node_full`, `unavailable` while the folder is gone.
   */
  put(shard: ShardToStore, bytes: Uint8Array): Promise<void> {
    return this.#turns.take(encodeHex(shard.transferId), shard.segment, () => this.#put(shard, bytes));
  }

  async #put(shard: ShardToStore, bytes: Uint8Array): Promise<void> {
    const { transferId, segment } = shard;
    const expiresAtMs = this.#keptUntilMs(shard);
    const storedAtMs = this.#clock.nowMs();
    const row: ShardRow = {
      transferId,
      segment,
      shardIndex: shard.shardIndex,
      root: shard.root,
      expiresAtMs,
      shardBytes: bytes.length,
      storedAtMs,
      committed: false,
      orderedAtMs: shard.orderedAtMs,
    };
    if (storedAtMs >= expiresAtMs) throw new SendError('transfer_expired');
    this.#refuseDeleted(transferId);
    const held = this.#replaceable(row);
    if (held !== null && agrees(held, row) && held.expiresAtMs === expiresAtMs) {
      const whole = await this.#isWhole(held);
      this.#refuseDeleted(transferId);
      if (whole) return this.index.orderAgain(transferId, segment, shard.orderedAtMs);
      this.onDamaged(); // the row stays while the file is written again: what was promised of the shard stays promised
    }
    const fileBytes = fileBytesOf(bytes.length);
    let incomingBytes = Math.max(0, bytes.length - (held?.shardBytes ?? 0));
    this.#transferBytes.expect(transferId, incomingBytes, shard.maxTransferBytes);
    try {
      this.capacity.reserve(fileBytes);
    } catch (thrown) {
      this.#transferBytes.expect(transferId, -incomingBytes);
      throw thrown;
    }
    try {
      const temporary = await this.#files.writeTemporary(row, bytes);
      try {
        this.#refuseDeleted(transferId);
        const other = this.#replaceable(row);
        // Another root loses its row before its file, so that no receipt can still come to cover it.
        if (other !== null && !equalBytes(other.root, row.root)) {
          this.#forget(other);
          this.#transferBytes.expect(transferId, other.shardBytes); // its bytes stay taken until the new ones are held
          incomingBytes += other.shardBytes;
        }
        await this.#files.publish(temporary, transferId, segment);
        this.#refuseDeleted(transferId);
        this.#remember({ ...row, expiresAtMs: this.#keptUntilMs(shard) });
      } catch (thrown) {
        await this.#files.discard(temporary);
        if (this.index.get(transferId, segment) === null) await this.#files.removeShard(transferId, segment);
        throw thrown;
      }
      this.onTimesChanged();
    } catch (thrown) {
      if (!isFull(thrown)) throw thrown;
      this.capacity.ranOut();
      throw new SendError('node_full', 'the disk is full', { cause: thrown });
    } finally {
      this.#transferBytes.expect(transferId, -incomingBytes);
      this.capacity.release(fileBytes);
    }
  }

  /** Of the order that brought a shard and the last change of its transfer's time, what was ordered later. */
  #keptUntilMs({ transferId, expiresAtMs, orderedAtMs }: ShardToStore): number {
    const term = this.index.term(transferId);
    return term !== null && term.orderedAtMs >= orderedAtMs ? term.expiresAtMs : expiresAtMs;
  }

  /** Whether exactly this shard is here, whole and for that time. @throws SendError `transfer_deleted`, `unavailable` while the folder is gone. */
  holds(shard: ShardToStore & { readonly shardBytes: number }): Promise<boolean> {
    return this.#turns.take(encodeHex(shard.transferId), shard.segment, async () => {
      this.#refuseDeleted(shard.transferId);
      const held = this.index.get(shard.transferId, shard.segment);
      if (held === null || !agrees(held, shard) || held.expiresAtMs !== this.#keptUntilMs(shard) || held.expiresAtMs <= this.#clock.nowMs()) return false;
      const whole = await this.#isWhole(held);
      this.#refuseDeleted(shard.transferId);
      if (whole) this.index.orderAgain(shard.transferId, shard.segment, shard.orderedAtMs);
      else this.onDamaged();
      return whole;
    });
  }

  isDeleted(transferId: TransferId): boolean {
    return this.index.tombstone(transferId) !== null;
  }

  #refuseDeleted(transferId: TransferId): void {
    if (this.isDeleted(transferId)) throw new SendError('transfer_deleted');
  }

  /** The row that `row` would replace. @throws SendError `conflict` when it may not. */
  #replaceable(row: ShardRow): ShardRow | null {
    const held = this.index.get(row.transferId, row.segment);
    if (held?.committed && !equalBytes(held.root, row.root)) throw new SendError('conflict');
    return held;
  }

  /** The same root may be held already, for another time: what was promised of it stays promised. */
  #remember(row: ShardRow): void {
    const same = this.index.get(row.transferId, row.segment);
    this.index.put({ ...row, committed: same?.committed ?? false, orderedAtMs: Math.max(row.orderedAtMs, same?.orderedAtMs ?? 0) });
    if (same === null) this.#shards++;
    this.#transferBytes.hold(row.transferId, row.shardBytes - (same?.shardBytes ?? 0));
    this.capacity.use(fileBytesOf(row.shardBytes) - (same === null ? 0 : fileBytesOf(same.shardBytes)));
  }

  #forget(row: ShardRow): void {
    this.index.remove(row.transferId, row.segment);
    this.#transferBytes.hold(row.transferId, -row.shardBytes);
    this.capacity.use(-fileBytesOf(row.shardBytes));
    this.#shards--;
  }

  /** Promises shards for a receipt. @returns those that are held under these roots, durably committed. */
  async commit(transferId: TransferId, shards: readonly ShardStatement[]): Promise<ShardStatement[]> {
    await this.folder.check();
    const held = this.index.commit(transferId, shards);
    await this.index.sync();
    return held;
  }

  totalsBetween(transferId: TransferId, shardIndex: number, from: number, to: number): ShardTotals {
    return this.index.totalsBetween(transferId, shardIndex, from, to);
  }

  /** The first held and unexpired shard at or after `from`; null when there is none up to `to`. */
  async openFrom(transferId: TransferId, shardIndex: number, from: number, to: number): Promise<OpenShard | null> {
    for (let segment = from; segment <= to;) {
      const row = this.index.firstFrom(transferId, shardIndex, segment, to);
      if (row === null) return null;
      segment = row.segment;
      if (row.expiresAtMs > this.#clock.nowMs()) {
        const shard = await this.#files.openShard(transferId, segment);
        if (shard !== null && agrees(row, shard.header)) return { file: shard.file, row };
        shard?.file.close();
        if (await this.#dropUnreadable(row)) continue;
      }
      segment++;
    }
    return null;
  }

  /** Whether the row's file is there, as long as it says and under the row's root: a row alone is no reason to promise. */
  async #isWhole(row: ShardRow): Promise<boolean> {
    const shard = await this.#files.openShard(row.transferId, row.segment);
    shard?.file.close();
    return shard !== null && agrees(row, shard.header);
  }

  /**
   * A file that does not match its row is dropped, unless it was just replaced.
   * @returns whether the same segment is worth another look.
   */
  #dropUnreadable(row: ShardRow): Promise<boolean> {
    return this.#turns.take(encodeHex(row.transferId), row.segment, async () => {
      const now = this.index.get(row.transferId, row.segment);
      if (now === null) return false;
      if (await this.#isWhole(now)) return true;
      await this.#drop(now);
      return false;
    });
  }

  /** Within the shard's turn. @throws SendError `unavailable` when it is all gone: that is no damage of this one. */
  async #drop(row: ShardRow): Promise<void> {
    await this.folder.check();
    await this.#files.removeShard(row.transferId, row.segment);
    this.#forget(row);
    this.onDamaged();
  }

  /**
   * Reads a shard and checks every byte of it. One that is not what its root says is dropped: what a node cannot prove it
   * must not claim to hold.
   *
   * @param into - at least MAX_SHARD_BYTES; its first `row.shardBytes` bytes are the shard's.
   * @returns null when it is not held, its time is over, or it was dropped.
   */
  async readVerified(transferId: TransferId, segment: number, into: Uint8Array): Promise<VerifiedShard | null> {
    return await this.#turns.take(encodeHex(transferId), segment, async () => {
      const row = this.index.get(transferId, segment);
      if (row === null || row.expiresAtMs <= this.#clock.nowMs()) return null;
      const leafHashes = await this.#readLeaves(row, into);
      if (leafHashes !== null && equalBytes(rootFromLeafHashes(row.shardBytes, leafHashes), row.root)) return { row, leafHashes };
      const now = this.index.get(transferId, segment);
      if (now !== null) await this.#drop(now); // it may have been deleted meanwhile, which is no damage
      return null;
    });
  }

  /** @returns SHA-256 of each leaf's bytes; null for a file that is missing, torn, foreign or on a bad sector. */
  async #readLeaves(row: ShardRow, into: Uint8Array): Promise<Uint8Array[] | null> {
    try {
      const shard = await this.#files.openShard(row.transferId, row.segment);
      if (shard === null) return null;
      try {
        if (!agrees(row, shard.header)) return null;
        const bytesRead = await shard.file.read(into, row.shardBytes, SHARD_HEADER_BYTES);
        return bytesRead < row.shardBytes ? null : hashLeaves(into.subarray(0, row.shardBytes));
      } finally {
        shard.file.close();
      }
    } catch (thrown) {
      if (isBadSector(thrown)) return null;
      throw thrown;
    }
  }

  /**
   * Deletes a transfer and refuses it from now on. Resolves when nothing of it is left; repeated calls answer the same.
   *
   * @param shardExpiresAtMs - until then, and a margin, the deletion is remembered.
   */
  async deleteTransfer(transferId: TransferId, shardExpiresAtMs: number): Promise<Tombstone> {
    let tombstone = this.index.tombstone(transferId);
    if (tombstone === null) {
      const { shards, bytes, fileBytes } = this.index.totalsOf(transferId);
      tombstone = { deletedAtMs: this.#clock.nowMs(), shards, bytes };
      const keptUntilMs = Math.max(shardExpiresAtMs, tombstone.deletedAtMs) + TERM_MARGIN_MS;
      this.index.bury(transferId, tombstone, keptUntilMs);
      this.#buriedBytes.set(encodeHex(transferId), fileBytes);
      this.#shards -= shards;
    }
    await this.index.sync();
    await this.#turns.allOf(encodeHex(transferId));
    await this.#files.removeTransfer(transferId);
    this.#countBuried(encodeHex(transferId));
    return tombstone;
  }

  #countBuried(name: string): void {
    this.capacity.use(-(this.#buriedBytes.get(name) ?? 0));
    this.#buriedBytes.delete(name);
  }

  /**
   * Keeps a transfer's shards until another time, those that come under older orders among them. Resolves when that is
   * durable; a crash before leaves the old time or the new one.
   *
   * @returns how many shards are kept until then. @throws SendError `conflict` for a change that is older than the last one, or than the order that brought a shard.
   */
  async extend(transferId: TransferId, term: Term): Promise<number> {
    const before = this.index.term(transferId);
    const youngestMs = Math.max(before?.orderedAtMs ?? 0, this.index.lastOrderedAtMs(transferId));
    if (youngestMs > term.orderedAtMs) throw new SendError('conflict', 'the time was changed again since');
    this.index.setTerm(transferId, term, this.#clock.nowMs());
    // Shards on their way had their header written with the time before.
    await this.#turns.allOf(encodeHex(transferId));
    await this.#turns.take(encodeHex(transferId), TERM_TURN, async () => {
      this.#refuseDeleted(transferId);
      await this.#files.writeTerm(transferId, { ...(this.index.term(transferId) ?? term), setAtMs: this.#clock.nowMs() });
      if (this.index.totalsOf(transferId).shards === 0) await this.#files.removeEmptyFolder(transferId); // the last one expired meanwhile
    });
    await this.index.sync();
    this.onTimesChanged();
    return this.index.countAfter(transferId, this.#clock.nowMs());
  }

  /** Deletes up to `limit` shards whose time was over at `timeMs`. @returns how many. */
  async expire(timeMs: number, limit: number): Promise<number> {
    const rows = this.index.expiredBefore(timeMs, limit);
    if (rows.length > 0) await this.folder.check(); // a disk that comes back must not bring what nobody remembers
    const transfers = new Map<string, TransferId>();
    for (const row of rows) {
      transfers.set(encodeHex(row.transferId), row.transferId);
      await this.#turns.take(encodeHex(row.transferId), row.segment, async () => {
        const now = this.index.get(row.transferId, row.segment);
        if (now === null || now.expiresAtMs > timeMs) return; // stored again meanwhile, with more time
        await this.#files.removeShard(row.transferId, row.segment);
        this.#forget(now);
      });
    }
    for (const transferId of transfers.values()) await this.#files.removeEmptyFolder(transferId);
    return rows.length;
  }

  close(): Promise<void> {
    return this.index.close();
  }
}
