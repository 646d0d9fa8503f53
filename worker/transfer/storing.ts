/** Takes in what nodes have signed for, and lets former holders go once their successors have everything. docs/protocol.md §8, §10. */
import { clock } from '../clock.ts';
import type { ReceiptCheck } from './receipts.ts';
import { layoutOf, type TransferRow } from './record.ts';
import type { Keeper } from './seats.ts';
import type { StoredShard } from './segments.ts';
import type { TransferState } from './state.ts';

/** @param entered - roots of segments that are not in the table yet. */
export function receiptCheckOf(state: TransferState, row: TransferRow, entered: (segment: number) => Uint8Array | undefined = () => undefined): ReceiptCheck {
  const nodes = new Map(state.seats.all().map(({ shardIndex, nodeId }) => [shardIndex, nodeId]));
  const known = (segment: number): Uint8Array | undefined => {
    const found = state.segments.find(segment);
    return found && new Uint8Array(found.roots);
  };
  return {
    transferId: row.transferId,
    createdAtMs: row.createdAtMs,
    expiriesMs: new Set(state.expiries.named()),
    layout: layoutOf(row),
    nowMs: clock.nowMs(),
    nodeAt: (shardIndex) => nodes.get(shardIndex),
    rootsOf: (segment) => entered(segment) ?? known(segment),
  };
}

/**
 * Inside a transaction: enters verified shards, as long as the seat is still that of the node that signed and has lost
 * nothing since.
 *
 * @returns those that are new.
 */
export function storeShards(state: TransferState, row: TransferRow, stored: readonly StoredShard[], check: ReceiptCheck): StoredShard[] {
  const seats = new Map(state.seats.all().map((seat) => [seat.shardIndex, seat]));
  const added = new Map<number, number>();
  const fresh: StoredShard[] = [];
  let committed = 0;
  for (const shard of stored) {
    const seat = seats.get(shard.shardIndex);
    if (seat === undefined || seat.nodeId !== check.nodeAt(shard.shardIndex) || shard.storedAtMs < seat.lostAtMs) continue;
    const { isNew, commits } = state.segments.store(shard, row.safeShards);
    if (commits) committed += 1;
    if (!isNew) continue;
    fresh.push(shard);
    added.set(shard.shardIndex, (added.get(shard.shardIndex) ?? 0) + 1);
  }
  for (const [shardIndex, count] of added) state.seats.countShards(shardIndex, count);
  if (committed > 0) state.sql.exec('UPDATE transfer SET committedSegments = committedSegments + ?', committed);
  if (added.size > 0) releaseFormers(state, row);
  return fresh;
}

function releaseFormers(state: TransferState, row: TransferRow): void {
  const seats = state.seats.all();
  for (const former of state.seats.formers()) {
    if (isFilled(seats[former.shardIndex]!, row)) dropFormer(state, former);
  }
}

/** Inside a transaction: a former holder is no longer needed, or of no use. */
export function dropFormer(state: TransferState, former: Keeper): void {
  state.segments.dropFormer(former.shardIndex);
  state.seats.dropFormer(former.shardIndex, clock.nowMs());
  dismiss(state, former);
}

/** Inside a transaction: a node is to hold nothing of the transfer any more, not even what it never signed for. */
export function dismiss(state: TransferState, keeper: Keeper): void {
  const nowMs = clock.nowMs();
  state.expiries.drop(keeper.nodeId);
  state.deletions.add(keeper, nowMs);
  state.outbox.recall(keeper.nodeId, nowMs);
}

/** Whether its node has signed for every shard of the seat. */
export const isFilled = ({ shards }: Pick<Keeper, 'shards'>, row: TransferRow): boolean => shards >= layoutOf(row).segmentCount;
