/** The node's listening socket: HTTP, the store WebSocket, their limits, and how all of it ends. */
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { MAX_SHARD_BYTES, MIB, encodeProblem, problemOf } from '../../shared/protocol/index.ts';
import { ConfigError } from '../config-error.ts';
import type { Log } from '../log.ts';
import { MemoryBudget } from './memory-budget.ts';
import { answer, type RouteContext } from './routes.ts';
import { StorePlaces } from './store-places.ts';
import { StoreSession } from './store-session.ts';
import { keepCertificateFresh, readCertificate, type TlsFiles } from './tls.ts';

const MAX_CONNECTIONS = 1024;
const MAX_FETCHES = 256;
/** The coordinator asks one a node; each holds a shard in memory. */
const MAX_AUDITS = 2;
/** Shards of all store sockets that wait for the disk. */
const MEMORY_BYTES = 64 * MIB;
const STOP_MS = 5000;
const CLOSE_TRY_LATER = 1013;

export interface ApiOptions {
  readonly host?: string | undefined;
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  readonly log: Log;
}

export type ApiContext = Omit<RouteContext, 'fetches' | 'audits'>;

export class Api {
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #sessions = new Map<StoreSession, Promise<void>>();
  readonly #fetches = { open: 0, limit: MAX_FETCHES };
  #endTls: () => void = () => {};

  private constructor(server: Server) {
    this.#server = server;
    this.#sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, skipUTF8Validation: true, maxPayload: MAX_SHARD_BYTES, clientTracking: false });
  }

  /** @throws ConfigError when the address cannot be listened on, or the certificate is not one. */
  static async listen(options: ApiOptions, context: ApiContext): Promise<Api> {
    const { tls, log } = options;
    const limits = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 15_000, connectionsCheckingInterval: 5000, noDelay: true };
    let api: Api;
    if (tls === undefined) api = new Api(createServer(limits));
    else {
      const server = createTlsServer({ ...limits, ...(await readCertificate(tls)) });
      api = new Api(server);
      api.#endTls = keepCertificateFresh(server, tls, log);
    }
    api.#serve(context);
    try {
      await api.#bind(options);
    } catch (thrown) {
      api.#endTls();
      throw thrown;
    }
    return api;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get stores(): number {
    return this.#sessions.size;
  }

  get fetches(): number {
    return this.#fetches.open;
  }

  /** Takes nothing new, lets shards and streams in flight end, for a bounded time, and closes every connection. */
  async close(): Promise<void> {
    this.#endTls();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    for (const session of this.#sessions.keys()) session.stop();
    const timer = setTimeout(() => {
      for (const session of this.#sessions.keys()) session.terminate();
      this.#server.closeAllConnections();
    }, STOP_MS);
    await Promise.all(this.#sessions.values());
    await closed;
    clearTimeout(timer);
  }

  #serve(context: ApiContext): void {
    const memory = new MemoryBudget(MEMORY_BYTES);
    const places = new StorePlaces();
    const routes: RouteContext = { ...context, fetches: this.#fetches, audits: { open: 0, limit: MAX_AUDITS } };
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('request', (request, response) => void answer(request, response, routes));
    this.#server.on('upgrade', (request, socket, head) => {
      if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/v1/store') {
        context.metrics.refused('not_found');
        return refuseUpgrade(socket);
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        // What a peer does to its socket ends its session and nothing else.
        webSocket.on('error', () => webSocket.terminate());
        const sayBusy = (): void => {
          context.metrics.refused('node_busy');
          webSocket.send(encodeProblem('node_busy', null));
        };
        if (places.full) {
          sayBusy();
          return webSocket.close(CLOSE_TRY_LATER);
        }
        const { remoteAddress = '' } = socket as Socket;
        const place = places.enter(remoteAddress, () => {
          if (webSocket.readyState === webSocket.OPEN) sayBusy();
          webSocket.terminate();
        });
        const session = new StoreSession(webSocket, () => (socket as Socket).bytesRead, place, { ...context, memory });
        const running = session.run().finally(() => {
          place.leave();
          this.#sessions.delete(session);
        });
        this.#sessions.set(session, running);
      });
    });
  }

  async #bind({ host, port }: ApiOptions): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ port, ...(host === undefined ? {} : { host }) }, () => resolve());
      });
    } catch (cause) {
      const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
      throw new ConfigError(`couldn't listen on port ${port} (${reason}): is another program using it?`, { cause });
    }
    this.#server.removeAllListeners('error');
    this.#server.on('error', () => {}); // a connection that fails while it is accepted concerns that connection alone
  }
}

/** Browsers hide the body of a refused upgrade; people who try the address by hand do see it. */
function refuseUpgrade(socket: Duplex): void {
  const body = JSON.stringify(problemOf('not_found'));
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}
