/**
 * Fetches k verified shards of one segment after the other: from k nodes at first, each through one long stream, and
 * from others as soon as one lies, hangs, drips or vanishes.
 */
import { shardRoot } from '../../merkle/index.ts';
import { equalBytes, type ShardId } from '../../protocol/bytes.ts';
import { SendError, asSendError, type ErrorCode } from '../../protocol/errors.ts';
import type { Pace, Seat } from '../../protocol/messages.ts';
import type { SegmentRange } from '../../protocol/shard-request.ts';
import type { ClientDeps } from '../deps.ts';
import { describeProblems } from '../problems.ts';
import { PaceMeter, pacesOf } from '../pace.ts';
import type { NodeProblem } from '../types.ts';
import type { ShardRooms } from './shard-rooms.ts';
import { ShardStream } from './shard-stream.ts';

const TICK_MS = 100;
/** A shard is late when it takes so many times what the first half took, but never earlier than this. */
const LATE_FACTOR = 3;
const SHORTEST_LATE_MS = 1_000;
/** A node that sends next to nothing for this long hangs: others are asked as well. */
const SILENT_MS = 5_000;
/** For this long: it is not waited for any more, even where there is nobody else. */
const HOPELESS_MS = 20_000;
/** An order that came with the claim is used only while it is surely still good. */
const ORDER_USED_WITHIN_MS = 10 * 60_000;
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
  /** Until when `seat.order` may be used; 0 once it was. */
  orderGoodUntilMs: number;
  /** Ends the request that is being answered. */
  opening: AbortController | null;
  stream: ShardStream | null;
  /** Answered with wrong bytes, or not at all: never asked again. */
  given: 'nothing' | 'lies' | null;
  readonly pace: PaceMeter;
  failures: number;
}

interface Attempt {
  readonly shardIndex: number;
  readonly source: Source;
  readonly startedAtMs: number;
  state: 'running' | 'held' | 'absent' | 'failed';
  /** The verified shard, once it is held. */
  room: ArrayBuffer | null;
  late: boolean;
  /** Set when the segment is complete without it, or it is hopeless. */
  dropped: boolean;
}

export class Gatherer {
  readonly problems: NodeProblem[] = [];
  readonly #sources: Map<number, Source>;
  readonly #requiredShards: number;
  readonly #newSeat: (shardIndex: number) => Promise<Seat>;
  readonly #deps: ClientDeps;
  readonly #signal: AbortSignal;
  /** What the coordinator said, if it refused an order for good. */
  #refusal: SendError | null = null;

  /** @param newSeat - gets a fresh order for a node from the coordinator. */
  constructor(options: { seats: readonly Seat[]; requiredShards: number; newSeat(shardIndex: number): Promise<Seat>; signal: AbortSignal }, deps: ClientDeps) {
    const orderGoodUntilMs = deps.now() + ORDER_USED_WITHIN_MS;
    this.#sources = new Map(
      options.seats.map((seat) => [seat.shardIndex, { seat, orderGoodUntilMs, opening: null, stream: null, given: null, pace: new PaceMeter(), failures: 0 }]),
    );
    this.#requiredShards = options.requiredShards;
    this.#newSeat = options.newSeat;
    this.#signal = options.signal;
    this.#deps = deps;
  }

  /**
   * @param rooms - give the shards their memory, and get back what was not needed.
   * @param lastSegment - up to which the streams that are opened here serve.
   * @returns exactly k verified shards by their index, each at the start of its buffer.
   * @throws SendError `not_enough_shards`, `cancelled`, or why the coordinator gives no orders any more.
   */
  async gather(segment: SegmentSources, rooms: ShardRooms, lastSegment: number): Promise<Map<number, ArrayBuffer>> {
    const attempts = new Map<number, Attempt>();
    const startedAtMs = this.#deps.now();
    const chances = [...SECOND_CHANCES_MS];
    let halfMs: number | null = null;
    let wake: () => void = () => undefined;
    const count = (test: (attempt: Attempt) => boolean): number => [...attempts.values()].filter(test).length;
    const start = (shardIndex: number): void => {
      const attempt: Attempt = { shardIndex, source: this.#sources.get(shardIndex)!, startedAtMs: this.#deps.now(), state: 'running', room: null, late: false, dropped: false };
      attempts.set(shardIndex, attempt);
      void this.#fetch(attempt, segment, rooms, lastSegment).then((state) => {
        attempt.state = state;
        wake();
      });
    };
    try {
      for (;;) {
        const held = count(({ state }) => state === 'held');
        if (held >= this.#requiredShards) break;
        if (this.#refusal) throw this.#refusal;
        if (held * 2 >= this.#requiredShards) halfMs ??= this.#deps.now() - startedAtMs;
        this.#markLate(attempts, halfMs);
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
      // Whatever still runs was not needed.
      for (const attempt of attempts.values()) {
        if (attempt.state !== 'running') continue;
        if (attempt.late) this.#blame(attempt, 'node_slow');
        this.#leave(attempt);
      }
    }
    const held = [...attempts.values()].filter(({ state }) => state === 'held').toSorted((a, b) => a.shardIndex - b.shardIndex);
    rooms.give(held.splice(this.#requiredShards).map(({ room }) => room!));
    return new Map(held.map(({ shardIndex, room }) => [shardIndex, room!]));
  }

  /** How fast the nodes were so far, each over the median of all that were asked. */
  paces(): Pace[] {
    return pacesOf(
      [...this.#sources].map(([shardIndex, { pace }]) => [shardIndex, pace] as const),
      this.#deps.now(),
    );
  }

  close(): void {
    for (const source of this.#sources.values()) this.#drop(source);
  }

  /** Nodes to ask next for this segment, best first: open streams, then honest ones, data shards before parity. */
  #candidates(segment: SegmentSources, attempts: ReadonlyMap<number, Attempt>): number[] {
    const usable = segment.stored.filter((index) => !attempts.has(index) && this.#sources.get(index)?.given === null);
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
      if (state !== 'failed' || source.given !== null) continue;
      attempts.delete(index);
      any = true;
    }
    return any;
  }

  #markLate(attempts: ReadonlyMap<number, Attempt>, halfMs: number | null): void {
    const now = this.#deps.now();
    const limitMs = halfMs === null ? Infinity : Math.max(SHORTEST_LATE_MS, LATE_FACTOR * halfMs);
    for (const attempt of attempts.values()) {
      if (attempt.state !== 'running') continue;
      const { source, startedAtMs } = attempt;
      const silentMs = now - Math.max(startedAtMs, source.stream?.progressAtMs ?? startedAtMs);
      attempt.late ||= now - startedAtMs > limitMs || silentMs > SILENT_MS;
      if (silentMs <= HOPELESS_MS) continue;
      this.#blame(attempt, 'node_slow');
      this.#leave(attempt);
      attempt.state = 'failed';
      source.given = 'nothing';
    }
  }

  #blame({ source }: Attempt, code: ErrorCode): void {
    this.#report(source.seat, code);
    source.failures++;
  }

  #leave(attempt: Attempt): void {
    attempt.dropped = true;
    this.#drop(attempt.source);
  }

  async #fetch(attempt: Attempt, segment: SegmentSources, rooms: ShardRooms, lastSegment: number): Promise<Attempt['state']> {
    const { source, shardIndex } = attempt;
    try {
      const stream = await this.#streamFor(source, { from: segment.index, to: lastSegment });
      if (attempt.dropped) throw new SendError('cancelled');
      const shard = await this.#readTimed(source, stream, segment, rooms);
      if (!shard) throw new SendError('shard_absent');
      const named = equalBytes(await shardRoot(shard), segment.roots[shardIndex]!);
      if (attempt.dropped || !named) rooms.give([shard.buffer]);
      if (attempt.dropped) return 'failed';
      if (!named) throw new SendError('shard_mismatch');
      attempt.room = shard.buffer;
      return 'held';
    } catch (thrown) {
      if (attempt.dropped) return 'failed'; // the source may be another attempt's by now
      const error = asSendError(thrown, 'node_unreachable', "couldn't fetch a shard");
      if (error.code === 'shard_absent') {
        this.#report(source.seat, error.code);
        return 'absent';
      }
      if (error.code === 'shard_mismatch') source.given = 'lies';
      if (error.code !== 'cancelled') this.#blame(attempt, error.code);
      this.#drop(source);
      return 'failed';
    }
  }

  /** Reads, and enters what came since the stream was last read. */
  async #readTimed({ pace }: Source, stream: ShardStream, segment: SegmentSources, rooms: ShardRooms): ReturnType<ShardStream['readShard']> {
    const { movedBytes, readAtMs } = stream;
    try {
      return await stream.readShard(segment.index, segment.shardBytes, () => rooms.take());
    } finally {
      stream.readAtMs = this.#deps.now();
      pace.add(stream.movedBytes - movedBytes, stream.readAtMs - readAtMs);
    }
  }

  async #streamFor(source: Source, range: SegmentRange): Promise<ShardStream> {
    const { stream } = source;
    if (stream && !stream.closed && stream.position <= range.from && range.from <= stream.lastSegment) return stream;
    this.#drop(source);
    const opening = new AbortController();
    source.opening = opening;
    if (this.#signal.aborted) throw new SendError('cancelled');
    this.#signal.addEventListener('abort', () => opening.abort(), { once: true, signal: opening.signal });
    if (this.#deps.now() >= source.orderGoodUntilMs) source.seat = await this.#seatWithOrder(source);
    source.orderGoodUntilMs = 0;
    const opened = await ShardStream.open(source.seat, range, this.#deps, opening);
    if (source.opening !== opening) {
      opened.close();
      throw new SendError('cancelled');
    }
    source.opening = null;
    source.stream = opened;
    return opened;
  }

  /** Whatever goes wrong here is no fault of the node. */
  async #seatWithOrder({ seat }: Source): Promise<Seat> {
    try {
      return await this.#newSeat(seat.shardIndex);
    } catch (thrown) {
      const error = asSendError(thrown, 'unavailable', "couldn't get an order");
      if (error.code !== 'offline' && error.code !== 'unavailable' && error.code !== 'internal' && error.code !== 'too_many_requests') this.#refusal ??= error;
      throw new SendError('cancelled', 'no order', { cause: error });
    }
  }

  #drop(source: Source): void {
    source.opening?.abort();
    source.opening = null;
    source.stream?.close();
    source.stream = null;
  }

  #report({ shardIndex, nodeId, url }: Seat, code: ErrorCode): void {
    if (this.problems.some((known) => known.shardIndex === shardIndex && known.code === code)) return;
    this.problems.push({ shardIndex, nodeId, url, code });
  }

  #lacking(segment: SegmentSources, held: number): SendError {
    return new SendError('not_enough_shards', `segment ${segment.index}: ${held} of ${this.#requiredShards} needed shards could be fetched${describeProblems(this.problems)}`);
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
