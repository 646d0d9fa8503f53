/** One source of a rebuild: a node's streamed shards, taken a frame at a time into memory that the caller owns. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { FRAME_HEADER_BYTES, SendError, asSendError, parseFrameHeader, parseProblem, type FrameHeader, type Seat } from '../../shared/protocol/index.ts';

const MAX_PROBLEM_BYTES = 4096;
/** A shard may take as long as so many silences: with 15 s of patience a minute, 1 MiB at 140 kbit/s. */
const SILENCES_PER_SHARD = 4;

export class ShardSource {
  readonly shardIndex: number;
  readonly #response: IncomingMessage;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #silenceMs: number;
  #chunk: Uint8Array = new Uint8Array(0);
  #header: FrameHeader | null = null;
  /** By `performance.now`: who sends a byte now and then is never silent, and holds up everybody all the same. */
  #untilMs = 0;

  private constructor(shardIndex: number, response: IncomingMessage, silenceMs: number) {
    this.shardIndex = shardIndex;
    this.#response = response;
    this.#chunks = (response as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    this.#silenceMs = silenceMs;
    this.beginShard();
  }

  /**
   * @param silenceMs - after so long without a byte that was waited for, the source counts as slow.
   * @throws SendError what the node said, `node_unreachable` or `node_slow`.
   */
  static async open(seat: Seat, from: number, to: number, silenceMs: number): Promise<ShardSource> {
    const url = new URL(`v1/shards?from=${from}&to=${to}`, seat.url.endsWith('/') ? seat.url : `${seat.url}/`);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(url, { headers: { Authorization: `Shardsend-Order ${seat.order}` }, agent: false });
      const timer = setTimeout(() => request.destroy(new SendError('node_slow')), silenceMs);
      request.once('response', (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      request.on('error', (cause) => {
        clearTimeout(timer);
        reject(asSendError(cause, 'node_unreachable', "couldn't open a stream of shards"));
      });
      request.end();
    });
    const source = new ShardSource(seat.shardIndex, response, silenceMs);
    if (response.statusCode === 200) return source;
    const problem = await source.#readProblem();
    source.close();
    throw problem;
  }

  /** From now on the time counts in which the next shard, and what is skipped before it, must have come. */
  beginShard(): void {
    this.#untilMs = performance.now() + SILENCES_PER_SHARD * this.#silenceMs;
  }

  /**
   * The next frame's header; its bytes, if it has any, are to be taken with `read` before the next.
   * @throws SendError `node_unreachable`, `node_slow`, or `bad_request` for a malformed frame.
   */
  async nextFrame(): Promise<FrameHeader> {
    if (this.#header !== null) throw new RangeError('the frame before was not read');
    const header = new Uint8Array(FRAME_HEADER_BYTES);
    await this.#fill(header);
    const frame = parseFrameHeader(header);
    if (frame.held) this.#header = frame;
    return frame;
  }

  /** Takes the frame's bytes: into `into`, which has their size, or nowhere. */
  async read(into: Uint8Array | null): Promise<void> {
    const bytes = this.#header!.shardBytes;
    this.#header = null;
    if (into !== null) return await this.#fill(into);
    for (let left = bytes; left > 0;) {
      const chunk = await this.#some();
      const taken = Math.min(left, chunk.length);
      this.#chunk = chunk.subarray(taken);
      left -= taken;
    }
  }

  close(): void {
    this.#response.on('error', () => {});
    this.#response.destroy();
  }

  async #fill(into: Uint8Array): Promise<void> {
    for (let at = 0; at < into.length;) {
      const chunk = await this.#some();
      const taken = chunk.subarray(0, into.length - at);
      into.set(taken, at);
      at += taken.length;
      this.#chunk = chunk.subarray(taken.length);
    }
  }

  /** Bytes that have come: at least one. */
  async #some(): Promise<Uint8Array> {
    while (this.#chunk.length === 0) {
      const patienceMs = Math.max(0, Math.min(this.#silenceMs, this.#untilMs - performance.now()));
      const timer = setTimeout(() => this.#response.destroy(new SendError('node_slow')), patienceMs);
      try {
        const next = await this.#chunks.next();
        if (next.done === true) throw new SendError('node_unreachable', 'the stream of shards ended early');
        this.#chunk = next.value;
      } catch (thrown) {
        throw asSendError(thrown, 'node_unreachable', 'the stream of shards broke');
      } finally {
        clearTimeout(timer);
      }
    }
    return this.#chunk;
  }

  async #readProblem(): Promise<SendError> {
    const parts: Uint8Array[] = [];
    try {
      for (let bytes = 0; bytes < MAX_PROBLEM_BYTES;) {
        const part = await this.#some();
        parts.push(part);
        bytes += part.length;
        this.#chunk = new Uint8Array(0);
      }
    } catch {
      // the document's end, or all of it that will ever come
    }
    try {
      return parseProblem(JSON.parse(Buffer.concat(parts).toString('utf8')), 'node_unreachable');
    } catch {
      return new SendError('node_unreachable', 'the node answered with something else than shards');
    }
  }
}
