/** How fast its nodes were, as a client that finished a transfer measured it. */
import type { Pace } from '../../shared/protocol/messages.ts';
import type { MeasuredSpeed } from '../node/testimony.ts';
import { steadySeats } from './refusals.ts';
import type { Keeper, SeatRow } from './seats.ts';

export interface Measured {
  /** b64. */
  readonly transferId: string;
  readonly direction: MeasuredSpeed['direction'];
  /** Who measured, as sources can be told apart: a client's network. */
  readonly source: string;
  readonly paces: readonly NodePace[];
}

interface NodePace {
  /** b64. */
  readonly nodeId: string;
  readonly ratio: number;
}

/** Of nodes that have signed for shards, and had their seat since the client got its orders: it may have met no other. */
export function pacesOfNodes(paces: readonly Pace[], sinceMs: number, seats: readonly SeatRow[], formers: readonly Keeper[]): NodePace[] {
  const ratios = new Map(paces.map(({ shardIndex, ratio }) => [shardIndex, ratio]));
  return steadySeats(sinceMs, seats, formers).flatMap(({ shardIndex, nodeId, shards }) => {
    const ratio = ratios.get(shardIndex);
    return ratio === undefined || shards === 0 ? [] : [{ nodeId, ratio }];
  });
}
