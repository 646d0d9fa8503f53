/** The coordinator's signed permission for one client, one node, one action. docs/protocol.md §8. */
import { ByteReader, ByteWriter, asNodeId, asTransferId, concatBytes, equalBytes, utf8, ID_BYTES, KEY_BYTES, SIGNATURE_BYTES, type NodeId, type TransferId } from './bytes.ts';
import { SendError } from './errors.ts';
import { ORDER_LIFETIME_MS, ORDER_SKEW_MS } from './limits.ts';
import { signBytes, verifyBytes } from './signature.ts';

export const ORDER_BYTES = 195;
const BODY_BYTES = ORDER_BYTES - SIGNATURE_BYTES;
const LABEL = utf8('shardsend/1 order\0');
const ACTIONS = ['store', 'fetch', 'delete', 'rebuild', 'audit', 'extend'] as const;
export type OrderAction = (typeof ACTIONS)[number];
export const NO_COMMITMENT = new Uint8Array(KEY_BYTES);

export interface Order {
  readonly action: OrderAction;
  /** 16 random bytes; an order is good for one opening. */
  readonly serial: Uint8Array;
  readonly transferId: TransferId;
  readonly nodeId: NodeId;
  readonly shardIndex: number;
  /** Shard bytes that the order may move. */
  readonly maxBytes: number;
  readonly shardExpiresAtMs: number;
  readonly notBeforeMs: number;
  readonly expiresAtMs: number;
  /** 32 bytes; NO_COMMITMENT where there is none. */
  readonly commitment: Uint8Array;
}

function encodeBody(order: Order): Uint8Array<ArrayBuffer> {
  return new ByteWriter(BODY_BYTES)
    .u8(1)
    .u8(ACTIONS.indexOf(order.action) + 1)
    .put(order.serial)
    .put(order.transferId)
    .put(order.nodeId)
    .u8(order.shardIndex)
    .u64(order.maxBytes)
    .u64(order.shardExpiresAtMs)
    .u64(order.notBeforeMs)
    .u64(order.expiresAtMs)
    .put(order.commitment)
    .done();
}

/** @param key - the coordinator's Ed25519 private key. @returns ORDER_BYTES bytes. */
export async function signOrder(order: Order, key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  const body = encodeBody(order);
  return concatBytes(body, await signBytes(key, concatBytes(LABEL, body)));
}

/** Form alone; nothing in it may be trusted before `verifyOrder`. @throws SendError `order_malformed`. */
export function parseOrder(bytes: Uint8Array): Order {
  const reader = new ByteReader(bytes, 'order_malformed');
  const version = reader.u8();
  const action = ACTIONS[reader.u8() - 1];
  if (version !== 1 || action === undefined) throw new SendError('order_malformed', 'unknown version or action');
  const order: Order = {
    action,
    serial: reader.bytes(ID_BYTES),
    transferId: asTransferId(reader.bytes(ID_BYTES)),
    nodeId: asNodeId(reader.bytes(KEY_BYTES)),
    shardIndex: reader.u8(),
    maxBytes: reader.u64(),
    shardExpiresAtMs: reader.u64(),
    notBeforeMs: reader.u64(),
    expiresAtMs: reader.u64(),
    commitment: reader.bytes(KEY_BYTES),
  };
  reader.bytes(SIGNATURE_BYTES);
  reader.end();
  return order;
}

export interface OrderCheck {
  readonly nodeId: NodeId;
  readonly action: OrderAction;
  readonly nowMs: number;
  readonly coordinatorKey: CryptoKey;
}

/**
 * Form, signature, node, action, time, in this order. Deleted transfers and used serials are the caller's to check.
 * @throws SendError `order_malformed`, `order_forged`, `order_other_node`, `order_action` or `order_expired`.
 */
export async function verifyOrder(bytes: Uint8Array, check: OrderCheck): Promise<Order> {
  const order = parseOrder(bytes);
  const signed = concatBytes(LABEL, bytes.subarray(0, BODY_BYTES));
  if (!(await verifyBytes(check.coordinatorKey, bytes.subarray(BODY_BYTES), signed))) throw new SendError('order_forged');
  if (!equalBytes(order.nodeId, check.nodeId)) throw new SendError('order_other_node');
  if (order.action !== check.action) throw new SendError('order_action');
  const tooLong = order.expiresAtMs - order.notBeforeMs > ORDER_LIFETIME_MS;
  if (tooLong || check.nowMs < order.notBeforeMs - ORDER_SKEW_MS || check.nowMs > order.expiresAtMs + ORDER_SKEW_MS) throw new SendError('order_expired');
  return order;
}
