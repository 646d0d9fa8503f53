/** Frame headers of a node's streamed GET of shards. docs/protocol.md §9. */
import { ByteReader, ByteWriter } from './bytes.ts';
import { SendError } from './errors.ts';
import { MAX_SHARD_BYTES } from './limits.ts';

export const FRAME_HEADER_BYTES = 12;

export interface FrameHeader {
  readonly segment: number;
  /** False: the node does not hold this shard, and no bytes follow. */
  readonly held: boolean;
  readonly shardIndex: number;
  readonly shardBytes: number;
}

export const encodeFrameHeader = (frame: FrameHeader): Uint8Array<ArrayBuffer> =>
  new ByteWriter(FRAME_HEADER_BYTES)
    .u32(frame.segment)
    .u8(frame.held ? 0 : 1)
    .u8(frame.shardIndex)
    .u16(0)
    .u32(frame.shardBytes)
    .done();

/** @throws SendError `bad_request` for a header that no honest node sends. */
export function parseFrameHeader(bytes: Uint8Array): FrameHeader {
  const reader = new ByteReader(bytes);
  const segment = reader.u32();
  const status = reader.u8();
  const shardIndex = reader.u8();
  const reserved = reader.u16();
  const shardBytes = reader.u32();
  reader.end();
  const held = status === 0;
  if (status > 1 || reserved !== 0 || shardBytes > MAX_SHARD_BYTES || held !== shardBytes > 0) throw new SendError('bad_request', 'malformed frame');
  return { segment, held, shardIndex, shardBytes };
}
