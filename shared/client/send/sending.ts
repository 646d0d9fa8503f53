/**
 * One running upload. It goes on where it stands as often as it has to: after a pause, when the network is back, and in
 * another process that knows its journal. A few slots of the codec's memory overlap (segment-feed.ts), and everything
 * else waits for them, so memory is flat.
 */
import { ErasureCodec } from '../../erasure/index.ts';
import type { ContentSecret, TransferId } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { TransferLayout, contentBytesOf } from '../../protocol/layout.ts';
import { SegmentsDigest, type Manifest, type ManifestFile } from '../../protocol/manifest.ts';
import type { Seat, Status } from '../../protocol/messages.ts';
import type { TransferApi } from '../coordinator-api.ts';
import type { ClientDeps, SourceFile } from '../deps.ts';
import type { NodeProblem, Progress, SendResult, UploadState } from '../types.ts';
import { sealManifest } from './sealed-manifest.ts';
import type { SegmentBook } from './segment-book.ts';
import { SegmentFeed } from './segment-feed.ts';
import { toProblems } from './store-pool.ts';
import type { UploadControl } from './upload-control.ts';
import type { UploadJournal, UploadPlan } from './upload-journal.ts';
import { UploadProgress } from './upload-progress.ts';
import { UploadRound } from './upload-round.ts';

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
  readonly #progress: UploadProgress;
  readonly #feed: SegmentFeed;
  #round: UploadRound | null = null;
  #rounds = 0;
  #endedSentBytes = 0;
  readonly #problems: NodeProblem[] = [];

  constructor(input: SendingInput, deps: ClientDeps) {
    this.#input = input;
    this.#deps = deps;
    this.#layout = layoutOf(input.plan);
    const { book, plan } = input;
    const { safeShards } = plan.placement;
    const bytes = plan.files.reduce((sum, file) => sum + file.bytes, 0);
    const stored = this.#indexes().filter((index) => (book.find(index)?.receipts.size ?? 0) >= safeShards);
    this.#progress = new UploadProgress({ layout: this.#layout, safeShards, bytes, stored }, deps.now, input.onProgress);
    this.#feed = new SegmentFeed({ ...input, layout: this.#layout, progress: this.#progress, problems: () => this.problems }, deps);
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
          await this.#feed.sendAll(round, sets);
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
    const onProgress = (): void => this.#progress.show();
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
    this.#progress.halt();
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

  // The end

  async #complete(round: UploadRound): Promise<Status> {
    const { api, book, plan, secret, transferId, signal, journal } = this.#input;
    const digest = new SegmentsDigest(transferId, this.#layout.segmentCount);
    for (const index of this.#indexes()) digest.add(book.at(index));
    const manifest = manifestOf(plan, digest.digest());
    await api.putManifest(await sealManifest(manifest, secret, this.#deps.randomBytes), { signal });
    const status = await api.complete({ problems: toProblems(this.problems), paces: round.paces() }, { signal });
    this.#progress.complete();
    await journal?.remove().catch(() => undefined); // what is left of it is of no use to anybody
    return status;
  }

  #indexes(): number[] {
    return Array.from({ length: this.#layout.segmentCount }, (_, i) => i);
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
