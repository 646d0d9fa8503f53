/** The node's own clock deletes what is over, whether or not anyone orders it. Serving has stopped by then: reads ask the time. */
import type { Clock } from '../clock.ts';
import { describeError, type Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { ShardStore } from '../store/shard-store.ts';

/** Between the end of a shard's time and its deletion: clocks of one network differ by about so much. */
const GRACE_MS = 1000;
const BATCH_SHARDS = 256;
/** Serials and tombstones are forgotten at least so often. */
const LONGEST_WAIT_MS = 3600_000;
const RETRY_MS = 60_000;

export class ExpiryClock {
  readonly #store: ShardStore;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #log: Log;
  #cancel: () => void = () => {};
  #dueAtMs = Infinity;
  #sweeping: Promise<void> | null = null;
  #stopped = false;

  constructor(store: ShardStore, clock: Clock, metrics: Metrics, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Sweeps now, then whenever the next shard's time is over. */
  start(): void {
    this.#store.onTimesChanged = () => this.#plan();
    this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#sweeping;
  }

  #plan(): void {
    if (this.#stopped || this.#sweeping !== null) return;
    const nowMs = this.#clock.nowMs();
    this.#planAt(Math.min((this.#store.index.nextExpiryMs() ?? Infinity) + GRACE_MS, nowMs + LONGEST_WAIT_MS));
  }

  #planAt(atMs: number): void {
    if (atMs >= this.#dueAtMs && this.#dueAtMs > this.#clock.nowMs()) return;
    this.#cancel();
    this.#dueAtMs = atMs;
    this.#cancel = this.#clock.after(Math.max(0, atMs - this.#clock.nowMs()), () => this.#run());
  }

  #run(): void {
    this.#dueAtMs = Infinity;
    this.#sweeping = this.#sweepAndPlan();
  }

  async #sweepAndPlan(): Promise<void> {
    let done = false;
    try {
      await this.#sweep();
      done = true;
    } catch (thrown) {
      this.#log('expiry_failed', describeError(thrown));
    }
    this.#sweeping = null;
    if (done) this.#plan();
    else if (!this.#stopped) this.#planAt(this.#clock.nowMs() + RETRY_MS);
  }

  async #sweep(): Promise<void> {
    let total = 0;
    let gone: number;
    do {
      gone = await this.#store.expire(this.#clock.nowMs() - GRACE_MS, BATCH_SHARDS);
      total += gone;
    } while (gone === BATCH_SHARDS && !this.#stopped);
    this.#store.index.forgetBefore(this.#clock.nowMs());
    if (total === 0) return;
    this.#metrics.add('expired_shards_total', total);
    this.#log('expired', { shards: total });
  }
}
