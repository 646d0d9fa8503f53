/**
 * One rebuild: k verified shards of each segment in, the missing ones out to their nodes. docs/protocol.md §9.
 *
 * Nothing here is trusted: every shard is compared with its root when it comes and when it was rebuilt, and the targets
 * compare once more. Memory is two segments, one that fills while the other is sent.
 */
import { ErasureCodec, type ShardSet } from '../../shared/erasure/index.ts';
import { shardRoot } from '../../shared/merkle/index.ts';
import {
  KEY_BYTES,
  STORE_WINDOW_SHARDS,
  SendError,
  asSendError,
  asShardId,
  decodeB64,
  equalBytes,
  type ErrorCode,
  type Problem,
  type Rebuild,
  type RebuildReport,
  type Seat,
  type ShardId,
} from '../../shared/protocol/index.ts';
import type { JobTerms } from './job-terms.ts';
import { ShardSource } from './shard-source.ts';
import { ShardTarget } from './shard-target.ts';

const SLOTS = 2;
const MAX_PROBLEMS = 256;

interface Segment {
  readonly index: number;
  readonly shardBytes: number;
  readonly roots: readonly ShardId[];
}

interface TargetSeat {
  readonly seat: Rebuild['targets'][number];
  readonly segments: ReadonlySet<number>;
  /** Null when it failed: the others go on. */
  target: ShardTarget | null;
}

/** Runs to its end, or to the end of its time, whatever single nodes do. */
export async function runRebuild(job: Rebuild, terms: JobTerms): Promise<RebuildReport> {
  return await new RebuildJob(job, terms).run();
}

class RebuildJob {
  readonly #job: Rebuild;
  readonly #terms: JobTerms;
  readonly #segments: readonly Segment[];
  readonly #spares: Seat[];
  readonly #problems = new Map<string, Problem>();
  readonly #timeUp = Promise.withResolvers<void>();
  #sources: ShardSource[] = [];
  #targets: readonly TargetSeat[] = [];
  /** Nothing more is fetched or sent: what is left is the next job's. */
  #isOver = false;

  constructor(job: Rebuild, terms: JobTerms) {
    this.#job = job;
    this.#terms = terms;
    this.#segments = job.segments.map(({ index, shardBytes, roots }) => ({ index, shardBytes, roots: splitRoots(roots) }));
    this.#spares = [...job.sources];
  }

  async run(): Promise<RebuildReport> {
    const { requiredShards, totalShards, jobId } = this.#job;
    const maxShardBytes = Math.max(...this.#segments.map(({ shardBytes }) => shardBytes));
    const codec = await ErasureCodec.create({ requiredShards, totalShards, maxShardBytes, slots: SLOTS });
    const cancelTimers = this.#startTimers();
    try {
      this.#targets = await Promise.all(this.#job.targets.map((seat) => this.#openTarget(seat)));
      await Promise.race([this.#rebuildAll(codec), this.#timeUp.promise]);
      this.#endWork();
      const receipts = await Promise.all(this.#targets.map((target) => this.#seal(target)));
      return { jobId, receipts: receipts.filter((receipt) => receipt !== null), problems: [...this.#problems.values()].slice(0, MAX_PROBLEMS) };
    } finally {
      cancelTimers();
      this.#endWork();
      for (const { target } of this.#targets) target?.close();
    }
  }

  /** Of a job's time the end is kept for receipts: as long as a target may take for all that it still has in work, but a third at most. */
  #startTimers(): () => void {
    const { clock, silenceMs, reportAtMs } = this.#terms;
    const leftMs = Math.max(0, reportAtMs - clock.nowMs());
    const sealMs = Math.min(STORE_WINDOW_SHARDS * silenceMs, leftMs / 3);
    const cancels = [
      clock.after(leftMs - sealMs, () => this.#timeUp.resolve()),
      clock.after(leftMs, () => {
        for (const { target } of this.#targets) target?.giveUp();
      }),
    ];
    return () => {
      for (const cancel of cancels) cancel();
    };
  }

  #endWork(): void {
    this.#isOver = true;
    for (const source of this.#sources) source.close();
  }

  async #rebuildAll(codec: ErasureCodec): Promise<void> {
    let sending: Promise<unknown> = Promise.resolve();
    for (const [i, segment] of this.#segments.entries()) {
      const set = codec.slot(i % SLOTS);
      const wanting = this.#targets.filter(({ target, segments }) => target !== null && segments.has(segment.index));
      const have = await this.#gather(segment, set);
      await sending; // the other slot is free again, and so at most one segment waits for slow targets
      if (this.#isOver) return;
      if (have === null) {
        for (const { seat } of wanting) this.#note(seat.shardIndex, 'not_enough_shards');
        continue;
      }
      sending = this.#rebuild(segment, set, have, wanting);
    }
    await sending;
  }

  /** Fills the set with verified shards of one segment. @returns their indexes, or null when there are too few. */
  async #gather(segment: Segment, set: ShardSet): Promise<number[] | null> {
    const required = this.#job.requiredShards;
    const have = new Set<number>();
    const take = async (source: ShardSource): Promise<void> => {
      try {
        if (await this.#takeShard(source, segment, set)) have.add(source.shardIndex);
        else this.#note(source.shardIndex, 'shard_absent');
      } catch (thrown) {
        this.#drop(source, asSendError(thrown, 'node_unreachable', 'the source failed').code);
      }
    };
    await Promise.all(this.#sources.map(take));
    while (have.size < required && this.#spares.length > 0 && !this.#isOver) {
      const next = this.#spares.splice(0, required - have.size);
      await Promise.all(
        next.map(async (seat) => {
          const source = await this.#openSource(seat, segment.index);
          if (source !== null) await take(source);
        }),
      );
    }
    return have.size < required ? null : [...have];
  }

  /** @returns false when the source does not hold it. @throws SendError for a source that is not to be asked again. */
  async #takeShard(source: ShardSource, segment: Segment, set: ShardSet): Promise<boolean> {
    source.beginShard();
    for (;;) {
      const frame = await source.nextFrame();
      if (frame.segment > segment.index) throw new SendError('bad_request', 'the source skipped a segment');
      if (frame.segment < segment.index) {
        if (frame.held) await source.read(null);
        continue;
      }
      if (!frame.held) return false;
      if (frame.shardBytes !== segment.shardBytes || frame.shardIndex !== source.shardIndex) throw new SendError('shard_mismatch');
      const bytes = set.shard(source.shardIndex, frame.shardBytes);
      await source.read(bytes);
      if (!equalBytes(await shardRoot(bytes), segment.roots[source.shardIndex]!)) throw new SendError('shard_mismatch');
      return true;
    }
  }

  async #openSource(seat: Seat, from: number): Promise<ShardSource | null> {
    try {
      const source = await ShardSource.open(seat, { from, to: this.#segments.at(-1)!.index }, this.#terms);
      this.#sources.push(source);
      if (this.#isOver) source.close();
      return source;
    } catch (thrown) {
      this.#note(seat.shardIndex, asSendError(thrown, 'node_unreachable', "couldn't open a source").code);
      return null;
    }
  }

  #drop(source: ShardSource, code: ErrorCode): void {
    if (this.#isOver) return; // closed here: no fault of its own
    this.#note(source.shardIndex, code);
    source.close();
    this.#sources = this.#sources.filter((other) => other !== source);
  }

  async #openTarget(seat: Rebuild['targets'][number]): Promise<TargetSeat> {
    const segments = new Set(seat.segments);
    const committed = this.#segments
      .filter(({ index }) => segments.has(index))
      .map(({ index, shardBytes, roots }) => ({ segment: index, shardBytes, root: roots[seat.shardIndex]! }));
    try {
      return { seat, segments, target: await ShardTarget.open(seat, committed, this.#terms) };
    } catch (thrown) {
      this.#note(seat.shardIndex, asSendError(thrown, 'node_unreachable', "couldn't open a target").code);
      return { seat, segments, target: null };
    }
  }

  /** Computes what the targets want and sends it. Never rejects. */
  async #rebuild(segment: Segment, set: ShardSet, have: readonly number[], wanting: readonly TargetSeat[]): Promise<void> {
    const missing = wanting.map(({ seat }) => seat.shardIndex).filter((index) => !have.includes(index));
    if (missing.length > 0) set.reconstruct(segment.shardBytes, have.slice(0, this.#job.requiredShards), missing);
    await Promise.all(wanting.map((target) => this.#deliver(segment, set, target)));
  }

  async #deliver(segment: Segment, set: ShardSet, wanting: TargetSeat): Promise<void> {
    const { shardIndex } = wanting.seat;
    const root = segment.roots[shardIndex]!;
    const bytes = set.shard(shardIndex, segment.shardBytes);
    try {
      // The sender committed to roots that are not one code word: nobody can rebuild this shard.
      if (!equalBytes(await shardRoot(bytes), root)) return this.#note(shardIndex, 'shard_mismatch');
      await wanting.target?.send({ segment: segment.index, shardBytes: segment.shardBytes, root }, bytes);
    } catch (thrown) {
      this.#fail(wanting, thrown);
    }
  }

  async #seal(wanting: TargetSeat): Promise<RebuildReport['receipts'][number] | null> {
    const { target, seat } = wanting;
    if (target === null) return null;
    try {
      const receipt = await target.seal();
      if (target.refused !== null) this.#note(seat.shardIndex, target.refused.code);
      return receipt;
    } catch (thrown) {
      this.#fail(wanting, thrown);
      return null;
    }
  }

  #fail(wanting: TargetSeat, thrown: unknown): void {
    this.#note(wanting.seat.shardIndex, asSendError(thrown, 'node_unreachable', 'the target failed').code);
    wanting.target?.close();
    wanting.target = null;
  }

  #note(shardIndex: number, code: ErrorCode): void {
    this.#problems.set(`${shardIndex} ${code}`, { shardIndex, code });
  }
}

function splitRoots(roots: string): ShardId[] {
  const bytes = decodeB64(roots);
  return Array.from({ length: bytes.length / KEY_BYTES }, (_, i) => asShardId(bytes.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES)));
}
