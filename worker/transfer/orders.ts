/** Signing orders, many at once. docs/protocol.md §8. */
import { asNodeId, asTransferId, decodeB64, encodeB64, ID_BYTES } from '../../shared/protocol/bytes.ts';
import { ORDER_LIFETIME_MS } from '../../shared/protocol/limits.ts';
import type { Seat } from '../../shared/protocol/messages.ts';
import { NO_COMMITMENT, signOrder, type OrderAction } from '../../shared/protocol/order.ts';
import type { CoordinatorKey } from '../environment.ts';

export interface OrderTerms {
  readonly action: OrderAction;
  /** b64. */
  readonly transferId: string;
  /** Shard bytes that the order may move. */
  readonly maxBytes: number;
  readonly shardExpiresAtMs: number;
  readonly nowMs: number;
  /** 32 bytes; left out, none. */
  readonly commitment?: Uint8Array;
}

export interface Place {
  readonly shardIndex: number;
  /** b64. */
  readonly nodeId: string;
  readonly url: string;
}

/** @returns the place with a fresh order for it. */
export async function signSeat({ shardIndex, nodeId, url }: Place, terms: OrderTerms, key: CoordinatorKey): Promise<Seat> {
  const order = await signOrder(
    {
      action: terms.action,
      serial: crypto.getRandomValues(new Uint8Array(ID_BYTES)),
      transferId: asTransferId(decodeB64(terms.transferId)),
      nodeId: asNodeId(decodeB64(nodeId)),
      shardIndex,
      maxBytes: terms.maxBytes,
      shardExpiresAtMs: terms.shardExpiresAtMs,
      notBeforeMs: terms.nowMs,
      expiresAtMs: terms.nowMs + ORDER_LIFETIME_MS,
      commitment: terms.commitment ?? NO_COMMITMENT,
    },
    key.privateKey,
  );
  return { shardIndex, nodeId, url, order: encodeB64(order) };
}

export const signSeats = (places: readonly Place[], terms: OrderTerms, key: CoordinatorKey): Promise<Seat[]> => Promise.all(places.map((place) => signSeat(place, terms, key)));
