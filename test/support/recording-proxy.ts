/**
 * An HTTP proxy for one browser: everything that its pages, workers and service workers ask for passes here, is written
 * down, and can be held back, so that a test meets a transfer in the middle without guessing at times.
 */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Flow } from './line.ts';

/** A request as it left the browser; the opening of a WebSocket is one as well. */
export interface Recorded {
  readonly method: string;
  readonly url: string;
  /** Names and values one after another, as they were sent. */
  readonly headers: readonly string[];
  /** Complete once the request was answered. */
  readonly body: Buffer[];
  /** Of the answer's body, that have passed. */
  answeredBytes: number;
}

export interface Hold {
  /** A request that fits has come. */
  readonly reached: Promise<void>;
  /** Lets what waits and what comes pass. */
  release(): void;
}

interface Rule {
  fits(request: Recorded): boolean;
  /** Bytes of an answer that pass first; null holds the request itself. */
  readonly afterBytes: number | null;
  reach(): void;
  readonly released: Promise<void>;
  release(): void;
}

export class RecordingProxy {
  readonly requests: Recorded[] = [];
  /** All answers together; may be given a pace. */
  readonly answers = new Flow();
  readonly #server: Server;
  /** Of holds that were not released. */
  readonly #rules = new Set<Rule>();
  readonly #tunnels = new Set<Socket>();

  private constructor() {
    this.#server = createServer((incoming, outgoing) => void this.#forward(incoming, outgoing));
    this.#server.on('connect', (incoming: IncomingMessage, socket: Socket, head: Buffer) => this.#tunnel(incoming, socket, head));
  }

  static async start(): Promise<RecordingProxy> {
    const proxy = new RecordingProxy();
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Holds requests before they are passed on. */
  holdRequests(fits: Rule['fits']): Hold {
    return this.#hold(fits, null);
  }

  /** Holds answers once so many of their bytes have passed. */
  holdAnswers(fits: Rule['fits'], afterBytes: number): Hold {
    return this.#hold(fits, afterBytes);
  }

  /** So that what a failed test left held does not hold the next one. */
  releaseAll(): void {
    for (const rule of this.#rules) rule.release();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#tunnels) socket.destroy();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #hold(fits: Rule['fits'], afterBytes: number | null): Hold {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const release = (): void => {
      this.#rules.delete(rule);
      released.resolve();
    };
    const rule: Rule = { fits, afterBytes, reach: reached.resolve, released: released.promise, release };
    this.#rules.add(rule);
    return { reached: reached.promise, release };
  }

  #ruleFor(request: Recorded, before: boolean): Rule | undefined {
    return [...this.#rules].find((rule) => (rule.afterBytes === null) === before && rule.fits(request));
  }

  async #forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const recorded: Recorded = { method: incoming.method!, url: incoming.url!, headers: incoming.rawHeaders, body: [], answeredBytes: 0 };
    this.requests.push(recorded);
    try {
      for await (const chunk of incoming) recorded.body.push(chunk as Buffer);
      const held = this.#ruleFor(recorded, true);
      held?.reach();
      await held?.released;
      if (outgoing.destroyed) return;
      const upstream = httpRequest(recorded.url, { method: recorded.method, headers: recorded.headers, agent: false });
      outgoing.on('close', () => upstream.destroy());
      upstream.end(Buffer.concat(recorded.body));
      const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
      outgoing.writeHead(answer.statusCode!, answer.rawHeaders);
      const slowed = this.#ruleFor(recorded, false);
      await pipeline(answer, (chunks: AsyncIterable<Buffer>) => counted(slowed ? heldBack(chunks, slowed) : chunks, recorded, this.answers), outgoing);
    } catch {
      outgoing.destroy(); // the one end or the other went away: so does this one
    }
  }

  /** What a browser uses for WebSockets. */
  #tunnel(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    const target = new URL(`http://${incoming.url}`);
    const upstream = connect(Number(target.port || 80), target.hostname.replace(/^\[|\]$/g, ''));
    this.#tunnels.add(socket).add(upstream);
    const close = (): void => {
      for (const end of [socket, upstream]) {
        end.destroy();
        this.#tunnels.delete(end);
      }
    };
    for (const end of [socket, upstream]) end.on('error', close).on('close', close);
    socket.once('data', (first: Buffer) => {
      const [line = '', ...lines] = first.toString('latin1').split('\r\n\r\n')[0]!.split('\r\n');
      const [method = '', path = ''] = line.split(' ');
      this.requests.push({ method, url: `ws://${incoming.url}${path}`, headers: lines.flatMap((header) => header.split(/: (.*)/, 2)), body: [], answeredBytes: 0 });
    });
    upstream.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      if (head.length > 0) upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
  }
}

async function* counted(chunks: AsyncIterable<Buffer>, recorded: Recorded, flow: Flow): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    await flow.pass(chunk.length);
    recorded.answeredBytes += chunk.length;
    yield chunk;
  }
}

async function* heldBack(chunks: AsyncIterable<Buffer>, rule: Rule): AsyncGenerator<Buffer> {
  let passed = 0;
  for await (const chunk of chunks) {
    if (passed >= rule.afterBytes!) {
      rule.reach();
      await rule.released;
    }
    passed += chunk.length;
    yield chunk;
  }
}
