// The erasure code over shards that live in the kernel's memory: callers read ciphertext straight into a shard and
// send from it, so that no byte is copied on the way. Reed–Solomon over GF(2^8), systematic, any k of n shards.

import { BLOCK_BYTES, chooseKernelVariant, Kernel, roundUp } from './kernel.ts';
import type { KernelVariant } from './kernel.ts';
import { buildCodingMatrix, buildDecodeRows } from './matrix.ts';
import type { Matrix } from './matrix.ts';

const MAX_SHARDS = 255;

// Shards start at different places within a page. At the same place in every page (shards of 1 MiB in a row), the
// same byte of all shards would compete for the same few lines of the cache: that measured 5 to 20% slower.
const PAGE_BYTES = 4096;
const PAGE_SHIFT_BYTES = 5 * BLOCK_BYTES;

/** Losses repeat from segment to segment; each set of rows takes at most 16 KiB. */
const MAX_CACHED_ROWS = 64;

export interface ErasureCodecOptions {
  /** k: 1 to `totalShards`. */
  readonly requiredShards: number;
  /** n: up to 255. */
  readonly totalShards: number;
  readonly maxShardBytes: number;
  /** Sets of shards held at once; 1 unless given. */
  readonly slots?: number;
  /** The fastest that the engine can run, unless given. */
  readonly kernel?: KernelVariant;
}

/** Encodes and rebuilds segments in one piece of memory, made once and reused for all of them. */
export class ErasureCodec {
  readonly requiredShards: number;
  readonly totalShards: number;
  readonly maxShardBytes: number;
  readonly kernelVariant: KernelVariant;
  readonly #slots: readonly ShardSet[];

  private constructor(options: ErasureCodecOptions, kernelVariant: KernelVariant, slots: readonly ShardSet[]) {
    this.requiredShards = options.requiredShards;
    this.totalShards = options.totalShards;
    this.maxShardBytes = options.maxShardBytes;
    this.kernelVariant = kernelVariant;
    this.#slots = slots;
  }

  /**
   * Reserves the memory: `slots * totalShards` shards of `maxShardBytes`, at most 4 KiB more for each, and at most
   * 140 KiB.
   *
   * @throws RangeError for counts and sizes out of range, or more memory than the engine gives.
   * @throws WebAssembly.CompileError when the engine has no SIMD, or a policy forbids WebAssembly.
   */
  static async create(options: ErasureCodecOptions): Promise<ErasureCodec> {
    const { requiredShards, totalShards, maxShardBytes, slots = 1, kernel: variant = chooseKernelVariant() } = options;
    checkInteger('totalShards', totalShards, 1, MAX_SHARDS);
    checkInteger('requiredShards', requiredShards, 1, totalShards);
    checkInteger('maxShardBytes', maxShardBytes, 1, Number.MAX_SAFE_INTEGER);
    checkInteger('slots', slots, 1, Number.MAX_SAFE_INTEGER);

    const strideBytes = roundUp(maxShardBytes - PAGE_SHIFT_BYTES, PAGE_BYTES) + PAGE_SHIFT_BYTES;
    const slotBytes = totalShards * strideBytes;
    const maxCoefficients = requiredShards * (totalShards - requiredShards);
    const kernel = await Kernel.create(variant, maxCoefficients, slots * slotBytes);
    const rows = new CodingRows(requiredShards, totalShards);
    const sets = Array.from({ length: slots }, (_, slot) => new ShardSet(kernel, rows, { offset: kernel.roomOffset + slot * slotBytes, strideBytes, maxShardBytes }));
    return new ErasureCodec(options, variant, sets);
  }

  /**
   * @param index - 0 to `slots` - 1.
   * @returns the same object at every call.
   */
  slot(index: number): ShardSet {
    const set = this.#slots[index];
    if (set === undefined) throw new RangeError(`slot must be 0 to ${this.#slots.length - 1}, not ${index}`);
    return set;
  }
}

/** Where a set's shards lie: shard i starts at `offset + i * strideBytes`. */
interface ShardLayout {
  readonly offset: number;
  readonly strideBytes: number;
  readonly maxShardBytes: number;
}

/**
 * The shards of one segment, 0 to k - 1 data and k to n - 1 parity.
 *
 * All shards of a segment have one length, `shardBytes`, any from 1 to `maxShardBytes`. Coding works in blocks of 64
 * bytes: in the shards that it writes, up to 63 bytes after `shardBytes` are overwritten with no meaning. What lies
 * after `shardBytes` in the shards that it reads has no effect on the result.
 */
export class ShardSet {
  readonly #kernel: Kernel;
  readonly #rows: CodingRows;
  readonly #layout: ShardLayout;

  constructor(kernel: Kernel, rows: CodingRows, layout: ShardLayout) {
    this.#kernel = kernel;
    this.#rows = rows;
    this.#layout = layout;
  }

  /**
   * The first `bytes` bytes of a shard, to be filled and read in place. Contents are those of the segment before until
   * overwritten. The view stays valid for as long as the codec; it cannot be transferred to another thread.
   */
  shard(index: number, bytes: number): Uint8Array<ArrayBuffer> {
    checkInteger('shard index', index, 0, this.#rows.totalShards - 1);
    checkInteger('shard bytes', bytes, 0, this.#layout.maxShardBytes);
    const start = this.#address(index);
    return this.#kernel.bytes.subarray(start, start + bytes);
  }

  /** Computes all parity shards from the data shards. */
  encode(shardBytes: number): void {
    this.#compute(shardBytes, this.#rows.dataShards, this.#rows.parityShards);
  }

  /**
   * Computes some parity shards from the data shards.
   *
   * @param parity - distinct indices, k to n - 1.
   */
  encodeSome(shardBytes: number, parity: readonly number[]): void {
    this.#compute(shardBytes, this.#rows.dataShards, parity);
  }

  /**
   * Rebuilds shards, data or parity, from any k others.
   *
   * @param have - exactly k distinct indices of shards that hold their bytes. Their bytes are taken as right: verify
   * them before.
   * @param want - distinct indices, none of them in `have`.
   */
  reconstruct(shardBytes: number, have: readonly number[], want: readonly number[]): void {
    this.#compute(shardBytes, have, want);
  }

  #compute(shardBytes: number, have: readonly number[], want: readonly number[]): void {
    checkInteger('shardBytes', shardBytes, 1, this.#layout.maxShardBytes);
    const rows = this.#rows.find(have, want);
    if (rows.length === 0) return;
    this.#kernel.multiply(
      rows,
      have.map((index) => this.#address(index)),
      want.map((index) => this.#address(index)),
      shardBytes,
    );
  }

  #address(index: number): number {
    return this.#layout.offset + index * this.#layout.strideBytes;
  }
}

/** Finds the rows that compute some shards from others; keeps those used last. */
class CodingRows {
  readonly totalShards: number;
  readonly dataShards: readonly number[];
  readonly parityShards: readonly number[];
  readonly #coding: Matrix;
  readonly #cache = new Map<string, Matrix>();

  constructor(requiredShards: number, totalShards: number) {
    const indices = Array.from({ length: totalShards }, (_, index) => index);
    this.totalShards = totalShards;
    this.dataShards = indices.slice(0, requiredShards);
    this.parityShards = indices.slice(requiredShards);
    this.#coding = buildCodingMatrix(requiredShards, totalShards);
  }

  /** @throws RangeError unless `have` and `want` are disjoint, without repeats, and `have` is k long. */
  find(have: readonly number[], want: readonly number[]): Matrix {
    const key = `${have.join()}>${want.join()}`;
    let rows = this.#cache.get(key);
    if (rows === undefined) {
      this.#check(have, want);
      rows = buildDecodeRows(this.#coding, have, want);
    }
    this.#cache.delete(key);
    this.#cache.set(key, rows);
    if (this.#cache.size > MAX_CACHED_ROWS) this.#cache.delete(this.#cache.keys().next().value!);
    return rows;
  }

  #check(have: readonly number[], want: readonly number[]): void {
    const required = this.dataShards.length;
    if (have.length !== required) throw new RangeError(`need exactly ${required} shards, not ${have.length}`);
    const seen = new Set<number>();
    for (const index of [...have, ...want]) {
      checkInteger('shard index', index, 0, this.totalShards - 1);
      if (seen.has(index)) throw new RangeError(`shard ${index} is named twice`);
      seen.add(index);
    }
  }
}

function checkInteger(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, not ${value}`);
  }
}
