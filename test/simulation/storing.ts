/** Shards coming to nodes and leaving them. */
import type { Random } from './random.ts';
import type { SimNode } from './sim-node.ts';
import type { SimTransfer } from './sim-transfer.ts';

export function store(transfer: SimTransfer, seat: number, node: SimNode): void {
  transfer.seats[seat] = node;
  transfer.stored[seat] = true;
  transfer.holed[seat] = false;
  node.transfers.add(transfer);
  node.storedBytes += transfer.seatBytes;
}

/** The coordinator no longer counts on the node, and has it delete what it may still hold. */
export function release(transfer: SimTransfer, seat: number): void {
  const node = transfer.seats[seat]!;
  transfer.had.add(node.nodeId);
  if (!transfer.stored[seat]!) return;
  transfer.stored[seat] = false;
  node.transfers.delete(transfer);
  node.storedBytes -= transfer.seatBytes;
}

/** A liar deletes that part of its shards: a seat is holed as soon as one segment's shard is missing. */
export function holeSeats(transfer: SimTransfer, node: SimNode, share: number, random: Random): void {
  const seat = transfer.seats.indexOf(node);
  if (random.chance(1 - (1 - share) ** transfer.segmentCount)) transfer.holed[seat] = true;
}
