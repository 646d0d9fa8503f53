/** One stretch of an upload between two halts: its connections, and what they were found to hold. */
import { SendError } from '../../protocol/errors.ts';
import type { Pace, Seat } from '../../protocol/messages.ts';
import type { TransferApi } from '../coordinator-api.ts';
import type { ClientDeps } from '../deps.ts';
import type { NodeProblem } from '../types.ts';
import { CommitLedger } from './commit-ledger.ts';
import type { SegmentBook } from './segment-book.ts';
import { SegmentUploader } from './segment-uploader.ts';
import { StorePool } from './store-pool.ts';
import type { Halt } from './upload-control.ts';

export interface RoundInput {
  readonly seats: readonly Seat[];
  /** The seats' orders were not used before. */
  readonly hasFreshOrders: boolean;
  readonly safeShards: number;
  readonly book: SegmentBook;
  readonly api: TransferApi;
  readonly signal: AbortSignal;
  onProgress(): void;
}

export class UploadRound {
  readonly pool: StorePool;
  readonly uploader: SegmentUploader;
  readonly ledger: CommitLedger;
  /** Ends with the round. */
  readonly signal: AbortSignal;
  /** By segment: shard indexes whose node holds its shard and has not signed for it yet. */
  readonly held = new Map<number, ReadonlySet<number>>();
  readonly #stop = new AbortController();
  #halt: Halt | null = null;

  constructor({ seats, hasFreshOrders, safeShards, book, api, signal, onProgress }: RoundInput, deps: ClientDeps) {
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    this.pool = new StorePool(seats, hasFreshOrders, api, deps, this.signal, (error) => this.uploader.fail(error));
    this.uploader = new SegmentUploader(this.pool, safeShards, deps, this.signal, onProgress);
    this.ledger = new CommitLedger(book, this.pool, api, safeShards, deps, this.signal);
    this.pool.onChange(() => this.uploader.poolChanged());
  }

  get sentBytes(): number {
    return this.pool.sentBytes;
  }
  get problems(): readonly NodeProblem[] {
    return this.pool.problems;
  }
  paces(): Pace[] {
    return this.pool.paces();
  }
  get isHalted(): boolean {
    return this.#halt !== null;
  }

  /** @throws SendError `cancelled` once it was halted. */
  throwIfHalted(): void {
    if (this.isHalted) throw new SendError('cancelled', 'the upload was halted');
  }

  /** Nothing more is sent. On a pause what nodes have can still be committed. */
  halt(why: Halt): void {
    this.#halt ??= why;
    this.uploader.fail(new SendError('cancelled', 'the upload was halted'));
    if (why === 'offline') this.#stop.abort();
  }

  close(): void {
    // First the uploads: one that goes on would look for another node for each shard that its connection gives up.
    this.uploader.fail(new SendError('cancelled'));
    this.pool.close();
    this.#stop.abort();
  }
}
