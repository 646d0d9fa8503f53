/**
 * The connections of one upload: opened as they are needed, replaced with fresh orders when they break. A node that
 * said what no honest one says is not asked again; others are, after pauses that grow until it has kept a promise.
 */
import { SendError, asSendError, type ErrorCode } from '../../protocol/errors.ts';
import type { Pace, Problem, Seat } from '../../protocol/messages.ts';
import type { TransferApi } from '../coordinator-api.ts';
import type { ClientDeps } from '../deps.ts';
import { PaceMeter, pacesOf } from '../pace.ts';
import type { NodeProblem } from '../types.ts';
import { StoreConnection } from './store-connection.ts';

/** An order that came with the placement is used only while it is surely still good. */
const ORDER_USED_WITHIN_MS = 10 * 60_000;
/** Chromium delays a WebSocket by seconds once a dozen others are still opening; with eight it is some milliseconds. */
const OPENING_AT_ONCE = 8;
/** What takes longer to open takes no other's place. */
const OVERDUE_MS = 2_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

interface Place {
  seat: Seat;
  /** Until when `seat.order` may be used; 0 once it was. */
  orderGoodUntilMs: number;
  state: 'idle' | 'opening' | 'open';
  openingSinceMs: number;
  connection: StoreConnection | null;
  readonly pace: PaceMeter;
  /** In a row, without a receipt in between. */
  failures: number;
  /** Infinity: never. */
  retryAtMs: number;
}

export class StorePool {
  readonly problems: NodeProblem[] = [];
  readonly #places: Place[];
  readonly #api: TransferApi;
  readonly #deps: ClientDeps;
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<() => void>();
  readonly #onFatal: (error: SendError) => void;
  #closedSentBytes = 0;
  #wanted = 0;
  #closed = false;

  /**
   * @param hasFreshOrders - the seats' orders were not used before.
   * @param onFatal - told when the coordinator refuses orders for good.
   */
  constructor(seats: readonly Seat[], hasFreshOrders: boolean, api: TransferApi, deps: ClientDeps, signal: AbortSignal, onFatal: (error: SendError) => void) {
    const orderGoodUntilMs = hasFreshOrders ? deps.now() + ORDER_USED_WITHIN_MS : 0;
    this.#places = seats.map((seat) => ({ seat, orderGoodUntilMs, state: 'idle', openingSinceMs: 0, connection: null, pace: new PaceMeter(), failures: 0, retryAtMs: 0 }));
    this.#api = api;
    this.#deps = deps;
    this.#signal = signal;
    this.#onFatal = onFatal;
  }

  get open(): StoreConnection[] {
    return this.#places.flatMap(({ connection }) => (connection?.ended === false ? [connection] : []));
  }

  /** Connections that are on their way, and places that one may be opened to at once. */
  get arriving(): number {
    if (this.#closed) return 0;
    const now = this.#deps.now();
    return this.#places.filter(({ state, retryAtMs }) => state === 'opening' || (state === 'idle' && retryAtMs <= now)).length;
  }

  /** @param listener - told whenever a connection opened or ended. @returns the end of it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get sentBytes(): number {
    return this.open.reduce((sum, connection) => sum + connection.sentBytes, this.#closedSentBytes);
  }

  /** How fast the nodes were so far, each over the median of all. */
  paces(): Pace[] {
    return pacesOf(
      this.#places.map(({ seat, pace }) => [seat.shardIndex, pace] as const),
      this.#deps.now(),
    );
  }

  /** Shard indexes whose nodes may still be asked for something. */
  get hopeful(): number[] {
    return this.#places.filter(({ retryAtMs }) => retryAtMs !== Infinity).map(({ seat }) => seat.shardIndex);
  }

  /** Opens connections until `count` are open, the least troubled places first. */
  want(count: number): void {
    this.#wanted = Math.max(this.#wanted, count);
    this.#openMore();
  }

  #openMore(): void {
    if (this.#closed) return;
    const now = this.#deps.now();
    let opening = this.#places.filter(({ state, openingSinceMs }) => state === 'opening' && now - openingSinceMs < OVERDUE_MS).length;
    let missing = this.#wanted - opening - this.open.length;
    const idle = this.#places.filter(({ state, retryAtMs }) => state === 'idle' && retryAtMs <= now);
    for (const place of idle.toSorted((a, b) => a.failures - b.failures)) {
      if (missing-- <= 0 || opening++ >= OPENING_AT_ONCE) return;
      void this.#open(place);
    }
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.open) connection.close();
  }

  report(seat: Seat, code: ErrorCode): void {
    const { shardIndex, nodeId, url } = seat;
    if (this.problems.some((known) => known.shardIndex === shardIndex && known.code === code)) return;
    this.problems.push({ shardIndex, nodeId, url, code });
  }

  /** The node kept what it promised. */
  praise(shardIndex: number): void {
    this.#placeOf(shardIndex).failures = 0;
  }

  /** Ends a node's connection for what it did. */
  blame(shardIndex: number, error: SendError): void {
    const place = this.#placeOf(shardIndex);
    if (place.connection) place.connection.fail(error);
    else {
      this.report(place.seat, error.code);
      if (!error.retryable) place.retryAtMs = Infinity;
    }
  }

  #placeOf(shardIndex: number): Place {
    return this.#places.find(({ seat }) => seat.shardIndex === shardIndex)!;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  async #open(place: Place): Promise<void> {
    place.state = 'opening';
    place.openingSinceMs = this.#deps.now();
    const seat = await this.#seatWithOrder(place);
    if (seat === null) return;
    try {
      const connection = await StoreConnection.open(seat, place, this.#deps, (error) => this.#ended(place, error));
      if (connection.ended) return; // between READY and here
      if (this.#closed || this.#signal.aborted) return connection.close();
      place.connection = connection;
      place.state = 'open';
      this.#openMore();
      this.#changed();
    } catch (thrown) {
      this.#ended(place, asSendError(thrown, 'node_unreachable', "couldn't open a connection to a node"));
    }
  }

  /** @returns null when the coordinator gave no order, which is no fault of the node. */
  async #seatWithOrder(place: Place): Promise<Seat | null> {
    if (this.#deps.now() >= place.orderGoodUntilMs) {
      try {
        const seats = await this.#api.storeOrders([place.seat.shardIndex], { signal: this.#signal });
        const seat = seats.find(({ shardIndex }) => shardIndex === place.seat.shardIndex);
        if (!seat) throw new SendError('unavailable', 'the coordinator gave no order');
        place.seat = seat;
      } catch (thrown) {
        const error = asSendError(thrown, 'unavailable', "couldn't get an order");
        place.state = 'idle';
        place.retryAtMs = this.#deps.now() + FIRST_PAUSE_MS;
        if (!this.#closed && !error.retryable) this.#onFatal(error);
        this.#changed();
        return null;
      }
    }
    place.orderGoodUntilMs = 0;
    return place.seat;
  }

  /** Called by the connection and by `#open` for the same end: the second call finds nothing to do. */
  #ended(place: Place, error: SendError): void {
    if (place.state === 'idle') return;
    if (this.#closed) return;
    this.#closedSentBytes += place.connection?.sentBytes ?? 0;
    place.connection = null;
    place.state = 'idle';
    place.retryAtMs = error.retryable ? this.#deps.now() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** place.failures++) : Infinity;
    if (error.code !== 'cancelled') this.report(place.seat, error.code);
    this.#changed();
  }
}

export const toProblems = (problems: readonly NodeProblem[]): Problem[] => problems.map(({ shardIndex, code }) => ({ shardIndex, code }));
