/** The client's end of a store socket, for tests: it may also say what no honest client says. */
import { WebSocket, type RawData } from 'ws';
import { encodeOpen, encodeSeal, encodeShardHeader, parseNodeMessage, type NodeMessage, type ShardStatement } from '../../shared/protocol/index.ts';

export class StoreClient {
  readonly socket: WebSocket;
  readonly #messages: NodeMessage[] = [];
  #wake: () => void = () => {};
  #closed: number | null = null;

  constructor(nodeUrl: string, options: { rejectUnauthorized?: boolean } = {}) {
    this.socket = new WebSocket(`${nodeUrl.replace(/^http/, 'ws')}/v1/store`, { perMessageDeflate: false, ...options });
    this.socket.on('message', (data: RawData) => {
      const bytes = data as Buffer;
      this.#messages.push(parseNodeMessage(Uint8Array.from(bytes)));
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', (code) => {
      this.#closed = code;
      this.#wake();
    });
  }

  static async connect(nodeUrl: string): Promise<StoreClient> {
    const client = new StoreClient(nodeUrl);
    await client.connected();
    return client;
  }

  /** Opens with an order and waits for READY. */
  static async open(nodeUrl: string, order: Uint8Array): Promise<StoreClient> {
    const client = await StoreClient.connect(nodeUrl);
    client.send(encodeOpen(order));
    await client.expect('ready');
    return client;
  }

  async connected(): Promise<void> {
    if (this.socket.readyState === WebSocket.OPEN) return;
    await new Promise<void>((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
    });
  }

  send(bytes: Uint8Array): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(bytes);
  }

  sendShard(shard: ShardStatement, bytes: Uint8Array): void {
    this.send(encodeShardHeader(shard));
    this.send(bytes);
  }

  /** The next message; null when the socket closed before one came. */
  async next(): Promise<NodeMessage | null> {
    while (this.#messages.length === 0 && this.#closed === null) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#messages.shift() ?? null;
  }

  async expect<T extends NodeMessage['type']>(type: T): Promise<Extract<NodeMessage, { type: T }>> {
    const message = await this.next();
    if (message?.type !== type) throw new Error(`${type} expected, not ${JSON.stringify(message)} ${message?.type === 'problem' ? message.error.code : ''}`);
    return message as Extract<NodeMessage, { type: T }>;
  }

  async store(shard: ShardStatement, bytes: Uint8Array): Promise<void> {
    this.sendShard(shard, bytes);
    const { segment } = await this.expect('stored');
    if (segment !== shard.segment) throw new Error('another segment was acknowledged');
  }

  async seal(): Promise<Extract<NodeMessage, { type: 'receipt' }>> {
    this.send(encodeSeal());
    return await this.expect('receipt');
  }

  /** The code with which the socket closes; messages until then are dropped. */
  async closed(): Promise<number> {
    while (this.#closed === null) {
      this.#messages.length = 0;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#closed;
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed();
  }
}
