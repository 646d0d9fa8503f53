/** Audits, inventories and the token of a node's page: docs/protocol.md §9, §10. */
import { hkdfSync } from 'node:crypto';
import { PATTERN_RULE, b64, bytesOf, hash, hex, keyPair, leavesOf, patternBytes, proofOf, shardId, text, u32, u64, u8 } from './reference.ts';
import { ok, refused, type Vector } from './vector.ts';

const LEAF = 65_536;
const EPOCH = 498_611;
const node = keyPair(bytesOf('node seed', 32));
const coordinator = keyPair(bytesOf('coordinator seed', 32));

interface Held {
  readonly transferId: string;
  readonly shardIndex: number;
  readonly firstSegment: number;
  readonly segmentCount: number;
  readonly shardBytes: number;
  readonly lastShardBytes: number;
}

interface Leaf {
  readonly transferId: string;
  readonly segment: number;
  readonly leaf: number;
}

/** Every leaf's place, one by one: slow, and plain. `startsAt` counts from the first byte that the node holds. */
function placesOf(holdings: readonly Held[]): { places: (Leaf & { startsAt: bigint })[]; total: bigint } {
  const places: (Leaf & { startsAt: bigint })[] = [];
  let total = 0n;
  for (const held of holdings) {
    for (let i = 0; i < held.segmentCount; i++) {
      const size = i === held.segmentCount - 1 ? held.lastShardBytes : held.shardBytes;
      for (let leaf = 0; leaf * LEAF < size; leaf++) places.push({ transferId: held.transferId, segment: held.firstSegment + i, leaf, startsAt: total + BigInt(leaf * LEAF) });
      total += BigInt(size);
    }
  }
  return { places, total };
}

function picks(seed: Buffer, holdings: readonly Held[], count: number): Leaf[] {
  const { places, total } = placesOf(holdings);
  const stream = Buffer.concat(Array.from({ length: count }, (_, i) => hash(seed, u32(i))));
  const picked: Leaf[] = [];
  for (let draw = 0; draw < 4 * count && picked.length < count; draw++) {
    const byte = (stream.readBigUInt64BE(8 * draw) * total) >> 64n;
    const { transferId, segment, leaf } = places.findLast(({ startsAt }) => startsAt <= byte)!;
    if (!picked.some((one) => one.transferId === transferId && one.segment === segment && one.leaf === leaf)) picked.push({ transferId, segment, leaf });
  }
  return picked;
}

export function auditVectors(): Vector[] {
  const signature = coordinator.sign(Buffer.concat([text('shardsend/1 beacon\0'), u64(EPOCH)]));
  const beacon = hash(signature);
  const seed = hash(text('shardsend/1 audit'), beacon, node.publicKey, u64(EPOCH));
  const ids = [0, 1, 2, 3].map((i) => b64(bytesOf(`held ${i}`, 16))).toSorted((a, b) => (a < b ? -1 : 1));
  const run = (transferId: string, firstSegment: number, segmentCount: number, shardBytes: number, lastShardBytes = shardBytes): Held => ({
    transferId,
    shardIndex: 3,
    firstSegment,
    segmentCount,
    shardBytes,
    lastShardBytes,
  });
  const large = [run(ids[0]!, 0, 40, 1_048_576, 700_032), run(ids[1]!, 0, 1, 448), run(ids[2]!, 0, 3, 1_048_576), run(ids[2]!, 5, 2, 1_048_576, 64), run(ids[3]!, 0, 1, LEAF + 1)];
  const small = [run(ids[0]!, 0, 1, 200_000), run(ids[1]!, 7, 1, 64)];
  const given = { coordinatorSeedHex: hex(coordinator.seed), nodeIdHex: hex(node.publicKey), epoch: EPOCH };
  const chosen = { signatureHex: hex(signature), beaconHex: hex(beacon), seedHex: hex(seed) };
  const pick = (name: string, comment: string, holdings: readonly Held[], count: number): Vector =>
    ok(`audit/${name}`, comment, { ...given, holdings, count }, { ...chosen, leaves: picks(seed, holdings, count) });
  return [
    pick('sixteen', 'an audit of 16 leaves', large, 16),
    pick('sixty-four', 'an audit in quarantine', large, 64),
    pick('few', 'a node that holds fewer leaves than are asked: after 64 draws the audit is as large as it has become', small, 16),
    pick('nothing-twice', 'one leaf is asked for once', [run(ids[0]!, 0, 1, 100)], 16),
  ];
}

export function proofVectors(): Vector[] {
  const header = (status: number, hashes: number, reserved: number, bytes: number): Buffer => Buffer.concat([u8(status), u8(hashes), Buffer.from([reserved >> 8, reserved & 255]), u32(bytes)]);
  const proof = (name: string, comment: string, shardBytes: number, leaf: number): Vector => {
    const shard = patternBytes(shardBytes);
    const data = shard.subarray(leaf * LEAF, (leaf + 1) * LEAF);
    const path = proofOf(leavesOf(shard), leaf);
    const start = Buffer.concat([header(0, path.length, 0, data.length)]);
    return ok(
      `audit-answer/${name}`,
      comment,
      { shardBytes, shardRule: PATTERN_RULE, leaf, headerHex: hex(start) },
      { held: true, rootHex: hex(shardId(shard)), dataHashHex: hex(hash(data)), pathHex: path.map(hex), answerHashHex: hex(hash(start, data, ...path)) },
    );
  };
  const bad = (name: string, comment: string, bytes: Buffer): Vector => refused('bad_request', `audit-answer/${name}`, comment, { headerHex: hex(bytes) });
  const whole = header(0, 4, 0, LEAF);
  return [
    proof('first-of-sixteen', 'a leaf of the largest shard', 16 * LEAF, 0),
    proof('last-short', 'a last leaf of one byte, whose path is short', 2 * LEAF + 1, 2),
    proof('only', 'a shard of one leaf has no path', 448, 0),
    ok('audit-answer/absent', 'the node says that it does not hold the shard', { headerHex: hex(header(1, 0, 0, 0)) }, { held: false }),
    bad('absent-with-bytes', 'absent, and yet bytes', header(1, 0, 0, 5)),
    bad('absent-with-path', 'absent, and yet a path', header(1, 1, 0, 0)),
    bad('held-of-nothing', 'held, but no byte', header(0, 0, 0, 0)),
    bad('long-leaf', 'more than a leaf', header(0, 4, 0, LEAF + 1)),
    bad('long-path', 'more siblings than a tree of 16 leaves has', header(0, 5, 0, LEAF)),
    bad('reserved', 'a reserved bit', header(0, 4, 1, LEAF)),
    bad('unknown-status', 'status 2', header(2, 0, 0, 0)),
    bad('extended', 'one more byte', Buffer.concat([whole, u8(0)])),
    refused('bad_request', 'audit-answer/truncated', 'the header cut to each of these lengths', { headerHex: hex(whole), lengths: [0, 1, 2, 3, 4, 5, 6, 7] }),
  ];
}

export function inventoryVectors(): Vector[] {
  const ids = [0x30, 0x3f, 0x31, 0x3f].map((first, i) => Buffer.concat([u8(first), bytesOf(`listed ${i}`, 15)]));
  const digest = (name: string, comment: string, listed: readonly { id: Buffer; shards: number }[]): Vector => {
    const rows = listed.toSorted((a, b) => Buffer.compare(a.id, b.id)).map(({ id, shards }) => Buffer.concat([id, u32(shards)]));
    return ok(
      `inventory/${name}`,
      comment,
      { transfers: listed.map(({ id, shards }) => ({ transferIdB64: b64(id), shards })) },
      { bucket: listed.length === 0 ? null : listed[0]!.id[0]! >> 4, digestHex: hex(hash(...rows)) },
    );
  };
  return [
    digest('empty', 'a bucket of nothing', []),
    digest('one', 'one transfer', [{ id: ids[0]!, shards: 1 }]),
    digest(
      'four',
      'four transfers of one bucket, not in their order: the digest is over them ascending',
      ids.map((id, i) => ({ id, shards: [7, 4_294_967_295, 1, 40][i]! })),
    ),
  ];
}

export function viewTokenVectors(): Vector[] {
  const token = Buffer.from(hkdfSync('sha256', node.seed, new Uint8Array(0), text('shardsend/1 view'), 32));
  return [
    ok(
      'view-token/node',
      'what reads the status of a node, and its hash, which the coordinator knows',
      { nodeSeedHex: hex(node.seed), coordinator: 'https://send.example' },
      { tokenHex: hex(token), hashHex: hex(hash(token)), page: `https://send.example/network#${b64(node.publicKey)}.${b64(token)}` },
    ),
  ];
}
