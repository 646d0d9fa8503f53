/** One node's streamed GET: a transfer's shards in order, each read straight into a buffer of its own. docs/protocol.md §9. */
import { SendError, asSendError } from '../../protocol/errors.ts';
import { FRAME_HEADER_BYTES, parseFrameHeader, type FrameHeader } from '../../protocol/fetch-frames.ts';
import type { Seat } from '../../protocol/messages.ts';
import { shardRequest, type SegmentRange } from '../../protocol/shard-request.ts';
import type { ClientDeps } from '../deps.ts';
import { readProblem } from '../read-problem.ts';
import { bodyReader, type BodyReader } from './body-reader.ts';

/** Less than this in some seconds is as good as nothing. */
const PROGRESS_BYTES = 4096;
const SKIP_BYTES = 64 * 1024;

export class ShardStream {
  readonly seat: Seat;
  /** The last one that it serves. */
  readonly lastSegment: number;
  /** The segment whose frame comes next. */
  position: number;
  /** When the stream last got on by `PROGRESS_BYTES` or a whole shard; for whoever decides that a node hangs or drips. */
  progressAtMs: number;
  /** When a read last ended, at first when the stream opened. */
  readAtMs: number;
  /** All that came over it. */
  movedBytes = 0;
  readonly #read: BodyReader;
  readonly #abort: AbortController;
  readonly #now: () => number;
  /** Since `progressAtMs`. */
  #receivedBytes = 0;
  #closed = false;

  private constructor(seat: Seat, range: SegmentRange, body: ReadableStream<Uint8Array>, abort: AbortController, now: () => number) {
    this.seat = seat;
    this.position = range.from;
    this.lastSegment = range.to;
    this.#read = bodyReader(body);
    this.#abort = abort;
    this.#now = now;
    this.progressAtMs = this.readAtMs = now();
  }

  /** @throws SendError: the node's refusal, or `node_unreachable`. */
  static async open(seat: Seat, range: SegmentRange, deps: ClientDeps, abort: AbortController): Promise<ShardStream> {
    try {
      const { url, init } = shardRequest(seat, range);
      const response = await deps.fetch(url, { ...init, signal: abort.signal });
      if (!response.ok || !response.body) throw await readProblem(response, 'node_unreachable');
      return new ShardStream(seat, range, response.body, abort, deps.now);
    } catch (thrown) {
      throw asSendError(thrown, 'node_unreachable', "couldn't open a stream from a node");
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Reads the next frame, which must be that of `segment`.
   *
   * @param takeRoom - asked once the shard is on its way: a buffer of at least `shardBytes`, which belongs to the
   * stream from then on. It is lost when the stream fails.
   * @returns the shard, at the start of that memory; null when the node does not hold it.
   * @throws SendError; the stream is then closed.
   */
  async readShard(segment: number, shardBytes: number, takeRoom: () => ArrayBuffer): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      while (this.position < segment) await this.#skip();
      const header = await this.#header();
      if (header.held && header.shardBytes !== shardBytes) throw new SendError('shard_mismatch', 'a shard of another size');
      const shard = header.held ? await this.#fill(takeRoom(), shardBytes) : null;
      this.position++;
      this.#progressed();
      return shard;
    } catch (thrown) {
      this.close();
      throw asSendError(thrown, 'node_unreachable', 'a node broke off its stream');
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#abort.abort();
  }

  async #skip(): Promise<void> {
    const { shardBytes } = await this.#header();
    let room = new ArrayBuffer(Math.min(SKIP_BYTES, shardBytes));
    for (let left = shardBytes; left > 0;) {
      const part = await this.#fill(room, Math.min(left, room.byteLength));
      left -= part.length;
      room = part.buffer;
    }
    this.position++;
  }

  async #header(): Promise<FrameHeader> {
    const header = parseFrameHeader(await this.#fill(new ArrayBuffer(FRAME_HEADER_BYTES), FRAME_HEADER_BYTES));
    if (header.segment !== this.position || header.shardIndex !== this.seat.shardIndex) throw new SendError('shard_mismatch', 'a frame out of order');
    return header;
  }

  /** Fills the first `bytes` bytes of `room`, whose memory the result then has. */
  async #fill(room: ArrayBuffer, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    let memory = room;
    for (let filled = 0; filled < bytes;) {
      const part = await this.#read(new Uint8Array(memory, filled, bytes - filled));
      if (this.#closed) throw new SendError('cancelled');
      if (!part) throw new SendError('node_unreachable', 'the stream ended early');
      memory = part.buffer;
      filled += part.length;
      this.#receivedBytes += part.length;
      this.movedBytes += part.length;
      if (this.#receivedBytes >= PROGRESS_BYTES) this.#progressed();
    }
    return new Uint8Array(memory, 0, bytes);
  }

  #progressed(): void {
    this.#receivedBytes = 0;
    this.progressAtMs = this.#now();
  }
}
