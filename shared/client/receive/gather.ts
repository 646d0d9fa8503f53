/**
 * Fetches k verified shards of one segment after the other: from k nodes at first, each through one long stream, and
 * from others as soon as one lies, hangs, drips or vanishes.
 */
import type { ShardSet } from '../../erasure/index.ts';
import { shardRoot } from '../../merkle/index.ts';
import { equalBytes, type ShardId } from '../../protocol/bytes.ts';
import { SendError, asSendError, type ErrorCode } from '../../protocol/errors.ts';
import type { Seat } from '../../protocol/messages.ts';
import type { ClientDeps } from '../deps.ts';
import type { NodeProblem } from '../types.ts';
import { ShardStream } from './shard-stream.ts';

const TICK_MS = 100;
/** A shard is late when it takes so many times what the first half took, but never earlier than this. */
const LATE_FACTOR = 3;
const SHORTEST_LATE_MS = 1_000;
/** A node that sends nothing for this long hangs. */
const SILENT_MS = 5_000;
/** When nobody is left, those who failed without lying are asked again after these pauses. */
const SECOND_CHANCES_MS = [250, 1_000, 2_500];

export interface SegmentSources {
  readonly index: number;
  readonly shardBytes: number;
  readonly roots: readonly ShardId[];
  /** Shard indexes whose node has signed for this segment. */
  readonly stored: readonly number[];
}

interface Source {
  seat: Seat;
  orderUsed: boolean;
  stream: ShardStream | null;
  /** Answered with wrong bytes: never asked again. */
  lied: boolean;
  failures: number;
}

interface Attempt {
  readonly shardIndex: number;
  readonly source: Source;
  state: 'running' | 'held' | 'absent' | 'failed';
  late: boolean;
  /** Set when the segment is complete without it: it must not write any more. */
  dropped: boolean;
}

export class Gatherer {
  readonly problems: NodeProblem[] = [];
  readonly #sources: Map<number, Source>;
  readonly #requiredShards: number;
  readonly #lastSegment: number;
  readonly #newSeat: (shardIndex: number) => Promise<Seat>;
  readonly #deps: ClientDeps;
  readonly #signal: AbortSignal;

  /** @param newSeat - gets a fresh order for a node from the coordinator. */
  constructor(options: { seats: readonly Seat[]; requiredShards: number; lastSegment: number; newSeat(shardIndex: number): Promise<Seat>; signal: AbortSignal }, deps: ClientDeps) {
    this.#sources = new Map(options.seats.map((seat) => [seat.shardIndex, { seat, orderUsed: false, stream: null, lied: false, failures: 0 }]));
    this.#requiredShards = options.requiredShards;
    this.#lastSegment = options.lastSegment;
    this.#newSeat = options.newSeat;
    this.#signal = options.signal;
    this.#deps = deps;
  }

  /**
   * @param set - receives the shards; must not be touched until this resolved.
   * @returns the indexes of exactly k verified shards, ascending.
   * @throws SendError `not_enough_shards` or `cancelled`.
   */
  async gather(set: ShardSet, segment: SegmentSources): Promise<number[]> {
    const attempts = new Map<number, Attempt>();
    const startedAtMs = this.#deps.now();
    const chances = [...SECOND_CHANCES_MS];
    let halfMs: number | null = null;
    let wake: () => void = () => undefined;
    const count = (test: (attempt: Attempt) => boolean): number => [...attempts.values()].filter(test).length;
    const start = (shardIndex: number): void => {
      const attempt: Attempt = { shardIndex, source: this.#sources.get(shardIndex)!, state: 'running', late: false, dropped: false };
      attempts.set(shardIndex, attempt);
      void this.#fetch(attempt, set, segment).then((state) => {
        attempt.state = state;
        wake();
      });
    };
    try {
      for (;;) {
        const held = count(({ state }) => state === 'held');
        if (held >= this.#requiredShards) break;
        if (held * 2 >= this.#requiredShards) halfMs ??= this.#deps.now() - startedAtMs;
        this.#markLate(attempts, startedAtMs, halfMs);
        const promising = count(({ state, late }) => state === 'held' || (state === 'running' && !late));
        const more = this.#candidates(segment, attempts).slice(0, this.#requiredShards - promising);
        more.forEach(start);
        const alive = held + count(({ state }) => state === 'running');
        if (alive < this.#requiredShards) {
          const pauseMs = chances.shift();
          if (pauseMs === undefined || !this.#forgive(attempts)) throw this.#lacking(segment, held);
          await this.#deps.delay(pauseMs, this.#signal);
          continue;
        }
        await this.#pause((resume) => (wake = resume));
      }
    } finally {
      // Whatever still runs was not needed: closing keeps it from writing to the slot later.
      for (const attempt of attempts.values()) {
        if (attempt.state !== 'running') continue;
        attempt.dropped = true;
        if (attempt.late) {
          this.#report(attempt.source.seat, 'node_slow');
          attempt.source.failures++;
        }
        this.#drop(attempt.source);
      }
    }
    return [...attempts.values()]
      .filter(({ state }) => state === 'held')
      .map(({ shardIndex }) => shardIndex)
      .toSorted((a, b) => a - b)
      .slice(0, this.#requiredShards);
  }

  close(): void {
    for (const source of this.#sources.values()) this.#drop(source);
  }

  /** Nodes to ask next for this segment, best first: open streams, then honest ones, data shards before parity. */
  #candidates(segment: SegmentSources, attempts: ReadonlyMap<number, Attempt>): number[] {
    const usable = segment.stored.filter((index) => !attempts.has(index) && this.#sources.get(index)?.lied === false);
    const rank = (index: number): number => {
      const { stream, failures } = this.#sources.get(index)!;
      return failures * 1000 + (stream ? 0 : 100) + index;
    };
    return usable.toSorted((a, b) => rank(a) - rank(b));
  }

  /** @returns whether there is anybody to ask again. */
  #forgive(attempts: Map<number, Attempt>): boolean {
    let any = false;
    for (const [index, { state, source }] of attempts) {
      if (state !== 'failed' || source.lied) continue;
      attempts.delete(index);
      any = true;
    }
    return any;
  }

  #markLate(attempts: ReadonlyMap<number, Attempt>, startedAtMs: number, halfMs: number | null): void {
    const now = this.#deps.now();
    const limitMs = halfMs === null ? Infinity : Math.max(SHORTEST_LATE_MS, LATE_FACTOR * halfMs);
    for (const attempt of attempts.values()) {
      if (attempt.state !== 'running' || attempt.late) continue;
      const heardMs = Math.max(startedAtMs, attempt.source.stream?.lastByteAtMs ?? startedAtMs);
      attempt.late = now - startedAtMs > limitMs || now - heardMs > SILENT_MS;
    }
  }

  async #fetch(attempt: Attempt, set: ShardSet, segment: SegmentSources): Promise<Attempt['state']> {
    const { source, shardIndex } = attempt;
    try {
      const stream = await this.#streamFor(source, segment.index);
      if (attempt.dropped) throw new SendError('cancelled');
      const into = set.shard(shardIndex, segment.shardBytes);
      if (!(await stream.readShard(segment.index, into))) throw new SendError('shard_absent');
      if (!equalBytes(await shardRoot(into), segment.roots[shardIndex]!)) throw new SendError('shard_mismatch');
      return 'held';
    } catch (thrown) {
      const error = asSendError(thrown, 'node_unreachable', "couldn't fetch a shard");
      if (error.code === 'cancelled') {
        this.#drop(source);
        return 'failed';
      }
      this.#report(source.seat, error.code);
      if (error.code === 'shard_absent') return 'absent';
      if (error.code === 'shard_mismatch') source.lied = true;
      source.failures++;
      this.#drop(source);
      return 'failed';
    }
  }

  async #streamFor(source: Source, from: number): Promise<ShardStream> {
    const { stream } = source;
    if (stream && !stream.closed && stream.position <= from) return stream;
    this.#drop(source);
    if (source.orderUsed) source.seat = await this.#newSeat(source.seat.shardIndex);
    source.orderUsed = true;
    const abort = new AbortController();
    if (this.#signal.aborted) throw new SendError('cancelled');
    this.#signal.addEventListener('abort', () => abort.abort(), { once: true, signal: abort.signal });
    const opened = await ShardStream.open(source.seat, { from, to: this.#lastSegment }, this.#deps, abort);
    source.stream = opened;
    return opened;
  }

  #drop(source: Source): void {
    source.stream?.close();
    source.stream = null;
  }

  #report({ shardIndex, nodeId, url }: Seat, code: ErrorCode): void {
    if (this.problems.some((known) => known.shardIndex === shardIndex && known.code === code)) return;
    this.problems.push({ shardIndex, nodeId, url, code });
  }

  #lacking(segment: SegmentSources, held: number): SendError {
    const missing = this.problems.map(({ shardIndex, code }) => `node ${shardIndex}: ${code}`).join(', ');
    return new SendError('not_enough_shards', `segment ${segment.index}: ${held} of ${this.#requiredShards} needed shards could be fetched${missing ? ` (${missing})` : ''}`);
  }

  /** Until something settled, or a moment passed in which something may have become late. */
  async #pause(onWake: (resume: () => void) => void): Promise<void> {
    const timer = new AbortController();
    const abort = (): void => timer.abort();
    this.#signal.addEventListener('abort', abort, { once: true });
    await Promise.race([new Promise<void>((resolve) => onWake(resolve)), this.#deps.delay(TICK_MS, timer.signal).catch(() => undefined)]);
    timer.abort();
    this.#signal.removeEventListener('abort', abort);
    if (this.#signal.aborted) throw new SendError('cancelled');
  }
}
