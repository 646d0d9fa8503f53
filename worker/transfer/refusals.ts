/** Hints at nodes that do not serve: passed on to their objects, where no single source can ruin a node. Nobody waits for it. */
import type { Problem } from '../../shared/protocol/messages.ts';
import type { WorkerEnv } from '../environment.ts';
import { logFailure } from '../http/log.ts';
import type { Job } from './jobs.ts';
import type { Keeper, SeatRow } from './seats.ts';

export interface Accusation {
  /** b64 of the nodes. */
  readonly nodeIds: readonly string[];
  /** b64. */
  readonly transferId: string;
  /** Who met it, as sources can be told apart: a client's network, a rebuilder's operator. */
  readonly source: string;
}

export function passOn({ nodeIds, transferId, source }: Accusation, env: WorkerEnv, ctx: DurableObjectState): void {
  for (const nodeId of nodeIds) {
    const noting = env.NODES.get(env.NODES.idFromName(nodeId)).noteRefusal({ transferId, source });
    ctx.waitUntil(Promise.resolve(noting).catch((thrown: unknown) => logFailure('noting a refusal', thrown)));
  }
}

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
