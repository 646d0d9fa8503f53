/** The door of everything that moves or removes shards: the coordinator's orders, each good for one opening. docs/protocol.md §8. */
import { ORDER_SKEW_MS, SendError, verifyOrder, type NodeId, type Order, type OrderAction } from '../../shared/protocol/index.ts';
import type { Clock } from '../clock.ts';
import type { ShardStore } from '../store/shard-store.ts';

export class OrderGate {
  readonly #nodeId: NodeId;
  readonly #store: ShardStore;
  readonly #clock: Clock;
  readonly #coordinatorKey: () => CryptoKey | null;

  /** @param coordinatorKey - null until one was pinned: nobody can have signed an order then. */
  constructor(nodeId: NodeId, store: ShardStore, clock: Clock, coordinatorKey: () => CryptoKey | null) {
    this.#nodeId = nodeId;
    this.#store = store;
    this.#clock = clock;
    this.#coordinatorKey = coordinatorKey;
  }

  /**
   * Checks an order in the order of §8 and uses it up, durably.
   *
   * @throws SendError `order_malformed`, `order_forged`, `order_other_node`, `order_action`, `order_expired`,
   * `transfer_deleted` (not for a delete order, which is answered again) or `order_replayed`; before all `unavailable`,
   * while the node's folder is gone.
   */
  async admit(bytes: Uint8Array, action: OrderAction): Promise<Order> {
    const { folder, index } = this.#store;
    await folder.check();
    const coordinatorKey = this.#coordinatorKey();
    if (coordinatorKey === null) throw new SendError('order_forged', 'no coordinator is pinned yet');
    const own = Uint8Array.from(bytes); // what is kept of the order must not hold on to the message it came in
    const order = await verifyOrder(own, { nodeId: this.#nodeId, action, nowMs: this.#clock.nowMs(), coordinatorKey });
    if (order.notBeforeMs < index.ordersFromMs) throw new SendError('order_expired', 'the order is older than what this node remembers');
    if (action !== 'delete' && index.tombstone(order.transferId) !== null) throw new SendError('transfer_deleted');
    if (!index.useSerial(order.serial, order.expiresAtMs + ORDER_SKEW_MS)) throw new SendError('order_replayed');
    await index.sync();
    return order;
  }
}
