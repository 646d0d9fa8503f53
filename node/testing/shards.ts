/** Shards of random bytes, and what a fetch stream says of them. */
import { randomBytes } from 'node:crypto';
import { shardRoot } from '../../shared/merkle/index.ts';
import { FRAME_HEADER_BYTES, asShardId, encodeB64, parseFrameHeader, type ShardStatement } from '../../shared/protocol/index.ts';

export interface TestShard extends ShardStatement {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export async function makeShard(segment: number, shardBytes: number): Promise<TestShard> {
  const bytes = Uint8Array.from(randomBytes(shardBytes));
  return { segment, shardBytes, root: asShardId(await shardRoot(bytes)), bytes };
}

export interface Frame {
  readonly segment: number;
  readonly shardIndex: number;
  /** Null: absent. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
}

export function splitFrames(stream: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < stream.length;) {
    const header = parseFrameHeader(stream.subarray(at, at + FRAME_HEADER_BYTES));
    at += FRAME_HEADER_BYTES;
    if (at + header.shardBytes > stream.length) throw new Error('the stream ended within a frame');
    frames.push({ segment: header.segment, shardIndex: header.shardIndex, bytes: header.held ? Uint8Array.from(stream.subarray(at, at + header.shardBytes)) : null });
    at += header.shardBytes;
  }
  return frames;
}

export const fetchRange = (nodeUrl: string, order: Uint8Array, from: number, to: number, init: RequestInit = {}): Promise<Response> =>
  fetch(`${nodeUrl}/v1/shards?from=${from}&to=${to}`, { ...init, headers: { Authorization: `Shardsend-Order ${encodeB64(order)}` } });

export async function fetchFrames(nodeUrl: string, order: Uint8Array, from: number, to: number): Promise<Frame[]> {
  const response = await fetchRange(nodeUrl, order, from, to);
  if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
  return splitFrames(new Uint8Array(await response.arrayBuffer()));
}

/** The code of a problem document. */
export async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { code: string };
  return body.code;
}
