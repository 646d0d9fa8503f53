/** One target of a rebuild: a store WebSocket to the node that lacks shards. docs/protocol.md §9. */
import { WebSocket, type RawData } from 'ws';
import {
  SendError,
  asSendError,
  decodeB64,
  encodeB64,
  encodeCommitted,
  encodeOpen,
  encodeSeal,
  encodeShardHeader,
  importVerifyingKey,
  parseNodeMessage,
  parseOrder,
  receiptBytes,
  verifyBytes,
  type NodeMessage,
  type Order,
  type ReceiptMessage,
  type Seat,
  type ShardStatement,
} from '../../shared/protocol/index.ts';
import type { JobTerms } from './job-terms.ts';

const MAX_ANSWER_BYTES = 64 * 1024;

type Patience = Pick<JobTerms, 'clock' | 'silenceMs'>;

export class ShardTarget {
  readonly shardIndex: number;
  readonly #order: Order;
  readonly #committed: ReadonlyMap<number, ShardStatement>;
  readonly #socket: WebSocket;
  readonly #patience: Patience;
  readonly #sent = new Set<number>();
  #window = 0;
  #unacknowledged = 0;
  #sealed = false;
  #refused: SendError | null = null;
  #failure: SendError | null = null;
  #receipt: Extract<NodeMessage, { type: 'receipt' }> | null = null;
  #wake: () => void = () => {};

  private constructor(seat: Seat, committed: readonly ShardStatement[], patience: Patience) {
    const url = new URL('v1/store', seat.url.endsWith('/') ? seat.url : `${seat.url}/`);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    this.shardIndex = seat.shardIndex;
    this.#order = parseOrder(decodeB64(seat.order));
    this.#committed = new Map(committed.map((statement) => [statement.segment, statement]));
    this.#patience = patience;
    this.#socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true, maxPayload: MAX_ANSWER_BYTES, handshakeTimeout: patience.silenceMs });
    this.#socket.on('message', (data: RawData, isBinary: boolean) => this.#hear(data as Buffer, isBinary));
    this.#socket.on('error', (cause) => this.#fail(asSendError(cause, 'node_unreachable', "couldn't reach the node to store on")));
    this.#socket.on('close', () => this.#fail(new SendError('node_unreachable', 'the node closed the connection')));
  }

  /**
   * @param committed - the shards that the order permits, segments ascending.
   * @throws SendError what the node said, `node_unreachable` or `node_slow`.
   */
  static async open(seat: Seat, committed: readonly ShardStatement[], patience: Patience): Promise<ShardTarget> {
    const target = new ShardTarget(seat, committed, patience);
    target.#socket.once('open', () => {
      target.#socket.send(encodeOpen(decodeB64(seat.order)));
      target.#socket.send(encodeCommitted(committed));
    });
    try {
      await target.#until(() => target.#window > 0);
    } catch (thrown) {
      target.close();
      throw thrown;
    }
    return target;
  }

  /** What the node refused of single shards, if anything: the first of it. */
  get refused(): SendError | null {
    return this.#refused;
  }

  /** Sends a shard when the window has room; not at all once the receipt was asked for. The bytes are the caller's again when this resolves. */
  async send(shard: ShardStatement, bytes: Uint8Array): Promise<void> {
    await this.#until(() => this.#sealed || this.#unacknowledged < this.#window);
    if (this.#sealed) return;
    this.#unacknowledged++;
    this.#sent.add(shard.segment);
    this.#socket.send(encodeShardHeader(shard));
    this.#socket.send(bytes); // masked into a copy before this returns
  }

  /**
   * Asks for a receipt over all that was stored. One that the node did not sign goes no further: whoever reports it is
   * taken for its forger (docs/protocol.md §9).
   *
   * @returns null when nothing was. @throws SendError `receipt_invalid`, or what the node said.
   */
  async seal(): Promise<ReceiptMessage | null> {
    this.#sealed = true;
    this.#wake(); // a shard that waits for room waits no longer
    this.#socket.send(encodeSeal());
    await this.#until(() => this.#receipt !== null);
    const { storedAtMs, signature, segments } = this.#receipt!;
    if (segments.length === 0) return null;
    const { transferId, nodeId, shardIndex, shardExpiresAtMs } = this.#order;
    const shards = segments.map((segment) => this.#committed.get(segment)!);
    const signed = receiptBytes({ transferId, nodeId, shardIndex, shardExpiresAtMs, storedAtMs, shards });
    if (!(await verifyBytes(await importVerifyingKey(nodeId), signature, signed))) throw new SendError('receipt_invalid', 'the node did not sign its receipt');
    return { shardIndex: this.shardIndex, shardExpiresAtMs, storedAtMs, segments: [...segments], signature: encodeB64(signature) };
  }

  /** Whoever waits for it waits no longer. */
  giveUp(): void {
    this.#fail(new SendError('node_slow'));
  }

  close(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000);
    else this.#socket.terminate();
    const { clock, silenceMs } = this.#patience;
    const cancel = clock.after(silenceMs, () => this.#socket.terminate());
    this.#socket.once('close', cancel);
  }

  #hear(data: Buffer, isBinary: boolean): void {
    try {
      if (!isBinary) throw new SendError('bad_request', 'the node sent text');
      this.#take(parseNodeMessage(new Uint8Array(data.buffer, data.byteOffset, data.length)));
    } catch (thrown) {
      this.#fail(asSendError(thrown, 'bad_request', 'the node sent something that it must not'));
    }
    this.#wake();
  }

  #take(message: NodeMessage): void {
    switch (message.type) {
      // What says nothing must not count as a sign of life: patience begins anew with every message.
      case 'ready':
        if (this.#window > 0) throw new SendError('bad_request', 'the node was ready before');
        this.#window = message.window;
        break;
      case 'stored':
        this.#acknowledge();
        break;
      case 'receipt':
        // The coordinator refuses a report with an impossible receipt as a whole: one target must not cost the others theirs.
        if (message.segments.some((segment) => !this.#sent.has(segment))) throw new SendError('receipt_invalid', 'a receipt for a shard that was not sent');
        this.#receipt = message;
        break;
      case 'absent':
        throw new SendError('bad_request', 'the node answers what was not asked');
      case 'problem':
        if (message.segment === null) return this.#fail(message.error);
        this.#acknowledge();
        this.#refused ??= message.error;
    }
  }

  #acknowledge(): void {
    if (this.#unacknowledged === 0) throw new SendError('bad_request', 'the node answers what was not sent');
    this.#unacknowledged--;
  }

  #fail(failure: SendError): void {
    this.#failure ??= failure;
    this.#wake();
  }

  async #until(ready: () => boolean): Promise<void> {
    while (this.#failure === null && !ready()) {
      await new Promise<void>((resolve) => {
        const { clock, silenceMs } = this.#patience;
        const cancel = clock.after(silenceMs, () => this.giveUp());
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
    if (this.#failure !== null) throw this.#failure;
  }
}
