/**
 * Compares what this node holds with what the coordinator believes, once an epoch: digests of 16 buckets, lists of those
 * that differ, and what is surplus goes by the orders that come back. docs/protocol.md §10, inventories.
 */
import {
  INVENTORY_BUCKETS,
  MAX_TRANSFERS_PER_BUCKET,
  ORDER_BYTES,
  SendError,
  bucketAnswerSchema,
  bucketDigest,
  decodeB64,
  encodeB64,
  inventoryAnswerSchema,
  parseMessage,
  type BucketAnswer,
  type HeldTransfer,
} from '../../shared/protocol/index.ts';
import { obeyDeletion, type DeletionContext } from '../orders/deletion.ts';
import type { Clock } from '../clock.ts';
import type { CoordinatorClient } from '../membership/coordinator-client.ts';

/** Surplus transfers that one answer may name; where it names so many, there are more. */
const SURPLUS_A_ROUND = 256;
const MAX_ROUNDS = MAX_TRANSFERS_PER_BUCKET / SURPLUS_A_ROUND;

export interface InventoryContext extends DeletionContext {
  readonly client: CoordinatorClient;
  readonly clock: Clock;
}

export interface Comparison {
  /** Buckets that the coordinator saw otherwise. */
  readonly differing: number;
  /** Transfers that were deleted because the coordinator ordered it. */
  readonly surplus: number;
}

/** @throws SendError when the coordinator cannot be reached or refuses, or the node's folder is gone: the comparison is then repeated as a whole. */
export async function compareInventory(context: InventoryContext, signal: AbortSignal): Promise<Comparison> {
  const buckets: string[] = [];
  for (let bucket = 0; bucket < INVENTORY_BUCKETS; bucket++) {
    buckets.push(encodeB64(bucketDigest(await heldIn(bucket, context))));
    await breathe();
  }
  const { differ } = parseMessage(inventoryAnswerSchema, await context.client.post('/api/nodes/inventory', { buckets }, signal), 'unavailable');
  let surplus = 0;
  for (const bucket of new Set(differ)) surplus += await settleBucket(bucket, context, signal);
  return { differing: differ.length, surplus };
}

/** @returns how many transfers of it were deleted. */
async function settleBucket(bucket: number, context: InventoryContext, signal: AbortSignal): Promise<number> {
  let deleted = 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const transfers = await heldIn(bucket, context);
    // What is left out of a list counts as lost: better no list.
    if (transfers.length > MAX_TRANSFERS_PER_BUCKET) throw new SendError('too_large', 'a bucket holds more transfers than its list may');
    const { surplus } = parseMessage(bucketAnswerSchema, await context.client.post(`/api/nodes/inventory/${bucket}`, { transfers }, signal), 'unavailable');
    for (const { order } of surplus) if (await obey(order, context)) deleted++;
    if (surplus.length < SURPLUS_A_ROUND) break;
  }
  return deleted;
}

/** An order that is not good deletes nothing, and the next comparison brings another. */
async function obey(order: BucketAnswer['surplus'][number]['order'], context: InventoryContext): Promise<boolean> {
  try {
    await obeyDeletion(decodeB64(order, ORDER_BYTES), context);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof SendError)) throw thrown;
    context.metrics.refused(thrown.code);
    return false;
  }
}

/** @throws SendError `unavailable` while the node's folder is gone. */
async function heldIn(bucket: number, { store, clock }: InventoryContext): Promise<HeldTransfer[]> {
  await store.folder.check();
  return store.index.heldIn(bucket, clock.nowMs()).map(({ transferId, shards }) => ({ transferId: encodeB64(transferId), shards }));
}

/** Lets requests through between two buckets of a large node. */
const breathe = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
