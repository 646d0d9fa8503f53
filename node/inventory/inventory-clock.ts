/** When a node compares its inventory: soon after it registered, then once an epoch at a moment of its own, so that never all do so at once. */
import { SendError, type NodeId } from '../../shared/protocol/index.ts';
import type { Clock } from '../clock.ts';
import { describeError, type Log } from '../log.ts';
import { backoffMs, pause } from '../membership/coordinator-client.ts';
import type { Metrics } from '../metrics.ts';
import type { Comparison } from './inventory.ts';

/** Parts of an epoch at its ends that are left free: an epoch's last moments are those of its account. */
const EDGE = 0.1;

export interface InventoryClockOptions {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly compare: (signal: AbortSignal) => Promise<Comparison>;
}

/** @returns the first moment after `afterMs` at which this node compares. */
export function nextComparisonMs(nodeId: NodeId, afterMs: number, epochMs: number): number {
  const place = new DataView(nodeId.buffer, nodeId.byteOffset).getUint32(0) / 2 ** 32;
  const offsetMs = Math.round((EDGE + (1 - 2 * EDGE) * place) * epochMs);
  return (Math.floor((afterMs - offsetMs) / epochMs) + 1) * epochMs + offsetMs;
}

export class InventoryClock {
  readonly #options: InventoryClockOptions;
  readonly #stop = new AbortController();
  #epochMs: number | null = null;
  #running: Promise<void> = Promise.resolve();
  /** Ends a wait whose epoch has another length by now. */
  #replan = new AbortController();

  constructor(options: InventoryClockOptions) {
    this.#options = options;
  }

  /** The first call starts it. @param epochMs - length of an epoch. */
  setEpoch(epochMs: number): void {
    if (epochMs === this.#epochMs || this.#stop.signal.aborted) return;
    const isFirst = this.#epochMs === null;
    this.#epochMs = epochMs;
    if (isFirst) this.#running = this.#run();
    else this.#replan.abort();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { nodeId, clock } = this.#options;
    const { signal } = this.#stop;
    for (let isDue = true; !signal.aborted;) {
      if (isDue) await this.#compare();
      const dueAtMs = nextComparisonMs(nodeId, clock.nowMs(), this.#epochMs!);
      this.#replan = new AbortController();
      await pause(clock, dueAtMs - clock.nowMs(), AbortSignal.any([signal, this.#replan.signal]));
      isDue = clock.nowMs() >= dueAtMs;
    }
  }

  /** Until it succeeds or is refused: a coordinator that is away is waited for. */
  async #compare(): Promise<void> {
    const { clock, log, metrics, compare } = this.#options;
    const { signal } = this.#stop;
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        const { differing, surplus } = await compare(signal);
        metrics.add('inventories_total', 1, ['outcome', differing === 0 ? 'equal' : 'settled']);
        log('inventory', { differing, surplus });
        return;
      } catch (thrown) {
        if (signal.aborted) return;
        const code = thrown instanceof SendError ? thrown.code : 'internal';
        metrics.add('inventories_total', 1, ['outcome', code]);
        log('inventory_failed', code === 'internal' ? describeError(thrown) : { code });
        if (thrown instanceof SendError && !thrown.retryable) return;
      }
      await pause(clock, backoffMs(tries), signal);
    }
  }
}
