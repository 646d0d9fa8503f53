/** Receipts from the wire, checked against what a transfer committed to. docs/protocol.md §8. */
import { asNodeId, asShardId, asTransferId, decodeB64 } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import type { TransferLayout } from '../../shared/protocol/layout.ts';
import { REQUEST_SKEW_MS } from '../../shared/protocol/limits.ts';
import type { ReceiptMessage } from '../../shared/protocol/messages.ts';
import { receiptBytes } from '../../shared/protocol/receipt.ts';
import { importVerifyingKey, verifyBytes } from '../../shared/protocol/signature.ts';
import { rootOf, type StoredShard } from './segments.ts';

export interface ReceiptCheck {
  /** b64. */
  readonly transferId: string;
  readonly createdAtMs: number;
  /** Every time that an order for the transfer has named. */
  readonly expiriesMs: ReadonlySet<number>;
  readonly layout: TransferLayout;
  readonly nowMs: number;
  /** b64 of the node that has the seat; undefined where there is no such seat. */
  readonly nodeAt: (shardIndex: number) => string | undefined;
  /** The roots of a segment, 32 bytes a shard index; undefined where the segment was not entered. */
  readonly rootsOf: (segment: number) => Uint8Array | undefined;
}

/**
 * @returns every shard that the receipt covers, with the root that was signed for.
 * @throws SendError `receipt_invalid` unless the seat's node signed exactly these roots and sizes for this transfer.
 */
export async function verifyReceipt(message: ReceiptMessage, check: ReceiptCheck): Promise<StoredShard[]> {
  const { storedAtMs } = message;
  // Clocks differ by no more than nodes may differ in any signed request.
  if (storedAtMs < check.createdAtMs - REQUEST_SKEW_MS || storedAtMs > check.nowMs + REQUEST_SKEW_MS) throw new SendError('receipt_invalid', 'the receipt is of another time');
  return verifySigned(message, check);
}

/** Like `verifyReceipt`, of a receipt stored at any time: what a rebuilder checks as well, whatever the node's clock says. */
export async function verifySigned(message: ReceiptMessage, check: Omit<ReceiptCheck, 'createdAtMs' | 'nowMs'>): Promise<StoredShard[]> {
  const { shardIndex, shardExpiresAtMs, storedAtMs, segments } = message;
  const node = check.nodeAt(shardIndex);
  if (node === undefined) throw new SendError('receipt_invalid', 'no node has this seat');
  if (!check.expiriesMs.has(shardExpiresAtMs)) throw new SendError('receipt_invalid', 'no order named this time');
  const shards = segments.map((segment) => {
    const roots = segment < check.layout.segmentCount ? check.rootsOf(segment) : undefined;
    if (roots === undefined) throw new SendError('receipt_invalid', 'the receipt is for an unknown segment');
    return { segment, shardBytes: check.layout.segment(segment).shardBytes, root: asShardId(rootOf(roots, shardIndex)) };
  });
  const nodeId = asNodeId(decodeB64(node));
  const key = await importVerifyingKey(nodeId);
  const signed = receiptBytes({ transferId: asTransferId(decodeB64(check.transferId)), nodeId, shardIndex, shardExpiresAtMs, storedAtMs, shards });
  if (!(await verifyBytes(key, decodeB64(message.signature), signed))) throw new SendError('receipt_invalid');
  return shards.map(({ segment, root }) => ({ segment, shardIndex, root, storedAtMs }));
}
