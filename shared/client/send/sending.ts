/**
 * One running upload: read, seal, code, name, store, commit. A segment lives in one slot of the codec's memory from its
 * first byte until it is safe; a few slots overlap, and everything else waits for them, so memory is flat.
 *
 * It goes on where it stands as often as it has to: after a pause, when the network is back, and in another process that
 * knows its journal. What has a name already is never sealed under another one.
 */
import { ErasureCodec, type ShardSet } from '../../erasure/index.ts';
import { equalBytes, KEY_BYTES, type ContentSecret, type TransferId } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { TransferLayout, contentBytesOf } from '../../protocol/layout.ts';
import { SegmentsDigest, type Manifest, type ManifestFile } from '../../protocol/manifest.ts';
import type { Seat, Status } from '../../protocol/messages.ts';
import type { TransferApi } from '../coordinator-api.ts';
import type { ClientDeps, SourceFile } from '../deps.ts';
import { describeProblems } from '../problems.ts';
import { ProgressMeter } from '../progress.ts';
import type { NodeProblem, Progress, SendResult, UploadState } from '../types.ts';
import { CommitBatches } from './commit-batches.ts';
import { ContentReader } from './content-reader.ts';
import { surveyHeld } from './hold-survey.ts';
import { SealingBuffers, nameShards, sealSegment } from './seal-segment.ts';
import { sealManifest } from './sealed-manifest.ts';
import type { SegmentBook } from './segment-book.ts';
import type { UploadJob } from './segment-uploader.ts';
import { toProblems } from './store-pool.ts';
import type { UploadControl } from './upload-control.ts';
import type { UploadJournal, UploadPlan } from './upload-journal.ts';
import { UploadRound } from './upload-round.ts';

/** Rounds of sending again that bring not one receipt, before the upload has failed. */
const BARREN_ROUNDS = 3;
/** Segments in memory at once: one being read and sealed while the other is on its way. A third brought no speed. */
const SLOTS = 2;
/** A third of what makes a sender silent. */
const PRESENCE_EVERY_MS = 20_000;
/** How long saying that the upload pauses may take. */
const PAUSE_PATIENCE_MS = 5_000;
/** How often a coordinator that is away is asked. */
const KNOCK_EVERY_MS = 5_000;

export interface SendingInput {
  readonly files: readonly SourceFile[];
  readonly transferId: TransferId;
  readonly secret: ContentSecret;
  readonly plan: UploadPlan;
  readonly seats: readonly Seat[];
  /** What has a name; empty at the start. */
  readonly book: SegmentBook;
  /** Null: it cannot be resumed. */
  readonly journal: UploadJournal | null;
  /** Null: it is never halted, and a lost network ends it. */
  readonly control: UploadControl | null;
  readonly api: TransferApi;
  readonly signal: AbortSignal;
  onProgress?: ((progress: Progress) => void) | undefined;
  onState?: ((state: UploadState) => void) | undefined;
}

export const layoutOf = ({ files, placement }: UploadPlan): TransferLayout =>
  new TransferLayout(contentBytesOf(files.reduce((sum, { bytes }) => sum + bytes, 0)), placement.requiredShards);

export const placementOf = ({ placement: { totalShards, survives, relaxed } }: UploadPlan): SendResult['placement'] => ({ totalShards, survives, relaxed });

export class Sending {
  readonly #input: SendingInput;
  readonly #deps: ClientDeps;
  readonly #layout: TransferLayout;
  readonly #meter: ProgressMeter;
  readonly #buffers = new SealingBuffers();
  /** Of segments that are sealed and not named yet. */
  readonly #salts = new Map<number, Uint8Array>();
  readonly #active = new Set<UploadJob>();
  /** Segments whose safe number of shards nodes have acknowledged. */
  readonly #stored = new Set<number>();
  readonly #bytes: number;
  #storedTextBytes = 0;
  #round: UploadRound | null = null;
  #rounds = 0;
  #endedSentBytes = 0;
  readonly #problems: NodeProblem[] = [];

  constructor(input: SendingInput, deps: ClientDeps) {
    this.#input = input;
    this.#deps = deps;
    this.#layout = layoutOf(input.plan);
    this.#bytes = input.plan.files.reduce((sum, { bytes }) => sum + bytes, 0);
    const { book, plan } = input;
    for (const index of this.#indexes()) if ((book.find(index)?.receipts.size ?? 0) >= plan.placement.safeShards) this.#count(index);
    this.#meter = new ProgressMeter(this.#bytes, deps.now, input.onProgress, Math.min(this.#bytes, this.#storedTextBytes));
  }

  /** Shard bytes sent to nodes by this process. */
  get sentBytes(): number {
    return this.#endedSentBytes + (this.#round?.sentBytes ?? 0);
  }
  get problems(): readonly NodeProblem[] {
    const now = this.#round?.problems.filter((problem) => !this.#isKnown(problem)) ?? [];
    return [...this.#problems, ...now];
  }

  get placement(): SendResult['placement'] {
    return placementOf(this.#input.plan);
  }

  /** Resolves when every segment is committed and the transfer is ready. @throws SendError. */
  async run(): Promise<Status> {
    const { plan, control, signal } = this.#input;
    const { requiredShards, totalShards } = plan.placement;
    const slots = Math.min(SLOTS, this.#layout.segmentCount);
    const codec = await ErasureCodec.create({ requiredShards, totalShards, maxShardBytes: this.#layout.segment(0).shardBytes, slots });
    const sets = Array.from({ length: slots }, (_, i) => codec.slot(i));
    const presence = new AbortController();
    void this.#keepPresence(AbortSignal.any([presence.signal, signal]));
    const stopHeeding = control?.onChange(() => {
      if (control.halt !== null) this.#round?.halt(control.halt);
    });
    try {
      for (;;) {
        await this.#untilGoing();
        const round = this.#beginRound();
        try {
          await this.#sendAll(round, sets);
          return await this.#complete(round);
        } catch (thrown) {
          if (!(await this.#mayGoOn(round, thrown))) throw thrown;
        } finally {
          this.#endRound(round);
        }
      }
    } finally {
      stopHeeding?.();
      presence.abort();
    }
  }

  // Halts

  #beginRound(): UploadRound {
    const { seats, plan, book, api, signal, control } = this.#input;
    const onProgress = (): void => this.#showProgress();
    const round = new UploadRound({ seats, hasFreshOrders: this.#rounds++ === 0, safeShards: plan.placement.safeShards, book, api, signal, onProgress }, this.#deps);
    this.#round = round;
    if (control?.halt) round.halt(control.halt);
    return round;
  }

  #endRound(round: UploadRound): void {
    this.#problems.push(...round.problems.filter((problem) => !this.#isKnown(problem)));
    round.close();
    this.#endedSentBytes += round.sentBytes;
    this.#round = null;
    this.#active.clear();
  }

  #isKnown({ shardIndex, code }: NodeProblem): boolean {
    return this.#problems.some((known) => known.shardIndex === shardIndex && known.code === code);
  }

  async #untilGoing(): Promise<void> {
    const { control, api, signal, onState } = this.#input;
    let said = false;
    for (let halt = control?.halt ?? null; halt !== null; halt = control!.halt) {
      onState?.(halt);
      const changed = changeOf(control!, signal);
      if (halt === 'paused' && !said) {
        said = true;
        await api.presence('paused', { signal, patienceMs: PAUSE_PATIENCE_MS }).catch(() => undefined);
      }
      await changed;
    }
    onState?.('sending');
    // Whoever follows hears of it with this word alone.
    if (said) await api.presence('active', { signal, patienceMs: 0 }).catch(() => undefined);
  }

  /** Whether the upload goes on after a round that failed: it was halted, or the network was away and is back. */
  async #mayGoOn(round: UploadRound, thrown: unknown): Promise<boolean> {
    const { control, api, signal, onState } = this.#input;
    if (control === null || signal.aborted) return false;
    if (round.isHalted) return !(thrown instanceof SendError) || HALTED_CODES.has(thrown.code);
    if (!(thrown instanceof SendError) || !thrown.retryable || thrown.code.startsWith('file_')) return false;
    for (let isAway = false; ; isAway = true) {
      try {
        await api.presence('active', { signal, patienceMs: 0 });
        return isAway || thrown.code === 'offline';
      } catch (answer) {
        if (!(answer instanceof SendError) || answer.code !== 'offline') throw answer;
      }
      onState?.('offline');
      await this.#deps.delay(KNOCK_EVERY_MS, signal);
    }
  }

  async #keepPresence(signal: AbortSignal): Promise<void> {
    const { api, control } = this.#input;
    while (!signal.aborted) {
      try {
        await this.#deps.delay(PRESENCE_EVERY_MS, signal);
        if (!control?.halt) await api.presence('active', { signal, patienceMs: 0 });
      } catch {
        // Said again with the next turn; commits say the same.
      }
    }
  }

  // Segments

  /** First what has a name, then the rest in order; then again what lost shards between acknowledgement and receipt. */
  async #sendAll(round: UploadRound, sets: readonly ShardSet[]): Promise<void> {
    const { book } = this.#input;
    let lacking = await this.#sendNamed(round, sets, book.lacking);
    lacking.push(...(await this.#sendFresh(round, sets)));
    for (let barren = 0; lacking.length > 0;) {
      const before = book.countLacking(lacking);
      lacking = await this.#sendNamed(round, sets, lacking);
      barren = book.countLacking(lacking) < before ? 0 : barren + 1;
      if (barren === BARREN_ROUNDS) throw new SendError('not_enough_nodes', `nodes do not sign for what they acknowledge${describeProblems(this.problems)}`);
    }
  }

  /** Asks nodes what they hold, and seals again only what they lack. @returns segments that still lack receipts. */
  async #sendNamed(round: UploadRound, sets: readonly ShardSet[], indexes: readonly number[]): Promise<number[]> {
    if (indexes.length === 0) return [];
    const { book, plan } = this.#input;
    const survey = { pool: round.pool, book, totalShards: plan.placement.totalShards, layoutOf: (index: number) => this.#layout.segment(index) };
    for (const [index, held] of await surveyHeld(indexes, survey, this.#deps, round.signal)) round.held.set(index, held);
    return this.#sendSegments(round, sets, indexes, async (set, index) => {
      const reader = new ContentReader(this.#input.files, this.#layout.segment(index).textOffset);
      try {
        await this.#seal(set, index, book.at(index).salt, reader);
      } finally {
        await reader.close();
      }
    });
  }

  async #sendFresh(round: UploadRound, sets: readonly ShardSet[]): Promise<number[]> {
    const { book, files } = this.#input;
    let reader: ContentReader | null = null;
    let next = -1;
    try {
      const fresh = this.#indexes().filter((index) => book.find(index) === undefined);
      return await this.#sendSegments(round, sets, fresh, async (set, index) => {
        if (index !== next) {
          await reader?.close();
          reader = new ContentReader(files, this.#layout.segment(index).textOffset);
        }
        next = index + 1;
        const salt = this.#deps.randomBytes(KEY_BYTES);
        await this.#seal(set, index, salt, reader!);
        if (next === this.#layout.segmentCount) await reader!.finish();
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
          this.#count(index);
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
    return sealSegment(set, this.#layout.segment(index), this.#layout.requiredShards, { secret: this.#input.secret, salt }, reader, this.#buffers);
  }

  /** Names the shards of a sealed segment and brings the safe number to nodes. */
  async #store(round: UploadRound, set: ShardSet, index: number): Promise<void> {
    const { book, plan, journal } = this.#input;
    const { shardBytes } = this.#layout.segment(index);
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
    this.#active.add(job);
    await round.uploader.upload(job);
    this.#active.delete(job);
    this.#count(index);
  }

  // The end

  async #complete(round: UploadRound): Promise<Status> {
    const { api, book, plan, secret, transferId, signal, journal } = this.#input;
    const digest = new SegmentsDigest(transferId, this.#layout.segmentCount);
    for (const index of this.#indexes()) digest.add(book.at(index));
    const manifest = manifestOf(plan, digest.digest());
    await api.putManifest(await sealManifest(manifest, secret, this.#deps.randomBytes), { signal });
    const status = await api.complete({ problems: toProblems(this.problems), paces: round.paces() }, { signal });
    this.#meter.set(this.#bytes);
    await journal?.remove().catch(() => undefined); // what is left of it is of no use to anybody
    return status;
  }

  // Progress

  #indexes(): number[] {
    return Array.from({ length: this.#layout.segmentCount }, (_, i) => i);
  }

  #count(index: number): void {
    if (this.#stored.has(index)) return;
    this.#stored.add(index);
    this.#storedTextBytes += this.#layout.segment(index).textBytes;
  }

  #showProgress(): void {
    let textBytes = this.#storedTextBytes;
    for (const { index, stored } of this.#active) {
      if (!this.#stored.has(index)) textBytes += (this.#layout.segment(index).textBytes * stored.size) / this.#input.plan.placement.safeShards;
    }
    this.#meter.set(textBytes);
  }
}

/** What a halt makes of whatever was under way. */
const HALTED_CODES: ReadonlySet<string> = new Set(['cancelled', 'offline', 'unavailable', 'internal', 'not_enough_nodes', 'too_many_requests']);

/** @param segmentsDigest - null for the opening manifest. */
export const manifestOf = (plan: UploadPlan, segmentsDigest: Uint8Array | null): Manifest => ({
  ...(plan.kind ? { kind: plan.kind } : {}),
  files: plan.files,
  segmentCount: layoutOf(plan).segmentCount,
  segmentsDigest,
});

export const manifestFilesOf = (files: readonly SourceFile[]): ManifestFile[] => files.map(({ path, bytes, type, modifiedMs }) => ({ path, bytes, type, modifiedMs }));

/** Resolves with the next word of the control. @throws SendError `cancelled`. */
function changeOf(control: UploadControl, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      stop();
      reject(new SendError('cancelled'));
    };
    const stop = control.onChange(() => {
      stop();
      signal.removeEventListener('abort', cancel);
      resolve();
    });
    if (signal.aborted) return cancel();
    signal.addEventListener('abort', cancel, { once: true });
  });
}
