/** A coordinator for tests: signs orders, takes registrations, heartbeats and reports, and nothing else. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  MAX_CONTENT_BYTES,
  NO_COMMITMENT,
  asNodeId,
  asTransferId,
  decodeB64,
  encodeB64,
  signOrder,
  signingKeyFromSeed,
  utf8,
  verifyRequest,
  type Network,
  type Order,
  type SigningKey,
  type TransferId,
} from '../../shared/protocol/index.ts';

export const HOUR_MS = 3600_000;

export const newTransferId = (): TransferId => asTransferId(Uint8Array.from(randomBytes(16)));

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export class TestCoordinator {
  readonly key: SigningKey;
  readonly #server: Server;
  readonly #received: Received[] = [];
  readonly #waiting: { matches: (request: Received) => boolean; resolve: (request: Received) => void }[] = [];
  /** Its clock; a test with a clock of its own sets this too. */
  nowMs: () => number = () => Date.now();
  /** What it answers to a request of this path, beside what it always knows. */
  readonly answers = new Map<string, (body: unknown) => unknown>();
  /** Length of an epoch, and time between heartbeats, that nodes are told. */
  epochMs: number | undefined = undefined;
  heartbeatMs: number | undefined = undefined;
  /** The key that it shows to who asks before registering, and has requests signed for; its own unless set. */
  shownKey: Uint8Array | undefined = undefined;
  /** Status to answer a request with instead, once each. */
  readonly refusals: { path: string; status: number; code: string }[] = [];

  private constructor(key: SigningKey) {
    this.key = key;
    this.#server = createServer(async (request, response) => {
      const parts: Uint8Array[] = [];
      for await (const part of request as AsyncIterable<Uint8Array>) parts.push(part);
      const body = Uint8Array.from(Buffer.concat(parts));
      const path = request.url ?? '';
      if (path === '/api/network') return void response.writeHead(200).end(JSON.stringify(this.#network()));
      const signed = { coordinatorKey: this.shownKey ?? this.key.publicKey, method: request.method ?? '', pathAndQuery: path, body };
      const nodeId = await verifyRequest(request.headers.authorization, signed, this.nowMs()).then(
        (verified) => verified.publicKey,
        () => null,
      );
      if (nodeId === null) return void response.writeHead(401).end('{"code":"unauthorized"}');
      const refusal = this.refusals.findIndex((one) => one.path === path);
      const content: unknown = body.length === 0 ? null : JSON.parse(Buffer.from(body).toString());
      const { epochMs, heartbeatMs } = this;
      const answers: Record<string, unknown> = {
        '/api/nodes': { nodeId: encodeB64(nodeId), coordinatorKey: encodeB64(this.key.publicKey), epochMs, heartbeatMs },
        '/api/nodes/heartbeat': { nowMs: this.nowMs(), epochMs, heartbeatMs },
        '/api/nodes/inventory': { differ: [] },
      };
      if (refusal >= 0) {
        const { status, code } = this.refusals.splice(refusal, 1)[0]!;
        response.writeHead(status).end(JSON.stringify({ code }));
      } else if (this.answers.has(path)) response.writeHead(200).end(JSON.stringify(await this.answers.get(path)!(content)));
      else if (path in answers) response.writeHead(200).end(JSON.stringify(answers[path]));
      else response.writeHead(204).end();
      this.#take({ method: request.method ?? '', path, body: content });
    });
  }

  static async start(): Promise<TestCoordinator> {
    const coordinator = new TestCoordinator(await signingKeyFromSeed(randomBytes(32)));
    await new Promise<void>((resolve) => coordinator.#server.listen(0, '127.0.0.1', resolve));
    return coordinator;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #network(): Network {
    const limits = { maxContentBytes: MAX_CONTENT_BYTES, minExpiresInSeconds: 1, maxExpiresInSeconds: 1, maxDownloads: 1 };
    return { version: 1, coordinatorKey: encodeB64(this.shownKey ?? this.key.publicKey), nowMs: this.nowMs(), nodes: { online: 0, total: 0 }, limits };
  }

  #take(request: Received): void {
    const waiting = this.#waiting.findIndex(({ matches }) => matches(request));
    if (waiting >= 0) this.#waiting.splice(waiting, 1)[0]!.resolve(request);
    else this.#received.push(request);
  }

  /** The next request to a path, whether it came already or is still to come. */
  next(matches: (request: Received) => boolean): Promise<Received> {
    const known = this.#received.findIndex(matches);
    if (known >= 0) return Promise.resolve(this.#received.splice(known, 1)[0]!);
    return new Promise((resolve) => this.#waiting.push({ matches, resolve }));
  }

  /** An order that is good now, but for what `changes` says. @param nodeId - b64. */
  order(nodeId: string, changes: Partial<Order> & Pick<Order, 'action' | 'transferId'>, key = this.key): Promise<Uint8Array<ArrayBuffer>> {
    const nowMs = this.nowMs();
    const order: Order = {
      serial: randomBytes(16),
      nodeId: asNodeId(decodeB64(nodeId)),
      shardIndex: 0,
      maxBytes: 2 ** 40,
      shardExpiresAtMs: nowMs + HOUR_MS,
      notBeforeMs: nowMs,
      expiresAtMs: nowMs + 10 * 60_000,
      commitment: NO_COMMITMENT,
      ...changes,
    };
    return signOrder(order, key.privateKey);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

export const jsonBytes = (value: unknown): Uint8Array<ArrayBuffer> => utf8(JSON.stringify(value));
