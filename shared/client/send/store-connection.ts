/** One WebSocket to one node: shards one way, acknowledgements and receipts the other. docs/protocol.md §9. */
import { decodeB64, type ShardId } from '../../protocol/bytes.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import type { Seat } from '../../protocol/messages.ts';
import { ORDER_BYTES, parseOrder } from '../../protocol/order.ts';
import type { ShardStatement } from '../../protocol/receipt.ts';
import { encodeHold, encodeOpen, encodeSeal, encodeShardHeader, parseNodeMessage, type NodeMessage } from '../../protocol/store-messages.ts';
import type { ClientDeps, SocketLike } from '../deps.ts';
import type { PaceMeter } from '../pace.ts';

export const OPEN_TIMEOUT_MS = 15_000;

export interface ReceivedReceipt {
  readonly shardIndex: number;
  readonly shardExpiresAtMs: number;
  readonly storedAtMs: number;
  readonly segments: readonly number[];
  readonly signature: Uint8Array;
}

/** A shard on its way to a node. */
export interface PendingShard {
  readonly segment: number;
  readonly root: ShardId;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** When it was handed to the socket; null while it waits for the window. */
  sentAtMs: number | null;
  settle(error: SendError | null): void;
}

/** How it went with a node in this upload, over all its connections. */
export interface NodeSoFar {
  /** In a row, without a receipt in between. */
  readonly failures: number;
  readonly pace: PaceMeter;
}

interface PendingHold {
  readonly shard: ShardStatement;
  settle(isHeld: boolean): void;
}

interface PendingSeal {
  /** What the receipt must cover: stored before it was asked for. */
  readonly expected: ReadonlySet<number>;
  resolve(receipt: ReceivedReceipt): void;
  reject(error: SendError): void;
}

/**
 * A connection ends once, through `fail`: `onEnd` is told, and every pending shard and receipt is settled with the
 * error. It is never reopened; a new one takes a new order.
 */
export class StoreConnection {
  readonly seat: Seat;
  /** How often in a row its node has failed this upload before. */
  readonly failures: number;
  /** Shards stored over this connection and not covered by a receipt yet. */
  readonly unsealed = new Set<number>();
  sentBytes = 0;
  #socket: SocketLike;
  readonly #order: Uint8Array<ArrayBuffer>;
  readonly #shardExpiresAtMs: number;
  readonly #deps: ClientDeps;
  readonly #pace: PaceMeter;
  readonly #onEnd: (error: SendError) => void;
  #window = 0;
  readonly #queue: PendingShard[] = [];
  readonly #inFlight = new Map<number, PendingShard>();
  /** Asked, and to be asked, whether the node has them. */
  readonly #holds = new Map<number, PendingHold>();
  readonly #holdQueue: PendingHold[] = [];
  readonly #seals: PendingSeal[] = [];
  #ended: SendError | null = null;
  #ready: { resolve(): void; reject(error: SendError): void } | null = null;

  private constructor(seat: Seat, { failures, pace }: NodeSoFar, deps: ClientDeps, onEnd: (error: SendError) => void) {
    this.seat = seat;
    this.#order = decodeB64(seat.order, ORDER_BYTES);
    this.#shardExpiresAtMs = parseOrder(this.#order).shardExpiresAtMs;
    this.failures = failures;
    this.#pace = pace;
    this.#deps = deps;
    this.#onEnd = onEnd;
    this.#socket = deps.openSocket(storeUrl(seat.url));
  }

  /** Resolves when the node took the order. @throws SendError: the node's refusal, or `node_unreachable`. */
  static async open(seat: Seat, soFar: NodeSoFar, deps: ClientDeps, onEnd: (error: SendError) => void): Promise<StoreConnection> {
    const connection = new StoreConnection(seat, soFar, deps, onEnd);
    await connection.#opened();
    return connection;
  }

  get shardIndex(): number {
    return this.seat.shardIndex;
  }
  get load(): number {
    return this.#queue.length + this.#inFlight.size;
  }
  /** When the longest unacknowledged shard was handed to the socket; null when none is. */
  get oldestSentAtMs(): number | null {
    return this.#inFlight.values().next().value?.sentAtMs ?? null;
  }
  get ended(): boolean {
    return this.#ended !== null;
  }

  /** Whether a shard of this segment has left and waits for its answer. */
  carries(segment: number): boolean {
    return this.#inFlight.has(segment);
  }

  enqueue(shard: PendingShard): void {
    if (this.#ended) return shard.settle(this.#ended);
    this.#queue.push(shard);
    this.#pump();
  }

  /** @returns whether the shard had not left yet and is now forgotten. */
  withdraw(shard: PendingShard): boolean {
    const at = this.#queue.indexOf(shard);
    if (at < 0) return false;
    this.#queue.splice(at, 1);
    return true;
  }

  /**
   * Asks whether the node has a shard from an earlier connection; from then on a receipt of this one covers it.
   *
   * @returns false as well when the connection ended or the node refused to say. Never rejects.
   */
  holds(shard: ShardStatement): Promise<boolean> {
    return new Promise((settle) => {
      if (this.#ended) return settle(false);
      this.#holdQueue.push({ shard, settle });
      this.#pump();
    });
  }

  /** Asks for a receipt over what `unsealed` holds. */
  seal(): Promise<ReceivedReceipt> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      this.#seals.push({ expected: new Set(this.unsealed), resolve, reject });
      this.#socket.send(encodeSeal());
    });
  }

  close(): void {
    this.fail(new SendError('cancelled'));
  }

  fail(error: SendError): void {
    if (this.#ended) return;
    this.#ended = error;
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.onerror = () => undefined;
    socket.close();
    this.#ready?.reject(error);
    // First of all nobody may choose it any more: settling a shard looks for another node at once.
    this.#onEnd(error);
    const pending = [...this.#queue.splice(0), ...this.#inFlight.values()];
    for (let i = 0; i < this.#inFlight.size; i++) this.#pace.end(this.#deps.now(), 0);
    this.#inFlight.clear();
    for (const shard of pending) shard.settle(error);
    for (const { settle } of [...this.#holdQueue.splice(0), ...this.#holds.values()]) settle(false);
    this.#holds.clear();
    for (const seal of this.#seals.splice(0)) seal.reject(error);
  }

  async #opened(): Promise<void> {
    const timer = new AbortController();
    const opened = new Promise<void>((resolve, reject) => (this.#ready = { resolve, reject }));
    const socket = this.#socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => socket.send(encodeOpen(this.#order));
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = socket.onerror = () => this.fail(new SendError('node_unreachable'));
    this.#deps.delay(OPEN_TIMEOUT_MS, timer.signal).then(
      () => this.fail(new SendError('node_unreachable', 'the node did not answer in time')),
      () => undefined, // opened or failed before
    );
    try {
      await opened;
    } finally {
      timer.abort();
      this.#ready = null;
    }
  }

  #receive(data: unknown): void {
    try {
      if (!(data instanceof ArrayBuffer)) throw new SendError('bad_request', 'the node sent text');
      this.#handle(parseNodeMessage(new Uint8Array(data)));
    } catch (thrown) {
      this.fail(asSendError(thrown, 'bad_request', 'the node sent something unreadable'));
    }
  }

  #handle(message: NodeMessage): void {
    switch (message.type) {
      case 'ready':
        if (this.#window > 0) throw new SendError('bad_request', 'the node was ready before');
        this.#window = message.window;
        this.#ready?.resolve();
        break;
      case 'stored': {
        if (this.#settleHold(message.segment, true)) break;
        const shard = this.#take(message.segment);
        this.#pace.end(this.#deps.now(), shard.bytes.length);
        this.unsealed.add(shard.segment);
        shard.settle(null);
        break;
      }
      case 'absent':
        if (!this.#settleHold(message.segment, false)) throw new SendError('bad_request', 'an answer for a shard that was not asked for');
        break;
      case 'receipt': {
        const [seal] = this.#seals;
        if (!seal) throw new SendError('bad_request', 'a receipt that nobody asked for');
        for (const segment of message.segments) {
          if (!this.unsealed.delete(segment)) throw new SendError('receipt_invalid', 'a receipt for a shard that was not sent');
        }
        if ([...seal.expected].some((segment) => this.unsealed.has(segment))) throw new SendError('receipt_invalid', 'a receipt that leaves out what was stored');
        this.#seals.shift();
        const { storedAtMs, segments, signature } = message;
        seal.resolve({ shardIndex: this.shardIndex, shardExpiresAtMs: this.#shardExpiresAtMs, storedAtMs, segments, signature });
        break;
      }
      case 'problem': {
        if (message.segment === null) return this.fail(message.error);
        if (this.#settleHold(message.segment, false)) break;
        const refused = this.#take(message.segment);
        this.#pace.end(this.#deps.now(), 0);
        refused.settle(message.error);
        break;
      }
    }
    this.#pump();
  }

  /** @returns whether it was asked for. */
  #settleHold(segment: number, isHeld: boolean): boolean {
    const hold = this.#holds.get(segment);
    if (!hold) return false;
    this.#holds.delete(segment);
    if (isHeld) this.unsealed.add(segment);
    hold.settle(isHeld);
    return true;
  }

  #take(segment: number): PendingShard {
    const shard = this.#inFlight.get(segment);
    if (!shard) throw new SendError('bad_request', 'an answer for a shard that was not sent');
    this.#inFlight.delete(segment);
    return shard;
  }

  #pump(): void {
    while (this.#inFlight.size + this.#holds.size < this.#window) {
      const hold = this.#holdQueue.shift();
      if (hold) {
        this.#holds.set(hold.shard.segment, hold);
        this.#socket.send(encodeHold(hold.shard));
        continue;
      }
      const shard = this.#queue.shift();
      if (!shard) return;
      this.#inFlight.set(shard.segment, shard);
      shard.sentAtMs = this.#deps.now();
      this.#pace.begin(shard.sentAtMs, shard.bytes.length);
      this.#socket.send(encodeShardHeader({ segment: shard.segment, shardBytes: shard.bytes.length, root: shard.root }));
      this.#socket.send(shard.bytes);
      this.sentBytes += shard.bytes.length;
    }
  }
}

const storeUrl = (url: string): string => `${url.replace(/^http/, 'ws').replace(/\/$/, '')}/v1/store`;
