/** Signing orders, many at once. docs/protocol.md §8. */
import { asNodeId, asTransferId, decodeB64, encodeB64, ID_BYTES } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { ORDER_LIFETIME_MS } from '../../shared/protocol/limits.ts';
import type { Seat } from '../../shared/protocol/messages.ts';
import { NO_COMMITMENT, signOrder, type OrderAction } from '../../shared/protocol/order.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf, type CoordinatorKey, type WorkerEnv } from '../environment.ts';
import { readDirectory, type Directory } from '../network/directory.ts';
import type { TransferRow } from './record.ts';

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

/** Where a node is now: the directory knows better than the seat, which was given some time ago. */
export const urlNow = ({ nodeId, url }: Pick<Place, 'nodeId' | 'url'>, directory: Directory): string => directory.find(nodeId)?.url ?? url;

/** @returns the places with orders that begin now, where their nodes are now. */
export async function signSeatsNow(
  places: readonly Place[],
  { transferId, expiresAtMs }: TransferRow,
  terms: Pick<OrderTerms, 'action' | 'maxBytes'>,
  env: WorkerEnv,
): Promise<Seat[]> {
  const [key, directory] = [await coordinatorKeyOf(env), await readDirectory(env)];
  const now = places.map(({ shardIndex, nodeId, url }) => ({ shardIndex, nodeId, url: urlNow({ nodeId, url }, directory) }));
  return signSeats(now, { ...terms, transferId, shardExpiresAtMs: expiresAtMs, nowMs: clock.nowMs() }, key);
}

/** @param all - by shard index. @throws SendError `bad_request` for an index that there is not. */
export function seatsAt<T>(all: readonly T[], shardIndexes: readonly number[]): T[] {
  return shardIndexes.map((index) => {
    const seat = all[index];
    if (seat === undefined) throw new SendError('bad_request', 'the transfer has no such shard index');
    return seat;
  });
}
