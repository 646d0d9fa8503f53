/** Fetch orders from the coordinator: what is wanted in the same moment is asked for together. docs/protocol.md §10. */
import { SendError } from '../../protocol/errors.ts';
import type { Seat } from '../../protocol/messages.ts';
import type { TransferApi } from '../coordinator-api.ts';

export class OrderDesk {
  readonly #api: TransferApi;
  readonly #claimId: string;
  readonly #signal: AbortSignal;
  #wanted: Set<number> | null = null;
  #asked: Promise<Seat[]> = Promise.resolve([]);

  constructor(api: TransferApi, claimId: string, signal: AbortSignal) {
    this.#api = api;
    this.#claimId = claimId;
    this.#signal = signal;
  }

  /** @throws SendError. */
  async seat(shardIndex: number): Promise<Seat> {
    if (this.#wanted === null) {
      const wanted = new Set<number>();
      this.#wanted = wanted;
      this.#asked = Promise.resolve().then(() => {
        this.#wanted = null;
        return this.#api.fetchOrders(
          this.#claimId,
          [...wanted].toSorted((a, b) => a - b),
          { signal: this.#signal },
        );
      });
    }
    this.#wanted.add(shardIndex);
    const seat = (await this.#asked).find((each) => each.shardIndex === shardIndex);
    if (seat === undefined) throw new SendError('unavailable', 'the coordinator gave no order');
    return seat;
  }
}
