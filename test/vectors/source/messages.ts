/** The binary messages between client and node: docs/protocol.md §9. */
import { bytesOf, hex, text, u32, u64, u8 } from './reference.ts';
import { ok, refused, type Vector } from './vector.ts';

const MAX_SHARD = 1_048_576;
const NO_SEGMENT = 0xffffffff;

export function storeVectors(): Vector[] {
  const order = bytesOf('order', 195);
  const root = bytesOf('root', 32);
  const statement = (segment: number, shardBytes: number): Buffer => Buffer.concat([u32(segment), u32(shardBytes), root]);
  const client = (name: string, comment: string, bytes: Buffer, output: object): Vector => ok(`store-client/${name}`, comment, { messageHex: hex(bytes) }, { ...output });
  const badClient = (name: string, comment: string, bytes: Buffer): Vector => refused('bad_request', `store-client/${name}`, comment, { messageHex: hex(bytes) });
  const node = (name: string, comment: string, bytes: Buffer, output: object): Vector => ok(`store-node/${name}`, comment, { messageHex: hex(bytes) }, { ...output });
  const badNode = (name: string, comment: string, bytes: Buffer): Vector => refused('bad_request', `store-node/${name}`, comment, { messageHex: hex(bytes) });
  const open = Buffer.concat([u8(1), order]);
  const shard = Buffer.concat([u8(2), statement(9, MAX_SHARD)]);
  const committed = Buffer.concat([u8(4), statement(0, 64), statement(1, 64), statement(7, 128)]);
  const signature = bytesOf('signature', 64);
  const receipt = (count: number, segments: readonly number[]): Buffer => Buffer.concat([u8(0x83), u64(1_795_000_000_000), signature, u32(count), ...segments.map(u32)]);
  const problem = (code: string): Buffer => text(JSON.stringify({ type: 'about:blank', status: 507, code, title: 'The storage node is full.' }));
  return [
    client('open', 'OPEN with an order', open, { type: 'open', orderHex: hex(order) }),
    client('shard', 'SHARD of the largest size', shard, { type: 'shard', segment: 9, shardBytes: MAX_SHARD, rootHex: hex(root) }),
    client('hold', 'HOLD of a shard', Buffer.concat([u8(5), statement(9, MAX_SHARD)]), { type: 'hold', segment: 9, shardBytes: MAX_SHARD, rootHex: hex(root) }),
    client('seal', 'SEAL', u8(3), { type: 'seal' }),
    client('committed', 'COMMITTED with three shards', committed, {
      type: 'committed',
      shards: [
        { segment: 0, shardBytes: 64, rootHex: hex(root) },
        { segment: 1, shardBytes: 64, rootHex: hex(root) },
        { segment: 7, shardBytes: 128, rootHex: hex(root) },
      ],
    }),
    client('largest-segment', 'the largest segment index', Buffer.concat([u8(2), statement(NO_SEGMENT - 1, 1)]), { type: 'shard', segment: NO_SEGMENT - 1, shardBytes: 1, rootHex: hex(root) }),
    badClient('empty', 'no bytes at all', Buffer.alloc(0)),
    badClient('unknown', 'an unknown type', u8(0x06)),
    badClient('of-a-node', 'a message that only nodes send', Buffer.concat([u8(0x82), u32(1)])),
    badClient('open-truncated', 'an order without its last byte', open.subarray(0, -1)),
    badClient('open-extended', 'one more byte', Buffer.concat([open, u8(0)])),
    badClient('shard-truncated', 'a root without its last byte', shard.subarray(0, -1)),
    badClient('shard-extended', 'one more byte', Buffer.concat([shard, u8(0)])),
    badClient('shard-of-nothing', 'a shard of no bytes', Buffer.concat([u8(2), statement(9, 0)])),
    badClient('shard-too-large', 'one byte more than a shard may have', Buffer.concat([u8(2), statement(9, MAX_SHARD + 1)])),
    badClient('shard-no-segment', 'the index that names no segment', Buffer.concat([u8(2), statement(NO_SEGMENT, 64)])),
    badClient('hold-truncated', 'a root without its last byte', Buffer.concat([u8(5), statement(9, 64)]).subarray(0, -1)),
    badClient('hold-extended', 'a HOLD with bytes', Buffer.concat([u8(5), statement(9, 64), u8(0)])),
    badClient('hold-no-segment', 'the index that names no segment', Buffer.concat([u8(5), statement(NO_SEGMENT, 64)])),
    badClient('seal-extended', 'one more byte', Buffer.from([3, 0])),
    badClient('committed-empty', 'a list of nothing', u8(4)),
    badClient('committed-truncated', 'a list that ends inside a shard', committed.subarray(0, -1)),
    badClient('committed-descending', 'segments that do not ascend', Buffer.concat([u8(4), statement(1, 64), statement(0, 64)])),
    badClient('committed-twice', 'one segment twice', Buffer.concat([u8(4), statement(1, 64), statement(1, 64)])),
    node('ready', 'READY', Buffer.concat([u8(0x81), u32(4)]), { type: 'ready', window: 4 }),
    node('stored', 'STORED', Buffer.concat([u8(0x82), u32(77)]), { type: 'stored', segment: 77 }),
    node('absent', 'ABSENT', Buffer.concat([u8(0x84), u32(77)]), { type: 'absent', segment: 77 }),
    node('receipt', 'RECEIPT for three segments', receipt(3, [0, 1, 9]), { type: 'receipt', storedAtMs: 1_795_000_000_000, signatureHex: hex(signature), segments: [0, 1, 9] }),
    node('problem', 'PROBLEM with one segment', Buffer.concat([u8(0xff), u32(3), problem('node_full')]), { type: 'problem', segment: 3, code: 'node_full' }),
    node('problem-of-connection', 'PROBLEM with the whole connection', Buffer.concat([u8(0xff), u32(NO_SEGMENT), problem('node_full')]), { type: 'problem', segment: null, code: 'node_full' }),
    node('problem-unknown-code', 'a code of a later version becomes `unavailable`', Buffer.concat([u8(0xff), u32(3), problem('node_on_fire')]), {
      type: 'problem',
      segment: 3,
      code: 'unavailable',
    }),
    badNode('empty', 'no bytes at all', Buffer.alloc(0)),
    badNode('unknown', 'an unknown type', u8(0x85)),
    badNode('ready-truncated', 'half a window', Buffer.from([0x81, 0, 0])),
    badNode('ready-extended', 'one more byte', Buffer.concat([u8(0x81), u32(4), u8(0)])),
    badNode('ready-window-0', 'no window', Buffer.concat([u8(0x81), u32(0)])),
    badNode('stored-truncated', 'half an index', Buffer.from([0x82, 0, 0])),
    badNode('absent-extended', 'one more byte', Buffer.concat([u8(0x84), u32(77), u8(0)])),
    badNode('receipt-short', 'fewer segments than it says', receipt(4, [0, 1, 9])),
    badNode('receipt-long', 'more segments than it says', receipt(2, [0, 1, 9])),
    badNode('receipt-huge', 'a count that no message could hold', receipt(0x40000003, [0, 1, 9])),
    badNode('receipt-descending', 'segments that do not ascend', receipt(2, [1, 0])),
    badNode('problem-not-json', 'a document that is no JSON', Buffer.concat([u8(0xff), u32(3), text('{')])),
    badNode('problem-too-long', 'a document of more than 4096 bytes', Buffer.concat([u8(0xff), u32(3), text(`"${'x'.repeat(4096)}"`)])),
  ];
}

export function frameVectors(): Vector[] {
  const encode = (segment: number, status: number, index: number, reserved: number, shardBytes: number): Buffer =>
    Buffer.concat([u32(segment), u8(status), u8(index), u8(reserved >> 8), u8(reserved & 255), u32(shardBytes)]);
  const good = (name: string, comment: string, segment: number, held: boolean, shardIndex: number, shardBytes: number): Vector =>
    ok(`fetch-frame/${name}`, comment, { headerHex: hex(encode(segment, held ? 0 : 1, shardIndex, 0, shardBytes)) }, { segment, held, shardIndex, shardBytes });
  const bad = (name: string, comment: string, bytes: Buffer): Vector => refused('bad_request', `fetch-frame/${name}`, comment, { headerHex: hex(bytes) });
  const header = encode(3, 0, 23, 0, 64);
  return [
    good('held', 'a shard that the node holds', 3, true, 23, MAX_SHARD),
    good('absent', 'a shard that it does not hold', 4, false, 23, 0),
    bad('unknown-status', 'status 2', encode(3, 2, 23, 0, 64)),
    bad('reserved', 'reserved bytes that are not zero', encode(3, 0, 23, 1, 64)),
    bad('held-of-nothing', 'held, with no bytes', encode(3, 0, 23, 0, 0)),
    bad('absent-with-bytes', 'absent, with bytes', encode(3, 1, 23, 0, 64)),
    bad('too-large', 'one byte more than a shard may have', encode(3, 0, 23, 0, MAX_SHARD + 1)),
    bad('extended', 'one more byte', Buffer.concat([header, u8(0)])),
    refused('bad_request', 'fetch-frame/truncated', 'the header cut to each of these lengths', { headerHex: hex(header), lengths: Array.from({ length: header.length }, (_, length) => length) }),
  ];
}
