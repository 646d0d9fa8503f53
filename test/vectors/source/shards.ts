/** Erasure code and shard names: docs/protocol.md §4, §6. */
import { PATTERN_RULE, bytesOf, encodeShards, hex, leavesOf, patternBytes, proofOf, shardId } from './reference.ts';
import { ok, refused, type Vector } from './vector.ts';

export function erasureVectors(): Vector[] {
  const code = (k: number, n: number, shardBytes: number, comment: string): Vector[] => {
    const data = Array.from({ length: k }, (_, i) => bytesOf(`data ${k} of ${n}, ${i}`, shardBytes));
    const shards = encodeShards(data, n);
    const have = shards.map((_, i) => i).slice(n - k);
    const shared = { requiredShards: k, totalShards: n, shardBytes };
    return [
      ok(`erasure/encode-${k}-of-${n}`, comment, { kind: 'encode', ...shared, dataHex: data.map(hex) }, { parityHex: shards.slice(k).map(hex) }),
      ok(
        `erasure/rebuild-${k}-of-${n}`,
        'from the last k shards, everything before them',
        { kind: 'rebuild', ...shared, have, shardsHex: have.map((i) => hex(shards[i]!)) },
        { missingHex: shards.slice(0, n - k).map(hex) },
      ),
    ];
  };
  return [
    ...code(2, 3, 1, 'the smallest network, shards of one byte'),
    ...code(3, 6, 80, 'shards that are no whole number of blocks of 64 bytes'),
    ...code(10, 24, 64, 'the whole network'),
  ];
}

const LEAF = 65_536;

export function merkleVectors(): Vector[] {
  const sizes = [1, 64, LEAF - 1, LEAF, LEAF + 1, 2 * LEAF, 2 * LEAF + 1, 3 * LEAF, 4 * LEAF - 1, 5 * LEAF + 1, 7 * LEAF, 8 * LEAF + 1, 16 * LEAF - 64, 16 * LEAF];
  const vectors: Vector[] = [];
  for (const shardBytes of sizes) {
    const shard = patternBytes(shardBytes);
    const leaves = leavesOf(shard);
    vectors.push(
      ok(
        `merkle/shard-${String(shardBytes).padStart(7, '0')}`,
        `the name of ${shardBytes} bytes and the proofs of its ${leaves.length === 1 ? 'one leaf' : `${leaves.length} leaves`}`,
        { shardBytes, shardRule: PATTERN_RULE },
        { rootHex: hex(shardId(shard)), proofsHex: leaves.map((_, i) => proofOf(leaves, i).map(hex)) },
      ),
    );
  }

  const shardBytes = 2 * LEAF + 5;
  const shard = patternBytes(shardBytes);
  const leaves = leavesOf(shard);
  const proof = proofOf(leaves, 2);
  const leaf = shard.subarray(2 * LEAF);
  const root = shardId(shard);
  const claim = { rootHex: hex(root), shardBytes, leafIndex: 2, leafHex: hex(leaf), proofHex: proof.map(hex) };
  const bad = (name: string, comment: string, change: object): Vector => refused('shard_mismatch', `merkle-proof/${name}`, comment, { ...claim, ...change });
  vectors.push(
    ok('merkle-proof/last-leaf', 'a short last leaf, proven by one sibling', claim, {}),
    bad('flipped-leaf', 'one bit of the leaf', { leafHex: hex(Buffer.from(leaf.map((byte, i) => (i === 0 ? byte ^ 1 : byte)))) }),
    bad('short-leaf', 'the leaf without its last byte', { leafHex: hex(leaf.subarray(0, -1)) }),
    bad('long-leaf', 'the leaf with one byte more', { leafHex: hex(Buffer.concat([leaf, Buffer.alloc(1)])) }),
    bad('other-size', 'a proof for another size of shard', { shardBytes: shardBytes - 1 }),
    bad('other-index', 'another place in the tree', { leafIndex: 1 }),
    bad('index-beyond', 'no such leaf', { leafIndex: 3 }),
    bad('negative-index', 'no such leaf', { leafIndex: -1 }),
    bad('no-proof', 'siblings missing', { proofHex: [] }),
    bad('long-proof', 'one sibling too many', { proofHex: [...proof.map(hex), hex(bytesOf('sibling', 32))] }),
    bad('flipped-proof', 'one bit of a sibling', { proofHex: [hex(Buffer.from(proof[0]!.map((byte, i) => (i === 31 ? byte ^ 1 : byte))))] }),
    bad('short-sibling', 'a sibling of 31 bytes', { proofHex: [hex(proof[0]!.subarray(1))] }),
    bad('other-root', 'the root of another shard', { rootHex: hex(shardId(patternBytes(shardBytes + 1))) }),
  );
  return vectors;
}
