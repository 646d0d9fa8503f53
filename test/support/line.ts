/**
 * Lines that count what passes, and hold it back where they are given a pace: in front of a program, as a home's uplink
 * is, or around a client, whose every connection then shares one. Of what passes only the first line of an HTTP request
 * is read, so that a test can step in at that moment.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientDeps } from '../../shared/client/index.ts';

/** Method and path of a request that begins with a chunk, as every client here sends them. */
const REQUEST = /^(?:GET|PUT|POST|DELETE) \S{1,200}/;

/** One direction of a line, or of many that share it. */
export class Flow {
  /** Passed so far. */
  bytes = 0;
  /** Null: as fast as it comes. */
  bytesPerSecond: number | null = null;
  #freeAtMs = 0;

  /** Resolves when these may go on. */
  async pass(bytes: number): Promise<void> {
    this.bytes += bytes;
    if (this.bytesPerSecond === null) return;
    const nowMs = performance.now();
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (bytes / this.bytesPerSecond) * 1000;
    await delay(this.#freeAtMs - nowMs);
  }
}

/** @param moment - before the request goes on, or before the first bytes of its answer do. @param request - `GET /path`. */
type Watcher = (request: string, moment: 'asked' | 'answered') => Promise<void>;

interface Flows {
  readonly toTarget: Flow;
  readonly fromTarget: Flow;
}
const newFlows = (): Flows => ({ toTarget: new Flow(), fromTarget: new Flow() });

/** What one connection carried. */
interface LineConnection {
  /** The first request's method and path; empty where nothing was asked. */
  opening: string;
  /** In both directions. */
  bytes: number;
}

/** A port that leads to another. */
export class Line implements Flows {
  readonly toTarget: Flow;
  readonly fromTarget: Flow;
  readonly url: string;
  /** Every one accepted so far. */
  readonly connections: LineConnection[] = [];
  /** What passes waits for it. */
  watcher: Watcher = async () => undefined;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(server: Server, targetPort: number, { toTarget, fromTarget }: Flows) {
    this.#server = server;
    this.toTarget = toTarget;
    this.fromTarget = fromTarget;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (client: Socket) => void this.#relay(client, targetPort));
  }

  /**
   * @param port - 0 for any.
   * @param targetPort - on this machine; nobody needs to listen there yet.
   */
  static async listen(port: number, targetPort: number, flows: Flows = newFlows()): Promise<Line> {
    const server = createServer({ allowHalfOpen: true }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Line(server, targetPort, flows);
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #relay(client: Socket, port: number): Promise<void> {
    const target = connect({ port, host: 'localhost', allowHalfOpen: true });
    const connection: LineConnection = { opening: '', bytes: 0 };
    this.connections.push(connection);
    for (const socket of [client, target]) {
      socket.setNoDelay(true);
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    }
    let asked: string | null = null;
    const toTarget = async (chunk: Buffer): Promise<void> => {
      const request = REQUEST.exec(chunk.toString('latin1', 0, 256))?.[0];
      if (request !== undefined) {
        connection.opening ||= request;
        asked = request;
        await this.watcher(request, 'asked');
      }
      await this.toTarget.pass(chunk.length);
    };
    const fromTarget = async (chunk: Buffer): Promise<void> => {
      const request = asked;
      asked = null;
      if (request !== null) await this.watcher(request, 'answered');
      await this.fromTarget.pass(chunk.length);
    };
    const passing = (pass: (chunk: Buffer) => Promise<void>) =>
      async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
        for await (const chunk of chunks) {
          connection.bytes += chunk.length;
          await pass(chunk);
          yield chunk;
        }
      };
    try {
      await Promise.all([pipeline(client, passing(toTarget), target), pipeline(target, passing(fromTarget), client)]);
    } catch {
      client.destroy(); // the one end or the other went away: so does this one
      target.destroy();
    }
  }
}

/** A client's own line: all that its connections carry, to whomever, passes these two flows. */
export class Uplink implements Flows {
  readonly toTarget: Flow;
  readonly fromTarget: Flow;
  /** What the client is to run with. */
  readonly deps: ClientDeps;
  readonly #lines: ReadonlyMap<string, Line>;

  private constructor(lines: ReadonlyMap<string, Line>, { toTarget, fromTarget }: Flows, deps: ClientDeps) {
    this.#lines = lines;
    this.toTarget = toTarget;
    this.fromTarget = fromTarget;
    this.deps = { ...deps, fetch: (input, init) => deps.fetch(this.#redirect(input), init), openSocket: (url) => deps.openSocket(this.#redirect(url)) };
  }

  /** @param urls - everybody whom the client will speak to; anybody else is an error. */
  static async to(urls: readonly string[], deps: ClientDeps): Promise<Uplink> {
    const flows = newFlows();
    const lines = new Map<string, Line>();
    for (const { port } of urls.map((url) => new URL(url))) lines.set(port, await Line.listen(0, Number(port), flows));
    return new Uplink(lines, flows, deps);
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#lines.values(), (line) => line.close()));
  }

  #redirect(address: string): string {
    const url = new URL(address);
    const line = this.#lines.get(url.port);
    if (line === undefined) throw new Error(`a client spoke to ${url.host}`);
    url.host = new URL(line.url).host;
    return url.href;
  }
}
