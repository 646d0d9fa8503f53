import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ErasureCodec } from './index.ts';
import type { ErasureCodecOptions, KernelVariant, ShardSet } from './index.ts';
import { encodeReference, reconstructReference } from './reference.ts';

const PATTERN = 0xa5;

/** A code, a shard length (a few blocks, most of them not whole) and the bytes of the data shards. */
const arbitraryData = fc
  .record({
    requiredShards: fc.integer({ min: 1, max: 20 }),
    parityShards: fc.integer({ min: 0, max: 12 }),
    shardBytes: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(63, 64, 65, 4095, 4096, 4161)),
  })
  .chain(({ requiredShards, parityShards, shardBytes }) =>
    fc.record({
      requiredShards: fc.constant(requiredShards),
      totalShards: fc.constant(requiredShards + parityShards),
      shardBytes: fc.constant(shardBytes),
      data: fc.integer().map((seed) => makeData(requiredShards, shardBytes, seed)),
    }),
  );

describe.each<KernelVariant>(['plain', 'relaxed'])('the erasure code with the %s kernel', (kernel) => {
  const create = (options: ErasureCodecOptions) => ErasureCodec.create({ ...options, kernel });

  test('encodes as the reference', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryData, async ({ requiredShards, totalShards, shardBytes, data }) => {
        const codec = await create({ requiredShards, totalShards, maxShardBytes: shardBytes });
        const set = codec.slot(0);
        fill(set, data);
        set.encode(shardBytes);
        expect(readShards(set, totalShards, shardBytes)).toEqual(encodeReference(data, totalShards));
      }),
    );
  });

  test('rebuilds any shards from any k, and touches no other', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryData.chain((code) =>
          fc.record({
            code: fc.constant(code),
            order: fc.shuffledSubarray(Array.from(range(0, code.totalShards)), { minLength: code.totalShards }),
            wanted: fc.nat(code.totalShards - code.requiredShards),
          }),
        ),
        async ({ code: { requiredShards, totalShards, shardBytes, data }, order, wanted }) => {
          const have = order.slice(0, requiredShards);
          const want = order.slice(requiredShards, requiredShards + wanted);
          const shards = encodeReference(data, totalShards);
          const codec = await create({ requiredShards, totalShards, maxShardBytes: shardBytes });
          const set = codec.slot(0);
          for (const index of order) set.shard(index, shardBytes).fill(PATTERN);
          for (const index of have) set.shard(index, shardBytes).set(shards[index]!);
          set.reconstruct(shardBytes, have, want);
          for (const index of order) {
            const held = have.includes(index) || want.includes(index);
            expect(set.shard(index, shardBytes)).toEqual(held ? shards[index] : new Uint8Array(shardBytes).fill(PATTERN));
          }
        },
      ),
    );
  });

  test.each([
    [10, 24, 20_000],
    [1, 255, 65],
    [127, 255, 100],
    [254, 255, 70],
    [255, 255, 1],
  ])('round-trips the code %i of %i', async (requiredShards, totalShards, shardBytes) => {
    const data = makeData(requiredShards, shardBytes, 7);
    const codec = await create({ requiredShards, totalShards, maxShardBytes: shardBytes });
    const set = codec.slot(0);
    fill(set, data);
    set.encode(shardBytes);
    const last = totalShards - 1;
    if (last >= requiredShards) {
      expect(set.shard(last, shardBytes)).toEqual(reconstructReference(new Map(data.entries()), last));
    }
    const lost = Array.from(range(0, Math.min(requiredShards, totalShards - requiredShards)));
    for (const index of lost) set.shard(index, shardBytes).fill(PATTERN);
    set.reconstruct(shardBytes, Array.from(range(lost.length, lost.length + requiredShards)), lost);
    expect(readShards(set, requiredShards, shardBytes)).toEqual(data);
  });

  // From the test suites of Backblaze's JavaReedSolomon and klauspost/reedsolomon.
  test('gives the published parity of 5 of 10', async () => {
    const codec = await create({ requiredShards: 5, totalShards: 10, maxShardBytes: 2 });
    const set = codec.slot(0);
    fill(
      set,
      [
        [0, 1],
        [4, 5],
        [2, 3],
        [6, 7],
        [8, 9],
      ].map((shard) => Uint8Array.from(shard)),
    );
    set.encode(2);
    expect(
      readShards(set, 10, 2)
        .slice(5)
        .map((shard) => Array.from(shard)),
    ).toEqual([
      [12, 13],
      [10, 11],
      [14, 15],
      [90, 91],
      [94, 95],
    ]);
  });

  // Shards 1, 0, 0, 0 and 0, 1, 0, 0 and so on: the parity is the coding matrix, as Backblaze prints it.
  test('gives the published parity of 4 of 6', async () => {
    const codec = await create({ requiredShards: 4, totalShards: 6, maxShardBytes: 4 });
    const set = codec.slot(0);
    fill(
      set,
      [0, 1, 2, 3].map((index) => new Uint8Array(4).fill(1, index, index + 1)),
    );
    set.encode(4);
    expect(Array.from(set.shard(4, 4))).toEqual([0x1b, 0x1c, 0x12, 0x14]);
    expect(Array.from(set.shard(5, 4))).toEqual([0x1c, 0x1b, 0x14, 0x12]);
  });

  test('encodes some parity and leaves the rest alone', async () => {
    const data = makeData(10, 300, 3);
    const expected = encodeReference(data, 24);
    const codec = await create({ requiredShards: 10, totalShards: 24, maxShardBytes: 300 });
    const set = codec.slot(0);
    fill(set, data);
    for (const index of range(10, 24)) set.shard(index, 300).fill(PATTERN);
    set.encodeSome(300, [23, 10, 15]);
    for (const index of range(10, 24)) {
      const chosen = [23, 10, 15].includes(index);
      expect(set.shard(index, 300)).toEqual(chosen ? expected[index] : new Uint8Array(300).fill(PATTERN));
    }
  });

  test('codes a short segment right after a long one', async () => {
    const codec = await create({ requiredShards: 4, totalShards: 7, maxShardBytes: 1000 });
    const set = codec.slot(0);
    fill(set, makeData(4, 1000, 1));
    set.encode(1000);
    const data = makeData(4, 10, 2);
    fill(set, data);
    set.encode(10);
    expect(readShards(set, 7, 10)).toEqual(encodeReference(data, 7));
  });

  test('keeps slots apart while calls with different losses alternate', async () => {
    const codec = await create({ requiredShards: 3, totalShards: 6, maxShardBytes: 129, slots: 2 });
    const sets = [codec.slot(0), codec.slot(1)];
    const segments = [makeData(3, 129, 4), makeData(3, 129, 5)];
    for (const [at, set] of sets.entries()) fill(set, segments[at]!);
    for (const set of sets) set.encode(129);
    for (const round of range(0, 100)) {
      for (const [at, set] of sets.entries()) {
        const lost = (round + at) % 3;
        set.shard(lost, 129).fill(PATTERN);
        const have = [3, 4, 5].map((index) => (index === 3 + (round % 3) ? (lost + 1) % 3 : index));
        set.reconstruct(129, have, [lost]);
        expect(readShards(set, 6, 129)).toEqual(encodeReference(segments[at]!, 6));
      }
    }
  });

  test('forgets old losses and rebuilds them again', async () => {
    const data = makeData(2, 5, 6);
    const codec = await create({ requiredShards: 2, totalShards: 20, maxShardBytes: 5 });
    const set = codec.slot(0);
    const expected = encodeReference(data, 20);
    fill(set, expected);
    // 180 kinds of loss, twice: more than are kept.
    for (const round of range(0, 2 * 180)) {
      const want = round % 20;
      const gap = 1 + (Math.floor(round / 20) % 9);
      set.shard(want, 5).fill(PATTERN);
      set.reconstruct(5, [(want + gap) % 20, (want + 2 * gap) % 20], [want]);
      expect(set.shard(want, 5)).toEqual(expected[want]);
    }
  });
});

describe('choosing a kernel', () => {
  afterEach(() => vi.restoreAllMocks());

  test('takes the relaxed one where the engine has it', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(true);
    const codec = await ErasureCodec.create({ requiredShards: 1, totalShards: 1, maxShardBytes: 1 });
    expect(codec.kernelVariant).toBe('relaxed');
  });

  test('takes the plain one where it has not', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    const codec = await ErasureCodec.create({ requiredShards: 1, totalShards: 1, maxShardBytes: 1 });
    expect(codec.kernelVariant).toBe('plain');
  });
});

describe('memory', () => {
  test('is reserved once, little more than the shards need', async () => {
    const codec = await ErasureCodec.create({ requiredShards: 10, totalShards: 24, maxShardBytes: 2 ** 20, slots: 2 });
    const view = codec.slot(0).shard(0, 1);
    const { buffer } = view;
    expect(buffer.byteLength).toBeGreaterThanOrEqual(48 * 2 ** 20);
    expect(buffer.byteLength).toBeLessThanOrEqual(48.2 * 2 ** 20);
    for (const slot of [0, 1]) codec.slot(slot).encode(2 ** 20);
    expect(codec.slot(1).shard(23, 2 ** 20).buffer).toBe(buffer);
    expect(view).toHaveLength(1);
  });
});

describe('misuse', () => {
  const valid = { requiredShards: 3, totalShards: 5, maxShardBytes: 100 };
  let codec: ErasureCodec;
  let set: ShardSet;
  beforeAll(async () => {
    codec = await ErasureCodec.create({ ...valid, slots: 2 });
    set = codec.slot(0);
  });

  test.each([
    ['no required shard', { requiredShards: 0 }],
    ['a fraction of a shard', { requiredShards: 1.5 }],
    ['more required than total shards', { requiredShards: 6 }],
    ['more than 255 shards', { totalShards: 256 }],
    ['empty shards', { maxShardBytes: 0 }],
    ['NaN bytes', { maxShardBytes: Number.NaN }],
    ['no slot', { slots: 0 }],
    ['more memory than WebAssembly has', { maxShardBytes: 2 ** 30 }],
  ])('is rejected at creation: %s', async (_, wrong) => {
    await expect(ErasureCodec.create({ ...valid, ...wrong })).rejects.toThrow(RangeError);
  });

  test.each<[string, () => unknown]>([
    ['a slot beyond the last', () => codec.slot(2)],
    ['a negative slot', () => codec.slot(-1)],
    ['a shard beyond the last', () => set.shard(5, 1)],
    ['a negative shard', () => set.shard(-1, 1)],
    ['a view longer than a shard', () => set.shard(0, 101)],
    ['coding nothing', () => set.encode(0)],
    ['coding more than a shard', () => set.encode(101)],
    ['coding half a byte', () => set.encode(0.5)],
    ['encoding a data shard', () => set.encodeSome(10, [2])],
    ['encoding a shard beyond the last', () => set.encodeSome(10, [5])],
    ['too few shards', () => set.reconstruct(10, [0, 1], [2])],
    ['too many shards', () => set.reconstruct(10, [0, 1, 2, 3], [4])],
    ['a shard had twice', () => set.reconstruct(10, [0, 1, 1], [2])],
    ['a shard wanted twice', () => set.reconstruct(10, [0, 1, 2], [3, 3])],
    ['a shard both had and wanted', () => set.reconstruct(10, [0, 1, 2], [2])],
    ['no such shard had', () => set.reconstruct(10, [0, 1, 5], [2])],
    ['no such shard wanted', () => set.reconstruct(10, [0, 1, 2], [Number.NaN])],
  ])('is rejected: %s', (_, misuse) => {
    expect(misuse).toThrow(RangeError);
  });

  test('does not include asking for nothing', () => {
    set.encodeSome(10, []);
    set.reconstruct(10, [4, 0, 2], []);
  });
});

function makeData(shards: number, shardBytes: number, seed: number): Uint8Array[] {
  let state = seed | 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  };
  return Array.from({ length: shards }, () => Uint8Array.from({ length: shardBytes }, next));
}

function fill(set: ShardSet, shards: readonly Uint8Array[]): void {
  for (const [index, shard] of shards.entries()) set.shard(index, shard.length).set(shard);
}

function readShards(set: ShardSet, count: number, shardBytes: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => set.shard(index, shardBytes).slice());
}

function* range(from: number, to: number): Generator<number> {
  for (let value = from; value < to; value++) yield value;
}
