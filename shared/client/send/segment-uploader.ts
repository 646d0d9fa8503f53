/**
 * Brings each segment's shards to enough nodes. Nodes are asked in the order in which they will be done, by their load
 * and what they took before; a shard that waits much longer than others do is given to another node as well, and what
 * has not left yet is withdrawn once the segment is safe.
 */
import type { ShardId } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import type { ClientDeps } from '../deps.ts';
import { describeProblems } from '../problems.ts';
import type { PendingShard, StoreConnection } from './store-connection.ts';
import type { StorePool } from './store-pool.ts';

const TICK_MS = 250;
/** A shard is late when it takes so many times what they usually take, which is the median of the last ones. */
const STALL_FACTOR = 4;
/** Of a node that has not acknowledged any yet. */
const FIRST_STALL_FACTOR = 2;
const SHORTEST_STALL_MS = 750;
/** Before any was acknowledged. */
const FIRST_USUAL_ACK_MS = 750;
const RECENT_ACKS = 48;
/** Connections beyond the safe number that are kept open for the choice. */
const SPARE_CONNECTIONS = 3;
/** Without any acknowledgement for this long the upload has failed. */
const PATIENCE_MS = 120_000;

export interface UploadJob {
  readonly index: number;
  readonly shardBytes: number;
  readonly roots: readonly ShardId[];
  /** Shard indexes that nodes have acknowledged. */
  readonly stored: Set<number>;
  /** Bytes of one shard; valid until the job is safe. */
  bytesOf(shardIndex: number): Uint8Array<ArrayBuffer>;
}

interface Running {
  readonly job: UploadJob;
  readonly pending: Map<number, { shard: PendingShard; connection: StoreConnection; stalled: boolean }>;
  /** Shard indexes whose node refused this segment. */
  readonly refused: Set<number>;
  resolve(): void;
  reject(error: SendError): void;
}

export class SegmentUploader {
  readonly #pool: StorePool;
  readonly #safeShards: number;
  readonly #deps: ClientDeps;
  readonly #signal: AbortSignal;
  readonly #onProgress: () => void;
  readonly #running = new Set<Running>();
  readonly #ackMs: number[] = [];
  /** The median of these, but never less than what makes the shortest stall. */
  #usualAckMs = FIRST_USUAL_ACK_MS;
  readonly #lastAckMs = new WeakMap<StoreConnection, number>();
  #lastAckAtMs: number;
  #ticking = false;

  /** @param onProgress - told after every acknowledged shard, and now and then while nothing comes: pace and time left age. */
  constructor(pool: StorePool, safeShards: number, deps: ClientDeps, signal: AbortSignal, onProgress: () => void) {
    this.#pool = pool;
    this.#safeShards = safeShards;
    this.#deps = deps;
    this.#signal = signal;
    this.#onProgress = onProgress;
    this.#lastAckAtMs = deps.now();
  }

  /** Resolves when the safe number of shards is stored. @throws SendError `not_enough_nodes` or `cancelled`. */
  upload(job: UploadJob): Promise<void> {
    if (this.#running.size === 0) this.#lastAckAtMs = this.#deps.now();
    return new Promise((resolve, reject) => {
      const running: Running = { job, pending: new Map(), refused: new Set(), resolve, reject };
      this.#running.add(running);
      this.#advance(running);
      void this.#tick();
    });
  }

  /** Ends every upload that is under way. */
  fail(error: SendError): void {
    for (const running of this.#running) this.#finish(running, error);
  }

  /** To be called when connections opened or ended. */
  poolChanged(): void {
    for (const running of this.#running) this.#advance(running);
  }

  #advance(running: Running): void {
    const { job, pending, refused } = running;
    if (job.stored.size >= this.#safeShards) return this.#finish(running, null);
    const possible = new Set(this.#pool.hopeful.filter((shardIndex) => !refused.has(shardIndex)));
    for (const shardIndex of job.stored) possible.add(shardIndex);
    if (possible.size < this.#safeShards) return this.#finish(running, this.#lacking());
    let missing = this.#safeShards - job.stored.size;
    for (const { stalled } of pending.values()) if (!stalled) missing--;
    this.#pool.want(this.#safeShards + SPARE_CONNECTIONS + refused.size + this.#pool.open.filter((connection) => this.#isSlow(connection)).length);
    const usable = this.#pool.open.filter((connection) => {
      const { shardIndex } = connection;
      return !job.stored.has(shardIndex) && !pending.has(shardIndex) && !refused.has(shardIndex) && !connection.carries(job.index);
    });
    const ranked = usable.toSorted((a, b) => this.#rank(a) - this.#rank(b) || a.shardIndex - b.shardIndex);
    for (const connection of ranked.slice(0, Math.max(0, missing))) this.#assign(running, connection);
    if (missing > usable.length) this.#pool.want(this.#pool.open.length + missing - usable.length);
  }

  /**
   * How long a shard would take there, in those of a usual node. A stalled one comes after every other, one that failed
   * before after those that did not, whatever their load.
   */
  #rank(connection: StoreConnection): number {
    const { load, failures } = connection;
    return Math.min(99, (load + 1) * this.#slowness(connection)) + 100 * Math.min(9, failures) + (this.#isStalled(connection) ? 1000 : 0);
  }

  /** What its last shard took, in what they usually take; at least 1, so that the quick share their work evenly. */
  #slowness(connection: StoreConnection): number {
    return Math.max(1, (this.#lastAckMs.get(connection) ?? 0) / this.#usualAckMs);
  }

  /** Its place among those that are open goes to another. */
  #isSlow(connection: StoreConnection): boolean {
    return this.#isStalled(connection) || this.#slowness(connection) > STALL_FACTOR;
  }

  #lacking(): SendError {
    return new SendError('not_enough_nodes', `fewer than ${this.#safeShards} nodes took their part${describeProblems(this.#pool.problems)}`);
  }

  #assign(running: Running, connection: StoreConnection): void {
    const { job, pending } = running;
    const { shardIndex } = connection;
    const shard: PendingShard = {
      segment: job.index,
      root: job.roots[shardIndex]!,
      bytes: job.bytesOf(shardIndex),
      sentAtMs: null,
      settle: (error) => this.#settled(running, connection, shard, error),
    };
    pending.set(shardIndex, { shard, connection, stalled: false });
    connection.enqueue(shard);
  }

  #settled(running: Running, connection: StoreConnection, shard: PendingShard, error: SendError | null): void {
    const { job, pending, refused } = running;
    pending.delete(connection.shardIndex);
    if (error) {
      // A connection that ended reports itself; a refusal of one shard is said here.
      if (!connection.ended) {
        refused.add(connection.shardIndex);
        this.#pool.report(connection.seat, error.code);
      }
    } else {
      const now = this.#deps.now();
      const tookMs = now - (shard.sentAtMs ?? now);
      this.#lastAckAtMs = now;
      this.#lastAckMs.set(connection, tookMs);
      this.#ackMs.push(tookMs);
      if (this.#ackMs.length > RECENT_ACKS) this.#ackMs.shift();
      this.#usualAckMs = Math.max(SHORTEST_STALL_MS / STALL_FACTOR, this.#ackMs.toSorted((a, b) => a - b)[Math.floor(this.#ackMs.length / 2)]!);
      job.stored.add(connection.shardIndex);
      this.#onProgress();
    }
    if (this.#running.has(running)) this.#advance(running);
  }

  #finish(running: Running, error: SendError | null): void {
    this.#running.delete(running);
    for (const { shard, connection } of running.pending.values()) connection.withdraw(shard);
    if (error) running.reject(error);
    else running.resolve();
  }

  #isStalled(connection: StoreConnection): boolean {
    const oldest = connection.oldestSentAtMs;
    const factor = this.#lastAckMs.has(connection) ? STALL_FACTOR : FIRST_STALL_FACTOR;
    return oldest !== null && this.#deps.now() - oldest > Math.max(SHORTEST_STALL_MS, factor * this.#usualAckMs);
  }

  /** One loop while anything runs: finds late shards and places that may be tried again. */
  async #tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    try {
      while (this.#running.size > 0) {
        await this.#deps.delay(TICK_MS, this.#signal);
        this.#onProgress();
        if (this.#deps.now() - this.#lastAckAtMs > PATIENCE_MS) throw this.#lacking();
        for (const running of this.#running) {
          for (const entry of running.pending.values()) {
            if (entry.stalled || !this.#isStalled(entry.connection)) continue;
            entry.stalled = true;
            this.#pool.report(entry.connection.seat, 'node_slow');
            if (entry.connection.withdraw(entry.shard)) running.pending.delete(entry.connection.shardIndex);
          }
          this.#advance(running);
        }
      }
    } catch (thrown) {
      this.fail(thrown instanceof SendError ? thrown : new SendError('internal', 'the upload loop failed', { cause: thrown }));
    } finally {
      this.#ticking = false;
    }
  }
}
