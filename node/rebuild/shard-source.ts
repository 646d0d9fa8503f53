/** One source of a rebuild: a node's streamed shards, taken a frame at a time into memory that the caller owns. */
import {
  FRAME_HEADER_BYTES,
  SendError,
  asSendError,
  parseFrameHeader,
  parseProblem,
  shardRequest,
  type FrameHeader,
  type Seat,
  type SegmentRange,
} from '../../shared/protocol/index.ts';
import type { JobTerms } from './job-terms.ts';

const MAX_PROBLEM_BYTES = 4096;
/** A shard may take as long as so many silences: with 15 s of patience a minute, 1 MiB at 140 kbit/s. */
const SILENCES_PER_SHARD = 4;

export const longestShardMs = (silenceMs: number): number => SILENCES_PER_SHARD * silenceMs;

type Patience = Pick<JobTerms, 'clock' | 'silenceMs'>;

export class ShardSource {
  readonly shardIndex: number;
  readonly #body: ReadableStreamDefaultReader<Uint8Array> | null;
  readonly #abort: AbortController;
  readonly #patience: Patience;
  #chunk: Uint8Array = new Uint8Array(0);
  #header: FrameHeader | null = null;
  /** Who sends a byte now and then is never silent, and holds up everybody all the same. */
  #untilMs = 0;

  private constructor(shardIndex: number, response: Response, abort: AbortController, patience: Patience) {
    this.shardIndex = shardIndex;
    this.#body = response.body?.getReader() ?? null;
    this.#abort = abort;
    this.#patience = patience;
    this.beginShard();
  }

  /** @throws SendError what the node said, `node_unreachable`, or `node_slow` after a silence. */
  static async open(seat: Seat, range: SegmentRange, patience: Patience): Promise<ShardSource> {
    const abort = new AbortController();
    const response = await inTime(patience.silenceMs, abort, patience, async () => {
      const { url, init } = shardRequest(seat, range);
      return await fetch(url, { ...init, signal: abort.signal });
    });
    const source = new ShardSource(seat.shardIndex, response, abort, patience);
    if (response.ok) return source;
    const problem = await source.#readProblem();
    source.close();
    throw problem;
  }

  /** From now on the time counts in which the next shard, and what is skipped before it, must have come. */
  beginShard(): void {
    this.#untilMs = this.#patience.clock.nowMs() + longestShardMs(this.#patience.silenceMs);
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
    this.#abort.abort(new SendError('cancelled'));
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
    const { clock, silenceMs } = this.#patience;
    while (this.#chunk.length === 0) {
      const next = await inTime(Math.min(silenceMs, this.#untilMs - clock.nowMs()), this.#abort, this.#patience, async () => await this.#body?.read());
      if (next?.value === undefined) throw new SendError('node_unreachable', 'the stream of shards ended early');
      this.#chunk = next.value;
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

/** Ends what takes longer than `patienceMs` as `node_slow`. */
async function inTime<T>(patienceMs: number, abort: AbortController, { clock }: Patience, work: () => Promise<T>): Promise<T> {
  const cancel = clock.after(Math.max(0, patienceMs), () => abort.abort(new SendError('node_slow')));
  try {
    return await work();
  } catch (thrown) {
    throw asSendError(thrown, 'node_unreachable', 'the stream of shards broke');
  } finally {
    cancel();
  }
}
