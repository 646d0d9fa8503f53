import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ErasureCodec } from '../../erasure/index.ts';
import { ShardRebuilder } from './rebuild-shards.ts';

const MAX_SHARD_BYTES = 1000;

/** Any k of n shards of one segment, in any order, and the segment's data shards. */
const gathered = fc
  .record({ requiredShards: fc.integer({ min: 2, max: 10 }), parity: fc.integer({ min: 1, max: 14 }), shardBytes: fc.integer({ min: 1, max: MAX_SHARD_BYTES }), seed: fc.nat(255) })
  .chain(({ requiredShards, parity, shardBytes, seed }) => {
    const totalShards = requiredShards + parity;
    const indexes = Array.from({ length: totalShards }, (_, i) => i);
    return fc.shuffledSubarray(indexes, { minLength: requiredShards, maxLength: requiredShards }).map((have) => ({ requiredShards, totalShards, shardBytes, seed, have }));
  });

describe('the data shards of a segment', () => {
  it('come back from any k of its n shards, in the memory that these came in', async () => {
    await fc.assert(
      fc.asyncProperty(gathered, async ({ requiredShards, totalShards, shardBytes, seed, have }) => {
        const codec = await ErasureCodec.create({ requiredShards, totalShards, maxShardBytes: MAX_SHARD_BYTES });
        const set = codec.slot(0);
        for (let i = 0; i < requiredShards; i++) set.shard(i, shardBytes).forEach((_, at, shard) => (shard[at] = (seed + i * 31 + at * 7) & 255));
        set.encode(shardBytes);
        const rooms = new Map(
          have.map((index) => {
            const room = new ArrayBuffer(MAX_SHARD_BYTES);
            new Uint8Array(room).set(set.shard(index, shardBytes));
            return [index, room] as const;
          }),
        );
        const rebuilder = new ShardRebuilder(requiredShards, totalShards, MAX_SHARD_BYTES);
        const dataShards = await rebuilder.dataShards(rooms, shardBytes);
        expect(new Set(dataShards)).toEqual(new Set(rooms.values()));
        for (const [i, room] of dataShards.entries()) expect(new Uint8Array(room, 0, shardBytes)).toEqual(set.shard(i, shardBytes));
      }),
      { numRuns: 60 },
    );
  });
});
