/** One store WebSocket, from OPEN to its close. docs/protocol.md §9. */
import { hash } from 'node:crypto';
import type { WebSocket } from 'ws';
import { rootFromLeafHashes } from '../../shared/merkle/index.ts';
import {
  FIRST_MESSAGE_TIMEOUT_MS,
  MIB,
  NO_COMMITMENT,
  SendError,
  STORE_WINDOW_SHARDS,
  encodeAbsent,
  encodeProblem,
  encodeReady,
  encodeReceipt,
  encodeStored,
  equalBytes,
  parseClientMessage,
  receiptBytes,
  signBytes,
  type ClientMessage,
  type ErrorCode,
  type Order,
  type ShardStatement,
} from '../../shared/protocol/index.ts';
import type { Clock } from '../clock.ts';
import type { NodeKey } from '../identity/key-files.ts';
import type { Metrics } from '../metrics.ts';
import type { OrderGate } from '../orders/order-gate.ts';
import { hashLeaves } from '../store/leaf-hashes.ts';
import type { ShardStore } from '../store/shard-store.ts';
import { Inbox, type NoMessage } from './inbox.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { StorePlace } from './store-places.ts';

const PING_MS = 20_000;
const IDLE_MS = 5 * 60_000;
/** Shards between two receipts; each costs memory until it is sealed. */
const MAX_UNSEALED_SHARDS = 16_384;
const MAX_OPEN_SEALS = 8;
/** Answers that a client may leave unread. */
const MAX_UNREAD_BYTES = MIB;
const CLOSE_NORMAL = 1000,
  CLOSE_GOING_AWAY = 1001,
  CLOSE_REFUSED = 1008;

export interface StoreSessionContext {
  readonly key: NodeKey;
  readonly store: ShardStore;
  readonly gate: OrderGate;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly memory: MemoryBudget;
  /** What nobody expected: to be logged. */
  readonly unexpected: (thrown: unknown) => void;
}

/** What was stored since the last SEAL, by segment. */
type Unsealed = Map<number, ShardStatement>;

export class StoreSession {
  readonly #socket: WebSocket;
  readonly #received: () => number;
  readonly #place: StorePlace;
  readonly #context: StoreSessionContext;
  readonly #inbox: Inbox;
  readonly #pending = new Set<Promise<void>>();
  #room: () => void = () => {};
  #unsealed: Unsealed = new Map();
  #sealing: Promise<void> = Promise.resolve();
  #seals = 0;
  #movedBytes = 0;
  #stopping = false;
  #endWatch: () => void = () => {};

  /** @param received - bytes that came over the line so far. */
  constructor(socket: WebSocket, received: () => number, place: StorePlace, context: StoreSessionContext) {
    this.#socket = socket;
    this.#received = received;
    this.#place = place;
    this.#context = context;
    this.#inbox = new Inbox(socket, context.clock);
  }

  /** Resolves when the socket is closed and nothing of the session is in work. Never rejects. */
  async run(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    const stopPings = this.#keepAlive();
    try {
      await this.#converse();
    } catch (thrown) {
      this.#refuse(this.#codeOf(thrown), null);
      this.#close(CLOSE_REFUSED);
    }
    await this.#finish();
    this.#endWatch();
    this.#close(this.#stopping ? CLOSE_GOING_AWAY : CLOSE_NORMAL);
    await closed;
    stopPings();
  }

  /** Takes no more messages, finishes what is in work and closes. */
  stop(): void {
    this.#stopping = true;
    this.#inbox.close();
    this.#room();
  }

  /** Ends at once, whatever is in work. */
  terminate(): void {
    this.#socket.terminate();
  }

  async #converse(): Promise<void> {
    const order = await this.#open();
    if (order === null) return;
    this.#endWatch = this.#context.store.watch(order.transferId);
    const permitted = await this.#permitted(order);
    this.#send(encodeReady(STORE_WINDOW_SHARDS));
    for (;;) {
      const bytes = await this.#inbox.next(IDLE_MS);
      if (typeof bytes === 'string') return;
      const message = parseClientMessage(bytes);
      if (message.type === 'seal') {
        if (this.#seals === MAX_OPEN_SEALS) await this.#sealing;
        this.#seal(order);
      } else if (message.type === 'shard') {
        if (!(await this.#receive(order, permitted, message))) return;
      } else if (message.type === 'hold') {
        await this.#hold(order, permitted, message);
      } else throw new SendError('bad_request', 'this message comes first or never');
    }
  }

  /** @returns null when the socket closed before anything came. */
  async #open(): Promise<Order | null> {
    const bytes = await this.#inbox.next(FIRST_MESSAGE_TIMEOUT_MS);
    if (bytes === 'closed') return null;
    const message = expectMessage(bytes);
    if (message.type !== 'open') throw new SendError('bad_request', 'an order comes first');
    this.#place.open();
    try {
      const order = await this.#context.gate.admit(message.order, 'store');
      if (order.shardExpiresAtMs <= this.#context.clock.nowMs()) throw new SendError('transfer_expired');
      return order;
    } catch (thrown) {
      this.#place.refuse();
      throw thrown;
    }
  }

  /** What a store order for rebuilding permits, by segment; null for an order without commitment. */
  async #permitted(order: Order): Promise<ReadonlyMap<number, ShardStatement> | null> {
    if (equalBytes(order.commitment, NO_COMMITMENT)) return null;
    const message = expectMessage(await this.#inbox.next(FIRST_MESSAGE_TIMEOUT_MS));
    if (message.type !== 'committed') throw new SendError('bad_request', 'the list of shards is missing');
    if (!equalBytes(hash('sha256', message.encoded, 'buffer'), order.commitment)) throw new SendError('conflict', 'the list is not the one that was ordered');
    return new Map(message.shards.map((shard) => [shard.segment, shard]));
  }

  /** Takes a shard's bytes and starts to store them. @returns false when the socket closed or fell silent. */
  async #receive(order: Order, permitted: ReadonlyMap<number, ShardStatement> | null, shard: ShardStatement): Promise<boolean> {
    const bytes = await this.#inbox.next(IDLE_MS);
    if (typeof bytes === 'string') return false;
    if (bytes.length !== shard.shardBytes) throw new SendError('bad_request', 'the shard has another size than announced');
    const refusal = this.#refusalOf(order, permitted, shard);
    if (refusal !== null) {
      this.#refuse(refusal, shard.segment);
      return true;
    }
    this.#movedBytes += bytes.length;
    if (!equalBytes(rootFromLeafHashes(bytes.length, hashLeaves(bytes)), shard.root)) {
      this.#refuse('shard_mismatch', shard.segment);
      return true;
    }
    while (this.#pending.size >= STORE_WINDOW_SHARDS && !this.#stopping) await new Promise<void>((resolve) => (this.#room = resolve));
    await this.#context.memory.take(bytes.length);
    const storing = this.#storeShard(order, shard, bytes, this.#unsealed).finally(() => {
      this.#context.memory.give(bytes.length);
      this.#pending.delete(storing);
      this.#room();
    });
    this.#pending.add(storing);
    return true;
  }

  /** Says whether a shard need not be sent; one that is held is covered by the next SEAL. */
  async #hold(order: Order, permitted: ReadonlyMap<number, ShardStatement> | null, shard: ShardStatement): Promise<void> {
    const refusal = this.#refusalOf(order, permitted, shard);
    if (refusal !== null) return this.#refuse(refusal, shard.segment);
    const { transferId, shardIndex, shardExpiresAtMs: expiresAtMs, notBeforeMs: orderedAtMs } = order;
    try {
      const held = await this.#context.store.holds({ transferId, shardIndex, expiresAtMs, orderedAtMs, ...shard });
      if (held) this.#unsealed.set(shard.segment, shard);
      this.#send(held ? encodeStored(shard.segment) : encodeAbsent(shard.segment));
    } catch (thrown) {
      this.#refuse(this.#codeOf(thrown), shard.segment);
    }
  }

  #refusalOf(order: Order, permitted: ReadonlyMap<number, ShardStatement> | null, shard: ShardStatement): ErrorCode | null {
    if (this.#movedBytes + shard.shardBytes > order.maxBytes) return 'order_budget';
    if (this.#unsealed.size + this.#pending.size >= MAX_UNSEALED_SHARDS) return 'too_many_requests';
    if (permitted === null) return null;
    const committed = permitted.get(shard.segment);
    return committed !== undefined && committed.shardBytes === shard.shardBytes && equalBytes(committed.root, shard.root) ? null : 'conflict';
  }

  /** @param unsealed - of the time when the shard came: a SEAL after it covers it. */
  async #storeShard(order: Order, shard: ShardStatement, bytes: Uint8Array, unsealed: Unsealed): Promise<void> {
    const { transferId, shardIndex, shardExpiresAtMs: expiresAtMs, notBeforeMs: orderedAtMs } = order;
    // An order for rebuilding names its very shards, and counts those alone that a node lacks.
    const maxTransferBytes = equalBytes(order.commitment, NO_COMMITMENT) ? order.maxBytes : undefined;
    try {
      await this.#context.store.put({ transferId, segment: shard.segment, shardIndex, root: shard.root, expiresAtMs, orderedAtMs, maxTransferBytes }, bytes);
      unsealed.set(shard.segment, shard);
      this.#context.metrics.add('stored_shards_total');
      this.#context.metrics.add('stored_bytes_total', bytes.length);
      this.#send(encodeStored(shard.segment));
    } catch (thrown) {
      this.#refuse(this.#codeOf(thrown), shard.segment);
    }
  }

  #seal(order: Order): void {
    const before = [...this.#pending];
    const unsealed = this.#unsealed;
    this.#unsealed = new Map();
    this.#seals++;
    this.#sealing = this.#sealing
      .then(() => Promise.all(before))
      .then(() => this.#answerSeal(order, unsealed))
      .catch((thrown: unknown) => {
        this.#refuse(this.#codeOf(thrown), null);
        this.#close(CLOSE_REFUSED);
      })
      .finally(() => this.#seals--);
  }

  async #answerSeal(order: Order, unsealed: Unsealed): Promise<void> {
    const { key, store, clock } = this.#context;
    const stored = [...unsealed.values()].toSorted((a, b) => a.segment - b.segment);
    const shards = await store.commit(order.transferId, stored);
    const storedAtMs = clock.nowMs();
    const { transferId, shardIndex, shardExpiresAtMs } = order;
    const statement = receiptBytes({ transferId, nodeId: key.nodeId, shardIndex, shardExpiresAtMs, storedAtMs, shards });
    const signature = await signBytes(key.privateKey, statement);
    const segments = shards.map(({ segment }) => segment);
    this.#send(encodeReceipt(storedAtMs, signature, segments));
  }

  async #finish(): Promise<void> {
    await Promise.all(this.#pending);
    await this.#sealing;
  }

  #codeOf(thrown: unknown): ErrorCode {
    const code = thrown instanceof SendError ? thrown.code : 'internal';
    if (code === 'internal') this.#context.unexpected(thrown);
    return code;
  }

  #refuse(code: ErrorCode, segment: number | null): void {
    this.#context.metrics.refused(code);
    this.#send(encodeProblem(code, segment));
  }

  #send(message: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(message);
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) this.#socket.terminate();
  }

  #close(code: number): void {
    this.#inbox.close();
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.close(code);
    if (this.#socket.isPaused) this.#socket.resume(); // to see the client's half of the close
  }

  /** A client of which not one byte came since the last ping is gone: on a slow line its answer stands behind a shard. */
  #keepAlive(): () => void {
    let before = -1;
    let cancel: () => void = () => {};
    const ping = (): void => {
      // While the node itself does not read, it cannot know what the client answered.
      if (this.#received() === before && !this.#socket.isPaused) return this.#socket.terminate();
      before = this.#received();
      if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
      cancel = this.#context.clock.after(PING_MS, ping);
    };
    cancel = this.#context.clock.after(PING_MS, ping);
    return () => cancel();
  }
}

function expectMessage(bytes: Uint8Array | NoMessage): ClientMessage {
  if (typeof bytes === 'string') throw new SendError('bad_request', 'no message came in time');
  return parseClientMessage(bytes);
}
