/** What nodes sign: that shards are durable, until when they are kept, that a transfer is gone, that they are who they say. docs/protocol.md §8, §9. */
import { ByteWriter, ID_BYTES, KEY_BYTES, concatBytes, utf8, type NodeId, type ShardId, type TransferId } from './bytes.ts';

export interface ShardStatement {
  readonly segment: number;
  readonly shardBytes: number;
  readonly root: ShardId;
}

export interface Receipt {
  readonly transferId: TransferId;
  readonly nodeId: NodeId;
  readonly shardIndex: number;
  readonly shardExpiresAtMs: number;
  readonly storedAtMs: number;
  /** Segments ascending, each once. */
  readonly shards: readonly ShardStatement[];
}

const STATEMENT_BYTES = 4 + 4 + KEY_BYTES;
const RECEIPT_LABEL = utf8('shardsend/1 receipt\0');
const DELETED_LABEL = utf8('shardsend/1 deleted\0');
const EXPIRY_LABEL = utf8('shardsend/1 expiry\0');
const HEALTH_LABEL = utf8('shardsend/1 health\0');

/** u32 segment ‖ u32 shard bytes ‖ root, for each: hashed into a store order's commitment, and part of a receipt. */
export function encodeStatements(shards: readonly ShardStatement[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(shards.length * STATEMENT_BYTES);
  let before = -1;
  for (const { segment, shardBytes, root } of shards) {
    if (segment <= before) throw new RangeError('segments must ascend');
    before = segment;
    writer.u32(segment).u32(shardBytes).put(root);
  }
  return writer.done();
}

/** The bytes that a receipt's signature covers. */
export function receiptBytes(receipt: Receipt): Uint8Array<ArrayBuffer> {
  const head = new ByteWriter(ID_BYTES + KEY_BYTES + 1 + 8 + 8 + 4)
    .put(receipt.transferId)
    .put(receipt.nodeId)
    .u8(receipt.shardIndex)
    .u64(receipt.shardExpiresAtMs)
    .u64(receipt.storedAtMs)
    .u32(receipt.shards.length)
    .done();
  return concatBytes(RECEIPT_LABEL, head, encodeStatements(receipt.shards));
}

export interface DeletionStatement {
  readonly transferId: TransferId;
  readonly nodeId: NodeId;
  readonly deletedAtMs: number;
  readonly shards: number;
  readonly bytes: number;
}

export function deletionBytes(statement: DeletionStatement): Uint8Array<ArrayBuffer> {
  const body = new ByteWriter(ID_BYTES + KEY_BYTES + 8 + 4 + 8)
    .put(statement.transferId)
    .put(statement.nodeId)
    .u64(statement.deletedAtMs)
    .u32(statement.shards)
    .u64(statement.bytes)
    .done();
  return concatBytes(DELETED_LABEL, body);
}

export interface ExpiryStatement {
  readonly transferId: TransferId;
  readonly nodeId: NodeId;
  readonly shardExpiresAtMs: number;
  /** All that the node holds of the transfer. */
  readonly shards: number;
}

export function expiryBytes({ transferId, nodeId, shardExpiresAtMs, shards }: ExpiryStatement): Uint8Array<ArrayBuffer> {
  const body = new ByteWriter(ID_BYTES + KEY_BYTES + 8 + 4).put(transferId).put(nodeId).u64(shardExpiresAtMs).u32(shards).done();
  return concatBytes(EXPIRY_LABEL, body);
}

/** @param challenge - 32 random bytes of whoever asks. */
export const healthBytes = (challenge: Uint8Array): Uint8Array<ArrayBuffer> => concatBytes(HEALTH_LABEL, challenge);
