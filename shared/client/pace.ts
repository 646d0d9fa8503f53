/** How fast each node moved shards, compared with the other nodes of the same transfer. docs/protocol.md §10, paces. */
import { KIB, MAX_PACE_RATIO } from '../protocol/limits.ts';
import type { Pace } from '../protocol/messages.ts';

/** Less says more of the way to a node than of its line. */
const MIN_MEASURED_BYTES = 256 * KIB;
/** Fewer nodes have no median. */
const MIN_MEASURED_NODES = 3;

/** One node's clock: it runs while anything is asked of the node, so that what the client itself dawdles is nobody's. */
export class PaceMeter {
  #asked = 0;
  #askedSinceMs = 0;
  #busyMs = 0;
  #bytes = 0;

  /** Something more is asked. */
  begin(nowMs: number): void {
    if (this.#asked++ === 0) this.#askedSinceMs = nowMs;
  }

  /** One of the things asked was done, or given up. @param bytes - shard bytes that it moved. */
  end(nowMs: number, bytes: number): void {
    this.#bytes += bytes;
    if (--this.#asked === 0) this.#busyMs += nowMs - this.#askedSinceMs;
  }

  /** @returns bytes a millisecond; null where too little moved to tell. */
  rate(nowMs: number): number | null {
    const busyMs = this.#busyMs + (this.#asked > 0 ? nowMs - this.#askedSinceMs : 0);
    return this.#bytes < MIN_MEASURED_BYTES ? null : this.#bytes / Math.max(1, busyMs);
  }
}

/**
 * @param meters - by shard index.
 * @returns each measured node's rate over the median of them, within the protocol's bounds and of two digits, which is
 * all that a single transfer can tell; empty where too few nodes were measured.
 */
export function pacesOf(meters: Iterable<readonly [shardIndex: number, meter: PaceMeter]>, nowMs: number): Pace[] {
  const measured = [...meters].flatMap(([shardIndex, meter]) => {
    const rate = meter.rate(nowMs);
    return rate === null ? [] : [{ shardIndex, rate }];
  });
  if (measured.length < MIN_MEASURED_NODES) return [];
  const rates = measured.map(({ rate }) => rate).toSorted((a, b) => a - b);
  const median = rates[rates.length >> 1]!;
  const bounded = (ratio: number): number => Math.min(MAX_PACE_RATIO, Math.max(1 / MAX_PACE_RATIO, Number(ratio.toPrecision(2))));
  return measured.map(({ shardIndex, rate }) => ({ shardIndex, ratio: bounded(rate / median) }));
}
