/** One node's streamed GET: a transfer's shards in order, read straight into the codec's memory. docs/protocol.md §9. */
import { SendError, asSendError } from '../../protocol/errors.ts';
import { FRAME_HEADER_BYTES, parseFrameHeader } from '../../protocol/fetch-frames.ts';
import type { Seat } from '../../protocol/messages.ts';
import type { ClientDeps } from '../deps.ts';
import { readProblem } from '../read-problem.ts';

/** Less than this in some seconds is as good as nothing. */
const PROGRESS_BYTES = 4096;

const READ_BUFFER_BYTES = 256 * 1024;

export class ShardStream {
  readonly seat: Seat;
  /** The segment whose frame comes next. */
  position: number;
  /** When the stream last got on by `PROGRESS_BYTES` or a whole shard; for whoever decides that a node hangs or drips. */
  progressAtMs: number;
  readonly #reader: ChunkReader;
  readonly #abort: AbortController;
  readonly #now: () => number;
  #chunk: Uint8Array = new Uint8Array(0);
  /** Since `progressAtMs`. */
  #receivedBytes = 0;
  #closed = false;

  private constructor(seat: Seat, from: number, body: ReadableStream<Uint8Array>, abort: AbortController, now: () => number) {
    this.seat = seat;
    this.position = from;
    this.#reader = chunkReader(body);
    this.#abort = abort;
    this.#now = now;
    this.progressAtMs = now();
  }

  /** @param range - segments `from` to `to`, inclusive. @throws SendError: the node's refusal, or `node_unreachable`. */
  static async open(seat: Seat, range: { from: number; to: number }, deps: ClientDeps, abort: AbortController): Promise<ShardStream> {
    try {
      const response = await deps.fetch(`${seat.url.replace(/\/$/, '')}/v1/shards?from=${range.from}&to=${range.to}`, {
        headers: { Authorization: `Shardsend-Order ${seat.order}` },
        signal: abort.signal,
        cache: 'no-store',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        redirect: 'error',
      });
      if (!response.ok || !response.body) throw await readProblem(response, 'node_unreachable');
      return new ShardStream(seat, range.from, response.body, abort, deps.now);
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
   * @param into - exactly the shard's size. After `close` nothing more is written to it.
   * @returns false when the node does not hold the shard.
   * @throws SendError; the stream is then closed.
   */
  async readShard(segment: number, into: Uint8Array): Promise<boolean> {
    try {
      while (this.position < segment) await this.#skip();
      const header = await this.#header();
      if (header.held && header.shardBytes !== into.length) throw new SendError('shard_mismatch', 'a shard of another size');
      if (header.held) await this.#fill(into);
      this.position++;
      this.#progressed();
      return header.held;
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
    const { held, shardBytes } = await this.#header();
    for (let left = held ? shardBytes : 0; left > 0;) {
      if (this.#chunk.length === 0) await this.#pull();
      const part = this.#chunk.subarray(0, left);
      left -= part.length;
      this.#chunk = this.#chunk.subarray(part.length);
    }
    this.position++;
  }

  async #header() {
    const bytes = new Uint8Array(FRAME_HEADER_BYTES);
    await this.#fill(bytes);
    const header = parseFrameHeader(bytes);
    if (header.segment !== this.position || header.shardIndex !== this.seat.shardIndex) throw new SendError('shard_mismatch', 'a frame out of order');
    return header;
  }

  async #fill(into: Uint8Array): Promise<void> {
    for (let filled = 0; filled < into.length;) {
      if (this.#chunk.length === 0) await this.#pull();
      const part = this.#chunk.subarray(0, into.length - filled);
      into.set(part, filled);
      filled += part.length;
      this.#chunk = this.#chunk.subarray(part.length);
    }
  }

  async #pull(): Promise<void> {
    const value = await this.#reader();
    if (this.#closed) throw new SendError('cancelled');
    if (!value) throw new SendError('node_unreachable', 'the stream ended early');
    this.#chunk = value;
    this.#receivedBytes += value.length;
    if (this.#receivedBytes >= PROGRESS_BYTES) this.#progressed();
  }

  #progressed(): void {
    this.#receivedBytes = 0;
    this.progressAtMs = this.#now();
  }
}

/** Gives the next bytes, or null at the end. A chunk is gone with the next call. */
type ChunkReader = () => Promise<Uint8Array | null>;

/** Reads into one buffer again and again where the platform can: a gigabyte of chunks would be a gigabyte of garbage. */
function chunkReader(body: ReadableStream<Uint8Array>): ChunkReader {
  let byob: ReadableStreamBYOBReader;
  try {
    byob = body.getReader({ mode: 'byob' });
  } catch {
    // Not a byte stream: WebKit's bodies are not.
    const reader = body.getReader();
    return async () => (await reader.read()).value ?? null;
  }
  let buffer = new ArrayBuffer(READ_BUFFER_BYTES);
  return async () => {
    const { done, value } = await byob.read(new Uint8Array(buffer));
    if (done || !value) return null;
    buffer = value.buffer;
    return value;
  };
}
