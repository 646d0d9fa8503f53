/** How fast each node moved shards, compared with the other nodes of the same transfer. docs/protocol.md §10, paces. */
import { KIB, MAX_PACE_RATIO } from '../protocol/limits.ts';
import type { Pace } from '../protocol/messages.ts';

/** Less says more of the way to a node than of its line. */
const MIN_MEASURED_BYTES = 256 * KIB;
/** Fewer nodes have no median. */
const MIN_MEASURED_NODES = 3;

/**
 * One node's clock. A sender's runs while anything is asked of the node, so that what the client itself dawdles is
 * nobody's. A recipient's runs from one read to the next: streams go on filling buffers while others are waited for.
 */
export class PaceMeter {
  #asked = 0;
  #askedSinceMs = 0;
  #busyMs = 0;
  #askedBytes = 0;
  #bytes = 0;

  /** Shard bytes are asked of the node. */
  begin(nowMs: number, bytes: number): void {
    if (this.#asked++ === 0) this.#askedSinceMs = nowMs;
    this.#askedBytes += bytes;
  }

  /** One of the things asked was done, or given up. @param bytes - that it moved. */
  end(nowMs: number, bytes: number): void {
    this.#bytes += bytes;
    if (--this.#asked === 0) this.#busyMs += nowMs - this.#askedSinceMs;
  }

  /** So many bytes came in so much time. */
  add(bytes: number, ms: number): void {
    this.#bytes += bytes;
    this.#askedBytes += bytes;
    this.#busyMs += ms;
  }

  /** @returns bytes a millisecond; null where too little moved to tell. */
  rate(nowMs: number): number | null {
    return this.#bytes < MIN_MEASURED_BYTES ? null : this.#bytes / this.#ms(nowMs);
  }

  /** @returns what the rate can be at most, had all that was asked come by now: bytes a millisecond. */
  bestRate(nowMs: number): number {
    return Math.max(MIN_MEASURED_BYTES, this.#askedBytes) / this.#ms(nowMs);
  }

  #ms(nowMs: number): number {
    return Math.max(1, this.#busyMs + (this.#asked > 0 ? nowMs - this.#askedSinceMs : 0));
  }
}

/**
 * @param meters - by shard index.
 * @returns each measured node's rate over the median of them, within the protocol's bounds and of two digits, which is
 * all that a single transfer can tell. One that moved too little to be measured is told where it is slower than the
 * median at best. Empty where too few nodes were measured.
 */
export function pacesOf(meters: Iterable<readonly [shardIndex: number, meter: PaceMeter]>, nowMs: number): Pace[] {
  const all = [...meters].map(([shardIndex, meter]) => ({ shardIndex, rate: meter.rate(nowMs), bestRate: meter.bestRate(nowMs) }));
  const rates = all.flatMap(({ rate }) => (rate === null ? [] : [rate])).toSorted((a, b) => a - b);
  if (rates.length < MIN_MEASURED_NODES) return [];
  const median = rates[rates.length >> 1]!;
  const bounded = (ratio: number): number => Math.min(MAX_PACE_RATIO, Math.max(1 / MAX_PACE_RATIO, Number(ratio.toPrecision(2))));
  return all.flatMap(({ shardIndex, rate, bestRate }) => {
    const known = rate ?? (bestRate < median ? bestRate : null);
    return known === null ? [] : [{ shardIndex, ratio: bounded(known / median) }];
  });
}
