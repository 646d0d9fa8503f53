import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SHARD_BYTES, asShardId, asTransferId } from '../../shared/protocol/index.ts';
import { SHARD_HEADER_BYTES, encodeShardHeader, parseShardHeader, type ShardHeader } from './shard-header.ts';

const header: fc.Arbitrary<ShardHeader> = fc.record({
  transferId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => asTransferId(Uint8Array.from(bytes))),
  segment: fc.nat(0xfffffffe),
  shardIndex: fc.nat(23),
  shardBytes: fc.integer({ min: 1, max: MAX_SHARD_BYTES }),
  root: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => asShardId(Uint8Array.from(bytes))),
  expiresAtMs: fc.maxSafeNat(),
  storedAtMs: fc.maxSafeNat(),
});

describe('the header of a shard file', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(header, (one) => {
        expect(parseShardHeader(encodeShardHeader(one))).toEqual(one);
      }),
    );
  });

  it('is nothing when a bit differs, when it is cut anywhere, or when it is garbage', () => {
    fc.assert(
      fc.property(header, fc.nat(SHARD_HEADER_BYTES - 1), fc.nat(7), (one, at, bit) => {
        const bytes = encodeShardHeader(one);
        expect(parseShardHeader(bytes.with(at, bytes[at]! ^ (1 << bit)))).toBeNull();
        expect(parseShardHeader(bytes.subarray(0, at))).toBeNull();
      }),
    );
    expect(parseShardHeader(randomBytes(SHARD_HEADER_BYTES))).toBeNull();
  });
});
