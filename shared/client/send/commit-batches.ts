/** Gathers segments that nodes have acknowledged, and has them committed in batches, one after the other. docs/protocol.md §10, live links. */
import type { ClientDeps } from '../deps.ts';
import { SEGMENTS_PER_COMMIT } from './commit-ledger.ts';

/** Whoever follows the upload gets a segment so long after it is stored, at the latest. */
const COMMIT_EVERY_MS = 3_000;
/** Segments that nodes hold and the coordinator does not know of. While it is slow or away, more must wait: a receipt covers MAX_SEGMENTS_PER_RECEIPT at most. */
const MAX_UNCOMMITTED = 4 * SEGMENTS_PER_COMMIT;

export class CommitBatches {
  /** Segments that still lack receipts although they were acknowledged. */
  readonly lacking: number[] = [];
  readonly #commit: (indexes: readonly number[]) => Promise<number[]>;
  readonly #deps: ClientDeps;
  readonly #signal: AbortSignal;
  #waiting: number[] = [];
  #committing: Promise<void> = Promise.resolve();
  #uncommitted = 0;
  #failure: unknown = null;
  #lastAtMs: number;
  #timer: AbortController | null = null;

  /** @param commit - @returns those of its segments that lack receipts. */
  constructor(commit: (indexes: readonly number[]) => Promise<number[]>, deps: ClientDeps, signal: AbortSignal) {
    this.#commit = commit;
    this.#deps = deps;
    this.#signal = signal;
    this.#lastAtMs = deps.now();
  }

  add(index: number): void {
    this.#waiting.push(index);
    this.#uncommitted++;
    const dueInMs = this.#lastAtMs + COMMIT_EVERY_MS - this.#deps.now();
    if (this.#waiting.length >= SEGMENTS_PER_COMMIT || dueInMs <= 0) this.#begin();
    else if (this.#timer === null) this.#beginIn(dueInMs);
  }

  /** Resolves when another segment may be sent. @throws why an earlier commit failed. */
  async room(): Promise<void> {
    if (this.#uncommitted >= MAX_UNCOMMITTED) await this.#committing;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Commits what waits. @throws why a commit failed. */
  async flush(): Promise<void> {
    if (this.#waiting.length > 0) this.#begin();
    await this.#committing;
  }

  #begin(): void {
    this.#timer?.abort();
    this.#timer = null;
    this.#lastAtMs = this.#deps.now();
    const batch = this.#waiting;
    this.#waiting = [];
    this.#committing = this.#committing.then(async () => {
      this.lacking.push(...(await this.#commit(batch)));
      this.#uncommitted -= batch.length;
    });
    this.#committing.catch((thrown: unknown) => (this.#failure = thrown)); // met in `room` or `flush`
  }

  #beginIn(ms: number): void {
    const timer = new AbortController();
    this.#timer = timer;
    this.#deps.delay(ms, AbortSignal.any([timer.signal, this.#signal])).then(
      () => this.#begin(),
      () => undefined, // begun before, or the upload ended
    );
  }
}
