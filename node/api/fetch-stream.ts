/** Streams a transfer's shards from the disk, in order, at the pace of whoever reads. docs/protocol.md §9. */
import type { ServerResponse } from 'node:http';
import { FRAME_HEADER_BYTES, SendError, encodeFrameHeader, type Order, type SegmentRange } from '../../shared/protocol/index.ts';
import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';
import { SHARD_HEADER_BYTES } from '../store/shard-header.ts';
import type { OpenShard, ShardStore } from '../store/shard-store.ts';
import { answerHeaders } from './answers.ts';
import { ClientLeft, Sink } from './sink.ts';

/** Segments that one request may span: more than a transfer can have. */
export const MAX_SPAN_SEGMENTS = 2 ** 20;
const ABSENT_FRAMES_A_WRITE = 4096;

export interface FetchContext {
  readonly store: ShardStore;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/**
 * Resolves when all was handed to the platform, or the client left.
 *
 * @throws SendError `order_budget` before anything was sent.
 */
export async function streamShards(response: ServerResponse, order: Order, range: SegmentRange, context: FetchContext): Promise<void> {
  const { store, metrics } = context;
  const { transferId, shardIndex } = order;
  if (store.totalsBetween(transferId, shardIndex, range.from, range.to).bytes > order.maxBytes) throw new SendError('order_budget');
  response.writeHead(200, answerHeaders('application/octet-stream'));
  const sink = new Sink(response, context.clock);
  let leftBytes = order.maxBytes;
  try {
    for (let segment = range.from; segment <= range.to;) {
      const shard = await store.openFrom(transferId, shardIndex, segment, range.to);
      try {
        await sendAbsent(sink, shardIndex, segment, shard === null ? range.to : shard.row.segment - 1);
        if (shard === null) break;
        leftBytes -= shard.row.shardBytes; // more may have been stored since the budget was compared
        if (leftBytes < 0) throw new SendError('order_budget');
        await sendShard(sink, shard);
        metrics.add('fetched_shards_total');
        metrics.add('fetched_bytes_total', shard.row.shardBytes);
        segment = shard.row.segment + 1;
      } finally {
        shard?.file.close();
      }
    }
    await sink.flushed();
    response.end();
  } catch (thrown) {
    response.destroy(); // a stream that ends early must not look whole
    if (!(thrown instanceof ClientLeft)) throw thrown;
  } finally {
    sink.release();
  }
}

async function sendAbsent(sink: Sink, shardIndex: number, from: number, to: number): Promise<void> {
  for (let first = from; first <= to; first += ABSENT_FRAMES_A_WRITE) {
    const last = Math.min(to, first + ABSENT_FRAMES_A_WRITE - 1);
    const frames = new Uint8Array((last - first + 1) * FRAME_HEADER_BYTES);
    for (let segment = first; segment <= last; segment++)
      frames.set(encodeFrameHeader({ segment, held: false, shardIndex, shardBytes: 0 }), (segment - first) * FRAME_HEADER_BYTES);
    await sink.write(frames);
  }
}

/** Reads the file from its start: the frame's header takes the place of the end of the file's own, and no byte is copied. */
async function sendShard(sink: Sink, { file, row }: OpenShard): Promise<void> {
  const end = SHARD_HEADER_BYTES + row.shardBytes;
  for (let at = 0; at < end;) {
    const buffer = await sink.buffer();
    const wanted = Math.min(buffer.length, end - at);
    const bytesRead = await file.read(buffer, wanted, at);
    if (bytesRead < wanted) throw new Error('a shard file became shorter while it was read');
    let start = 0;
    if (at === 0) {
      start = SHARD_HEADER_BYTES - FRAME_HEADER_BYTES;
      buffer.set(encodeFrameHeader({ segment: row.segment, held: true, shardIndex: row.shardIndex, shardBytes: row.shardBytes }), start);
    }
    sink.send(buffer, start, wanted);
    at += wanted;
  }
}
