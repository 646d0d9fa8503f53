/**
 * Feeds an upload's segments to a round of it: read, seal, code, name, store, commit. A segment lives in one slot of the
 * codec's memory from its first byte until it is safe. What has a name already is never sealed under another one.
 */
import type { ShardSet } from '../../erasure/index.ts';
import { equalBytes, KEY_BYTES, type ContentSecret } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import type { TransferLayout } from '../../protocol/layout.ts';
import type { ClientDeps, SourceFile } from '../deps.ts';
import { describeProblems } from '../problems.ts';
import type { NodeProblem } from '../types.ts';
import { CommitBatches } from './commit-batches.ts';
import { ContentReader } from './content-reader.ts';
import { surveyHeld } from './hold-survey.ts';
import { SealingBuffers, nameShards, sealSegment } from './seal-segment.ts';
import type { SegmentBook } from './segment-book.ts';
import type { UploadJob } from './segment-uploader.ts';
import type { UploadJournal, UploadPlan } from './upload-journal.ts';
import type { UploadProgress } from './upload-progress.ts';
import type { UploadRound } from './upload-round.ts';

/** Rounds of sending again that bring not one receipt, before the upload has failed. */
const BARREN_ROUNDS = 3;

export interface FeedInput {
  readonly files: readonly SourceFile[];
  readonly secret: ContentSecret;
  readonly plan: UploadPlan;
  readonly layout: TransferLayout;
  /** What has a name. */
  readonly book: SegmentBook;
  /** Null: it cannot be resumed. */
  readonly journal: UploadJournal | null;
  readonly progress: UploadProgress;
  /** Met by the upload so far. */
  problems(): readonly NodeProblem[];
}

export class SegmentFeed {
  readonly #input: FeedInput;
  readonly #deps: ClientDeps;
  readonly #buffers = new SealingBuffers();
  /** Of segments that are sealed and not named yet. */
  readonly #salts = new Map<number, Uint8Array>();

  constructor(input: FeedInput, deps: ClientDeps) {
    this.#input = input;
    this.#deps = deps;
  }

  /** First what has a name, then the rest in order; then again what lost shards between acknowledgement and receipt. */
  async sendAll(round: UploadRound, sets: readonly ShardSet[]): Promise<void> {
    const { book } = this.#input;
    let lacking = await this.#sendNamed(round, sets, book.lacking);
    lacking.push(...(await this.#sendFresh(round, sets)));
    for (let barren = 0; lacking.length > 0;) {
      const before = book.countLacking(lacking);
      lacking = await this.#sendNamed(round, sets, lacking);
      barren = book.countLacking(lacking) < before ? 0 : barren + 1;
      if (barren === BARREN_ROUNDS) throw new SendError('not_enough_nodes', `nodes do not sign for what they acknowledge${describeProblems(this.#input.problems())}`);
    }
  }

  /** Asks nodes what they hold, and seals again only what they lack. @returns segments that still lack receipts. */
  async #sendNamed(round: UploadRound, sets: readonly ShardSet[], indexes: readonly number[]): Promise<number[]> {
    if (indexes.length === 0) return [];
    const { book, plan } = this.#input;
    const survey = { pool: round.pool, book, totalShards: plan.placement.totalShards, layoutOf: (index: number) => this.#input.layout.segment(index) };
    for (const [index, held] of await surveyHeld(indexes, survey, this.#deps, round.signal)) round.held.set(index, held);
    return this.#sendSegments(round, sets, indexes, async (set, index) => {
      const reader = new ContentReader(this.#input.files, this.#input.layout.segment(index).textOffset);
      try {
        await this.#seal(set, index, book.at(index).salt, reader);
      } finally {
        await reader.close();
      }
    });
  }

  async #sendFresh(round: UploadRound, sets: readonly ShardSet[]): Promise<number[]> {
    const { book, files, layout } = this.#input;
    let reader: ContentReader | null = null;
    let next = -1;
    try {
      const fresh = Array.from({ length: layout.segmentCount }, (_, i) => i).filter((index) => book.find(index) === undefined);
      return await this.#sendSegments(round, sets, fresh, async (set, index) => {
        if (index !== next) {
          await reader?.close();
          reader = new ContentReader(files, this.#input.layout.segment(index).textOffset);
        }
        next = index + 1;
        const salt = this.#deps.randomBytes(KEY_BYTES);
        await this.#seal(set, index, salt, reader!);
        if (next === this.#input.layout.segmentCount) await reader!.finish();
        this.#salts.set(index, salt);
      });
    } finally {
      await (reader as ContentReader | null)?.close();
    }
  }

  /**
   * @param fill - puts a segment's data shards into a slot; called for one segment after the other.
   * @returns segments that lack receipts although they were acknowledged.
   */
  async #sendSegments(round: UploadRound, sets: readonly ShardSet[], indexes: readonly number[], fill: (set: ShardSet, index: number) => Promise<void>): Promise<number[]> {
    const { safeShards } = this.#input.plan.placement;
    const lanes: Promise<void>[] = sets.map(() => Promise.resolve());
    const batches = new CommitBatches((some) => round.ledger.commit(some), this.#deps, round.signal);
    let turn = 0;
    try {
      for (const index of indexes) {
        if (this.#storedOf(round, index).size >= safeShards) {
          this.#input.progress.count(index);
          batches.add(index);
          continue;
        }
        const lane = turn++ % sets.length;
        await lanes[lane];
        await batches.room();
        round.throwIfHalted();
        const set = sets[lane]!;
        await fill(set, index);
        const stored = this.#store(round, set, index).then(() => batches.add(index));
        stored.catch(() => undefined); // awaited when the lane comes round, or below
        lanes[lane] = stored;
      }
      await Promise.all(lanes);
      await batches.flush();
      return batches.lacking;
    } catch (thrown) {
      round.uploader.fail(new SendError('cancelled'));
      await Promise.allSettled(lanes); // the slots must be free again
      // On a pause recipients get what is safe already; where anything else ended it, this fails at once or does no harm.
      await batches.flush().catch(() => undefined);
      throw thrown;
    }
  }

  #storedOf(round: UploadRound, index: number): Set<number> {
    return new Set([...(this.#input.book.find(index)?.receipts ?? []), ...(round.held.get(index) ?? [])]);
  }

  #seal(set: ShardSet, index: number, salt: Uint8Array, reader: ContentReader): Promise<void> {
    return sealSegment(set, this.#input.layout.segment(index), this.#input.layout.requiredShards, { secret: this.#input.secret, salt }, reader, this.#buffers);
  }

  /** Names the shards of a sealed segment and brings the safe number to nodes. */
  async #store(round: UploadRound, set: ShardSet, index: number): Promise<void> {
    const { book, plan, journal } = this.#input;
    const { shardBytes } = this.#input.layout.segment(index);
    const roots = await nameShards(set, shardBytes, plan.placement.totalShards);
    const before = book.find(index);
    if (before === undefined) {
      const segment = { index, salt: this.#salts.get(index)!, roots };
      await journal?.segment(segment);
      this.#salts.delete(index);
      book.add(segment);
    } else if (!before.roots.every((root, i) => equalBytes(root, roots[i]!))) {
      throw new SendError('file_changed', 'a file changed while it was being sent');
    }
    round.throwIfHalted();
    const job: UploadJob = { index, shardBytes, roots, stored: this.#storedOf(round, index), bytesOf: (shardIndex) => set.shard(shardIndex, shardBytes) };
    this.#input.progress.begin(job);
    await round.uploader.upload(job);
    this.#input.progress.end(job);
  }
}
