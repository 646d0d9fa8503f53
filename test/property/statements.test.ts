import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deletionBytes, encodeHex, expiryBytes, receiptBytes, type DeletionStatement, type ExpiryStatement } from '../../shared/protocol/index.ts';
import { nodeId, shardIndex, statements, transferId, u64 } from './arbitrary.ts';

const u32 = fc.nat(0xffffffff);
const expiry: fc.Arbitrary<ExpiryStatement> = fc.record({ transferId, nodeId, shardExpiresAtMs: u64, shards: u32 });
const deletion: fc.Arbitrary<DeletionStatement> = fc.record({ transferId, nodeId, deletedAtMs: u64, shards: u32, bytes: u64 });

test('an expiry statement signs each of its fields: two that differ anywhere are different bytes of one length', () => {
  fc.assert(
    fc.property(expiry, expiry, fc.constantFrom('transferId', 'nodeId', 'shardExpiresAtMs', 'shards'), (one, other, field) => {
      const changed = { ...one, [field]: other[field] };
      const isSame = String(one[field]) === String(other[field]);
      expect(encodeHex(expiryBytes(one)) === encodeHex(expiryBytes(changed))).toBe(isSame);
      expect(expiryBytes(changed).length).toBe(expiryBytes(one).length);
    }),
  );
});

test('what a node signs of one kind begins as nothing of another kind does', () => {
  const receipt = fc.record({ transferId, nodeId, shardIndex, shardExpiresAtMs: u64, storedAtMs: u64, shards: statements });
  fc.assert(
    fc.property(expiry, deletion, receipt, (kept, gone, stored) => {
      const labels = [expiryBytes(kept), deletionBytes(gone), receiptBytes(stored)].map((bytes) => new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0))));
      expect(labels).toEqual(['shardsend/1 expiry', 'shardsend/1 deleted', 'shardsend/1 receipt']);
    }),
  );
});
