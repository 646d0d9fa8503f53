/** Orders that are wanted in one moment come with one request. docs/protocol.md §10, fetch-orders. */
import { SendError } from '../../protocol/errors.ts';
import type { Seat } from '../../protocol/messages.ts';
import type { TransferApi } from '../coordinator-api.ts';

/** @returns gets a fresh order for one node. @throws SendError. */
export function orderDesk(api: TransferApi, claimId: string, signal: AbortSignal): (shardIndex: number) => Promise<Seat> {
  let coming: { readonly indexes: number[]; readonly seats: Promise<Seat[]> } | null = null;
  const ask = async (indexes: readonly number[]): Promise<Seat[]> => {
    await Promise.resolve(); // whoever asks in this moment joins
    coming = null;
    return api.fetchOrders(claimId, indexes, { signal });
  };
  return async (shardIndex) => {
    if (!coming) {
      const indexes: number[] = [];
      coming = { indexes, seats: ask(indexes) };
    }
    const { indexes, seats } = coming;
    if (!indexes.includes(shardIndex)) indexes.push(shardIndex);
    const seat = (await seats).find((one) => one.shardIndex === shardIndex);
    if (!seat) throw new SendError('unavailable', 'the coordinator gave no order');
    return seat;
  };
}
