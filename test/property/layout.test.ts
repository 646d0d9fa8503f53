import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  contentBytesOf,
  MAX_CONTENT_BYTES,
  MAX_SHARD_BYTES,
  MIN_CONTENT_BYTES,
  padme,
  RECORD_SIZE_BYTES,
  redundancyFor,
  ROWS_PER_SEGMENT,
  TAG_SIZE_BYTES,
  TransferLayout,
} from '../../shared/protocol/index.ts';

/** Sizes of every magnitude up to 1 TiB, and the neighbours of powers of two. */
const size = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }),
  fc.integer({ min: 0, max: 40 }).chain((bits) => fc.integer({ min: 0, max: Math.min(MAX_CONTENT_BYTES, 2 ** bits) })),
  fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: -2, max: 2 })).map(([bits, off]) => Math.min(MAX_CONTENT_BYTES, Math.max(0, 2 ** bits + off))),
);
const requiredShards = fc.integer({ min: 2, max: 10 });

describe('Padmé', () => {
  test('never shrinks, adds at most 12%, and is stable', () => {
    fc.assert(
      fc.property(size, (length) => {
        const padded = padme(length);
        expect(padded).toBeGreaterThanOrEqual(length);
        expect(padded).toBeLessThanOrEqual(length * 1.12 + 1);
        expect(padme(padded)).toBe(padded);
      }),
      { numRuns: 5000 },
    );
  });

  test('keeps the order of lengths', () => {
    fc.assert(
      fc.property(size, size, (a, b) => {
        expect(Math.sign(padme(a) - padme(b)) * Math.sign(a - b)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('the layout of a transfer', () => {
  test('has room for the content, and wastes no whole row of records', () => {
    fc.assert(
      fc.property(size, requiredShards, (fileBytes, k) => {
        const contentBytes = contentBytesOf(fileBytes);
        const layout = new TransferLayout(contentBytes, k);
        const last = layout.segment(layout.segmentCount - 1);
        const capacity = last.textOffset + last.textBytes;
        expect(contentBytes).toBeGreaterThanOrEqual(Math.max(fileBytes, MIN_CONTENT_BYTES));
        expect(capacity).toBeGreaterThanOrEqual(contentBytes);
        // Rounding up to 64 bytes costs each record fewer than that.
        expect(capacity - contentBytes).toBeLessThan(last.recordCount * 65);
      }),
      { numRuns: 3000 },
    );
  });

  test('has segments that tile the content without gap or overlap', () => {
    fc.assert(
      fc.property(fc.integer({ min: MIN_CONTENT_BYTES, max: 400_000_000 }), requiredShards, (contentBytes, k) => {
        const layout = new TransferLayout(contentBytes, k);
        let at = 0;
        let nodeBytes = 0;
        for (let index = 0; index < layout.segmentCount; index++) {
          const segment = layout.segment(index);
          const isLast = index === layout.segmentCount - 1;
          expect(segment.textOffset).toBe(at);
          expect(segment.recordCount).toBe(segment.rows * k);
          expect(segment.textBytes).toBe(segment.recordCount * (segment.recordBytes - TAG_SIZE_BYTES));
          expect(segment.shardBytes).toBe(segment.rows * segment.recordBytes);
          expect(segment.shardBytes).toBeLessThanOrEqual(MAX_SHARD_BYTES);
          expect(segment.recordBytes % 64).toBe(0);
          if (!isLast) expect([segment.rows, segment.recordBytes]).toEqual([ROWS_PER_SEGMENT, RECORD_SIZE_BYTES]);
          at += segment.textBytes;
          nodeBytes += segment.shardBytes;
        }
        expect(at).toBeGreaterThanOrEqual(contentBytes);
        expect(layout.shardBytesPerNode).toBe(nodeBytes);
      }),
      { numRuns: 300 },
    );
  });

  test('gives equal sizes the same shards, so that only the padded size shows', () => {
    fc.assert(
      fc.property(size, size, requiredShards, (a, b, k) => {
        if (contentBytesOf(a) !== contentBytesOf(b)) return;
        expect(new TransferLayout(contentBytesOf(a), k).shardBytesPerNode).toBe(new TransferLayout(contentBytesOf(b), k).shardBytesPerNode);
      }),
    );
  });

  test('refuses sizes and segments out of range', () => {
    for (const contentBytes of [0, MIN_CONTENT_BYTES - 1, MAX_CONTENT_BYTES + 1, 4096.5, NaN]) expect(() => new TransferLayout(contentBytes, 2)).toThrow(RangeError);
    const layout = new TransferLayout(MIN_CONTENT_BYTES, 2);
    for (const index of [-1, 1, 0.5, NaN]) expect(() => layout.segment(index)).toThrow(RangeError);
  });
});

test('redundancy survives the loss of half of any network from four nodes on', () => {
  for (let nodes = 3; nodes <= 40; nodes++) {
    const { requiredShards: k, totalShards: n, safeShards } = redundancyFor(nodes);
    expect(n).toBe(Math.min(24, nodes));
    expect(k).toBeGreaterThanOrEqual(2);
    expect(safeShards).toBeGreaterThan(k - 1);
    expect(safeShards).toBeLessThanOrEqual(n);
    if (nodes >= 4) expect(n - k).toBeGreaterThanOrEqual(n / 2);
  }
  expect(() => redundancyFor(2)).toThrow(RangeError);
  expect(() => redundancyFor(NaN)).toThrow(RangeError);
});
