/** Which nodes a client or rebuilder had problems with, where that can be told from what it says. */
import type { Problem } from '../../shared/protocol/messages.ts';
import type { Job } from './jobs.ts';
import type { Keeper, SeatRow } from './seats.ts';

/** Seats of which it is known whom a client met there: where one went to another node since the client got its orders, it may have been either. */
export function steadySeats(sinceMs: number, seats: readonly SeatRow[], formers: readonly Keeper[]): SeatRow[] {
  const between = new Set(formers.map(({ shardIndex }) => shardIndex));
  return seats.filter((seat) => seat.changedAtMs <= sinceMs && !between.has(seat.shardIndex));
}

/** The nodes that a client had problems with. @param sinceMs - when it got its orders. */
export function nodesMet(problems: readonly Problem[], sinceMs: number, seats: readonly SeatRow[], formers: readonly Keeper[]): string[] {
  const named = new Set(problems.map(({ shardIndex }) => shardIndex));
  return steadySeats(sinceMs, seats, formers)
    .filter(({ shardIndex }) => named.has(shardIndex))
    .map(({ nodeId }) => nodeId);
}

/**
 * The sources that a rebuilder met. A problem with an index that also was a target's, which did not fill it, may be the
 * target's; and a source that never signed for all of the job's segments may rightly lack some.
 *
 * @param filled - indexes of which receipts came.
 */
export function sourcesMet(problems: readonly Problem[], { sources, targets }: Job, filled: ReadonlySet<number>): string[] {
  return sources
    .filter(({ shardIndex, isWhole }) => {
      if (targets.has(shardIndex) && !filled.has(shardIndex)) return false;
      return problems.some((problem) => problem.shardIndex === shardIndex && (isWhole || problem.code !== 'shard_absent'));
    })
    .map(({ nodeId }) => nodeId);
}
