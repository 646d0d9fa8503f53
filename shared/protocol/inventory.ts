/**
 * How node and coordinator compare what the node holds: a digest for each bucket of transfers, then the lists of the
 * buckets that differ. docs/protocol.md §10, inventories.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import * as v from 'valibot';
import { ByteWriter, ID_BYTES, KEY_BYTES, decodeB64, encodeHex } from './bytes.ts';
import { b64, whole } from './fields.ts';
import { INVENTORY_BUCKETS, MAX_TRANSFERS_PER_BUCKET } from './limits.ts';
import { ORDER_BYTES } from './order.ts';

const bucket = whole(0, INVENTORY_BUCKETS - 1);
const heldTransfer = v.object({ transferId: b64(ID_BYTES), shards: whole(1, 0xffffffff) });
/** Of one transfer, how many shards a node holds. */
export type HeldTransfer = v.InferOutput<typeof heldTransfer>;

export const inventorySchema = v.object({ buckets: v.pipe(v.array(b64(KEY_BYTES)), v.length(INVENTORY_BUCKETS)) });
export type Inventory = v.InferOutput<typeof inventorySchema>;
export const inventoryAnswerSchema = v.object({ differ: v.pipe(v.array(bucket), v.maxLength(INVENTORY_BUCKETS)) });
export const bucketSchema = v.object({
  transfers: v.pipe(
    v.array(heldTransfer),
    v.maxLength(MAX_TRANSFERS_PER_BUCKET),
    v.check((list) => new Set(list.map(({ transferId }) => transferId)).size === list.length, 'a transfer stands twice'),
  ),
});
export type Bucket = v.InferOutput<typeof bucketSchema>;
export const bucketAnswerSchema = v.object({ surplus: v.array(v.object({ transferId: b64(ID_BYTES), order: b64(ORDER_BYTES) })) });
export type BucketAnswer = v.InferOutput<typeof bucketAnswerSchema>;

/** The first four bits of the id. */
export const bucketOf = (transferId: Uint8Array): number => transferId[0]! >> 4;

/** @returns 32 bytes: `H` over (transfer id ‖ u32 shards) of the bucket's transfers, ascending by id. */
export function bucketDigest(transfers: readonly HeldTransfer[]): Uint8Array {
  const rows = transfers.map(({ transferId, shards }) => {
    const id = decodeB64(transferId, ID_BYTES);
    return { id, shards, hex: encodeHex(id) };
  });
  const writer = new ByteWriter(rows.length * (ID_BYTES + 4));
  for (const { id, shards } of rows.toSorted((a, b) => (a.hex < b.hex ? -1 : 1))) writer.put(id).u32(shards);
  return sha256(writer.done());
}
