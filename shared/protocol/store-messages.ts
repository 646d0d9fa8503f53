/** The binary messages of the store WebSocket, one codec for both ends. docs/protocol.md §9. */
import { ByteReader, ByteWriter, KEY_BYTES, SIGNATURE_BYTES, asShardId, concatBytes, utf8, type ShardId } from './bytes.ts';
import { problemOf } from './error-sentences.ts';
import { SendError, parseProblem, type ErrorCode } from './errors.ts';
import { MAX_SHARD_BYTES } from './limits.ts';
import { ORDER_BYTES } from './order.ts';
import { encodeStatements, type ShardStatement } from './receipt.ts';

export type ClientMessage =
  | { readonly type: 'open'; readonly order: Uint8Array }
  | { readonly type: 'committed'; readonly shards: readonly ShardStatement[]; readonly encoded: Uint8Array }
  | { readonly type: 'shard'; readonly segment: number; readonly shardBytes: number; readonly root: ShardId }
  | ({ readonly type: 'hold' } & ShardStatement)
  | { readonly type: 'seal' };

export type NodeMessage =
  | { readonly type: 'ready'; readonly window: number }
  | { readonly type: 'stored'; readonly segment: number }
  | { readonly type: 'absent'; readonly segment: number }
  | { readonly type: 'receipt'; readonly storedAtMs: number; readonly signature: Uint8Array; readonly segments: readonly number[] }
  | { readonly type: 'problem'; readonly segment: number | null; readonly error: SendError };

const OPEN = 0x01,
  SHARD = 0x02,
  SEAL = 0x03,
  COMMITTED = 0x04,
  HOLD = 0x05,
  READY = 0x81,
  STORED = 0x82,
  RECEIPT = 0x83,
  ABSENT = 0x84,
  PROBLEM = 0xff;
const NO_SEGMENT = 0xffffffff;
const STATEMENT_BYTES = 8 + KEY_BYTES;
/** The largest client message that is not shard bytes: a COMMITTED list of 16,384 shards. */
export const MAX_CONTROL_BYTES = 1 + 16_384 * STATEMENT_BYTES;

export const encodeOpen = (order: Uint8Array): Uint8Array<ArrayBuffer> => concatBytes(Uint8Array.of(OPEN), order);
export const encodeCommitted = (shards: readonly ShardStatement[]): Uint8Array<ArrayBuffer> => concatBytes(Uint8Array.of(COMMITTED), encodeStatements(shards));
export const encodeShardHeader = (shard: ShardStatement): Uint8Array<ArrayBuffer> => encodeStatement(SHARD, shard);
export const encodeHold = (shard: ShardStatement): Uint8Array<ArrayBuffer> => encodeStatement(HOLD, shard);
export const encodeSeal = (): Uint8Array<ArrayBuffer> => Uint8Array.of(SEAL);

export const encodeReady = (window: number): Uint8Array<ArrayBuffer> => new ByteWriter(5).u8(READY).u32(window).done();
export const encodeStored = (segment: number): Uint8Array<ArrayBuffer> => new ByteWriter(5).u8(STORED).u32(segment).done();
export const encodeAbsent = (segment: number): Uint8Array<ArrayBuffer> => new ByteWriter(5).u8(ABSENT).u32(segment).done();
export function encodeReceipt(storedAtMs: number, signature: Uint8Array, segments: readonly number[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(1 + 8 + SIGNATURE_BYTES + 4 + 4 * segments.length).u8(RECEIPT).u64(storedAtMs).put(signature).u32(segments.length);
  for (const segment of segments) writer.u32(segment);
  return writer.done();
}
export const encodeProblem = (code: ErrorCode, segment: number | null): Uint8Array<ArrayBuffer> =>
  concatBytes(
    new ByteWriter(5)
      .u8(PROBLEM)
      .u32(segment ?? NO_SEGMENT)
      .done(),
    utf8(JSON.stringify(problemOf(code))),
  );

/** @throws SendError `bad_request` on anything but exactly one client message. */
export function parseClientMessage(bytes: Uint8Array): ClientMessage {
  const reader = new ByteReader(bytes);
  const type = reader.u8();
  let message: ClientMessage;
  switch (type) {
    case OPEN:
      message = { type: 'open', order: reader.bytes(ORDER_BYTES) };
      break;
    case COMMITTED: {
      const encoded = bytes.subarray(1);
      const shards: ShardStatement[] = [];
      if (reader.left === 0 || reader.left % STATEMENT_BYTES !== 0 || bytes.length > MAX_CONTROL_BYTES) throw new SendError('bad_request', 'malformed list of shards');
      while (reader.left > 0) {
        const shard = readStatement(reader);
        if (shard.segment <= (shards.at(-1)?.segment ?? -1)) throw new SendError('bad_request', 'segments must ascend');
        shards.push(shard);
      }
      message = { type: 'committed', shards, encoded };
      break;
    }
    case SHARD:
      message = { type: 'shard', ...readStatement(reader) };
      break;
    case HOLD:
      message = { type: 'hold', ...readStatement(reader) };
      break;
    case SEAL:
      message = { type: 'seal' };
      break;
    default:
      throw new SendError('bad_request', 'unknown message');
  }
  reader.end();
  return message;
}

const encodeStatement = (type: number, { segment, shardBytes, root }: ShardStatement): Uint8Array<ArrayBuffer> =>
  new ByteWriter(9 + KEY_BYTES).u8(type).u32(segment).u32(shardBytes).put(root).done();

function readStatement(reader: ByteReader): ShardStatement {
  const segment = reader.u32();
  const shardBytes = reader.u32();
  if (segment === NO_SEGMENT || shardBytes === 0 || shardBytes > MAX_SHARD_BYTES) throw new SendError('bad_request', 'segment or size is out of range');
  return { segment, shardBytes, root: asShardId(reader.bytes(KEY_BYTES).slice()) };
}

/** @throws SendError `bad_request` on anything but exactly one node message. */
export function parseNodeMessage(bytes: Uint8Array): NodeMessage {
  const reader = new ByteReader(bytes);
  const type = reader.u8();
  let message: NodeMessage;
  switch (type) {
    case READY:
      message = { type: 'ready', window: reader.u32() };
      if (message.window < 1 || message.window > 1024) throw new SendError('bad_request', 'window is out of range');
      break;
    case STORED:
      message = { type: 'stored', segment: reader.u32() };
      break;
    case ABSENT:
      message = { type: 'absent', segment: reader.u32() };
      break;
    case RECEIPT: {
      const storedAtMs = reader.u64();
      const signature = reader.bytes(SIGNATURE_BYTES).slice();
      const count = reader.u32();
      if (count * 4 !== reader.left) throw new SendError('bad_request', 'malformed receipt');
      const segments: number[] = [];
      for (let i = 0; i < count; i++) {
        const segment = reader.u32();
        if (segment <= (segments.at(-1) ?? -1)) throw new SendError('bad_request', 'segments must ascend');
        segments.push(segment);
      }
      message = { type: 'receipt', storedAtMs, signature, segments };
      break;
    }
    case PROBLEM: {
      const segment = reader.u32();
      if (reader.left > 4096) throw new SendError('bad_request', 'problem is too long');
      message = { type: 'problem', segment: segment === NO_SEGMENT ? null : segment, error: parseProblem(parseJson(reader.bytes(reader.left))) };
      break;
    }
    default:
      throw new SendError('bad_request', 'unknown message');
  }
  reader.end();
  return message;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SendError('bad_request', 'JSON expected', { cause });
  }
}
