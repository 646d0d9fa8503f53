/** Deleting at the coordinator's order, whichever way the order came. docs/protocol.md §8, §9. */
import type { TransferId } from '../../shared/protocol/index.ts';
import type { Metrics } from '../metrics.ts';
import type { Tombstone } from '../store/shard-index.ts';
import type { ShardStore } from '../store/shard-store.ts';
import type { OrderGate } from './order-gate.ts';

export interface DeletionContext {
  readonly gate: OrderGate;
  readonly store: ShardStore;
  readonly metrics: Metrics;
}

/**
 * Deletes every shard of the order's transfer and refuses it from now on.
 *
 * @param order - as it came, ORDER_BYTES bytes.
 * @returns when nothing of it is left; the same for every order of one transfer.
 * @throws SendError as `OrderGate.admit`.
 */
export async function obeyDeletion(order: Uint8Array, { gate, store, metrics }: DeletionContext): Promise<Tombstone & { transferId: TransferId }> {
  const { transferId, shardExpiresAtMs } = await gate.admit(order, 'delete');
  const known = store.isDeleted(transferId);
  const tombstone = await store.deleteTransfer(transferId, shardExpiresAtMs);
  if (!known) metrics.add('deleted_shards_total', tombstone.shards);
  return { transferId, ...tombstone };
}
