/** Arbitrary values of the protocol's types. */
import fc from 'fast-check';
import { asLinkSecret, asNodeId, asShardId, asTransferId, MAX_SHARD_BYTES, type ManifestFile, type Order, type ShardStatement } from '../../shared/protocol/index.ts';

export const bytes = (length: number): fc.Arbitrary<Uint8Array<ArrayBuffer>> => fc.uint8Array({ minLength: length, maxLength: length });
export const someBytes = (maxLength: number): fc.Arbitrary<Uint8Array<ArrayBuffer>> => fc.uint8Array({ maxLength, size: 'max' });
export const transferId = bytes(16).map(asTransferId);
export const nodeId = bytes(32).map(asNodeId);
export const shardId = bytes(32).map(asShardId);
export const linkSecret = bytes(32).map(asLinkSecret);
/** A whole number that a u64 field may carry. */
export const u64 = fc.maxSafeNat();
export const segmentIndex = fc.nat(0xfffffffe);
export const shardIndex = fc.nat(23);
export const shardBytes = fc.integer({ min: 1, max: MAX_SHARD_BYTES });
export const ascendingSegments = fc.uniqueArray(segmentIndex, { maxLength: 20 }).map((list) => list.toSorted((a, b) => a - b));

export const statements: fc.Arbitrary<ShardStatement[]> = fc
  .uniqueArray(fc.record({ segment: segmentIndex, shardBytes, root: shardId }), { selector: ({ segment }) => segment, minLength: 1, maxLength: 20 })
  .map((list) => list.toSorted((a, b) => a.segment - b.segment));

export const order: fc.Arbitrary<Order> = fc.record({
  action: fc.constantFrom('store', 'fetch', 'delete', 'rebuild', 'audit', 'extend'),
  serial: bytes(16),
  transferId,
  nodeId,
  shardIndex: fc.nat(255),
  maxBytes: u64,
  shardExpiresAtMs: u64,
  notBeforeMs: u64,
  expiresAtMs: u64,
  commitment: bytes(32),
});

const component = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .map((name) => name.replaceAll(/[/\0]/g, '_'))
  .filter((name) => name !== '.' && name !== '..' && new TextEncoder().encode(name).length <= 255);
export const manifestPath = fc.array(component, { minLength: 1, maxLength: 5 }).map((names) => names.join('/'));
export const manifestFiles: fc.Arbitrary<ManifestFile[]> = fc.uniqueArray(
  fc.record({
    path: manifestPath,
    bytes: fc.nat(2 ** 31 - 1),
    type: fc.constantFrom('', 'text/plain', 'application/octet-stream'),
    modifiedMs: fc.option(fc.integer({ min: -(10 ** 13), max: 10 ** 13 })),
  }),
  { selector: (file) => file.path, minLength: 1, maxLength: 12 },
);
