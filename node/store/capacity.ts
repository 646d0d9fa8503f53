/**
 * How much is stored and how much more may be: the operator's limit and what the disk really has, less what is being
 * written now. Used are the blocks of shard files, as `du` counts them, from the first rename to the last unlink.
 */
import { statfs } from 'node:fs/promises';
import { MIB, SendError } from '../../shared/protocol/index.ts';

/** Left to the index and to everything else on the disk. */
const DISK_RESERVE_BYTES = 64 * MIB;
const DISK_CHECK_MS = 1000;
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Whether the platform says that no more fits: disk, quota or file-size limit. SQLite says 13. */
export const isFull = (thrown: unknown): boolean =>
  thrown instanceof Error && (('code' in thrown && typeof thrown.code === 'string' && FULL.has(thrown.code)) || ('errcode' in thrown && thrown.errcode === 13));

/** One look at a node's space, in bytes. */
export interface Space {
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
}

export class Capacity {
  readonly capacityBytes: number;
  readonly #directory: string;
  readonly #reserveBytes: number;
  #usedBytes = 0;
  #reservedBytes = 0;
  #diskBytes = Infinity;
  #checkedAt = -Infinity;

  constructor(directory: string, capacityBytes: number, reserveBytes = DISK_RESERVE_BYTES) {
    this.#directory = directory;
    this.capacityBytes = capacityBytes;
    this.#reserveBytes = reserveBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get freeBytes(): number {
    // Whoever asks may be the only one: a disk that was full must not look so for ever because nobody stores on it.
    if (performance.now() - this.#checkedAt > DISK_CHECK_MS) this.check().catch(() => (this.#diskBytes = 0));
    return Math.max(0, Math.min(this.capacityBytes - this.#usedBytes, this.#diskBytes - this.#reserveBytes) - this.#reservedBytes);
  }

  /** What to tell others: the disk is asked first, unless it just was. */
  async measure(): Promise<Space> {
    if (performance.now() - this.#checkedAt > DISK_CHECK_MS) await this.check();
    return { capacityBytes: this.capacityBytes, usedBytes: this.#usedBytes, freeBytes: this.freeBytes };
  }

  /** Asks the disk. */
  async check(): Promise<void> {
    this.#checkedAt = performance.now();
    const { bavail, bsize } = await statfs(this.#directory);
    this.#diskBytes = bavail * bsize;
  }

  /** @throws SendError `node_full`. */
  reserve(bytes: number): void {
    if (bytes > this.freeBytes) throw new SendError('node_full');
    this.#reservedBytes += bytes;
  }

  release(bytes: number): void {
    this.#reservedBytes -= bytes;
  }

  /** Counts the blocks of files that were made, or with a negative number of files that are gone. */
  use(bytes: number): void {
    this.#usedBytes += bytes;
    this.#diskBytes -= Math.max(0, bytes); // room that came back may be in the last answer of the disk already
  }

  /** A write failed for want of room: nothing is taken until the disk was asked again. */
  ranOut(): void {
    this.#diskBytes = 0;
  }
}
