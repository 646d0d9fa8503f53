/** A simulated transfer: its seats as the coordinator fills them, and what is in truth behind each. */
import { seatState, standingOf, type GeoPoint, type Seat } from '../../shared/policy/index.ts';
import type { Redundancy } from '../../shared/protocol/layout.ts';
import type { SimNode } from './sim-node.ts';

export interface SimTransfer extends Redundancy {
  readonly id: string;
  readonly contentBytes: number;
  readonly segmentCount: number;
  /** Of every segment of one seat. */
  readonly seatBytes: number;
  readonly sender: GeoPoint;
  readonly expiresHour: number;
  /** By shard index. */
  readonly seats: SimNode[];
  /** Seats whose node has signed for their shards. */
  readonly stored: boolean[];
  /** Seats whose node has deleted shards of at least one segment: they are counted as missing in all. */
  readonly holed: boolean[];
  /** Ids of nodes that it had. */
  readonly had: Set<string>;
  isLost: boolean;
}

/** What the coordinator knows. */
export function seatsAsKnown(transfer: SimTransfer, epoch: number): Seat[] {
  return transfer.seats.map((node, i) => ({
    state: seatState({ isStored: transfer.stored[i]!, standing: standingOf(node.reputation), owedSinceEpoch: node.reputation.owedSinceEpoch }, epoch),
    availability: node.availability,
  }));
}

/** Whether the shards of a seat are in truth there, on a node that may be off at the moment. */
export const exists = (transfer: SimTransfer, seat: number): boolean => transfer.stored[seat]! && !transfer.holed[seat]! && !transfer.seats[seat]!.isGone;

/** How many shards of the worst segment exist. */
export function shardsInTruth(transfer: SimTransfer): number {
  let count = 0;
  for (let i = 0; i < transfer.totalShards; i++) if (exists(transfer, i)) count += 1;
  return count;
}
