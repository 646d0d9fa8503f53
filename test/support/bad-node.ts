/**
 * A node's public address that misbehaves: a proxy in front of a real node, whose mode may be changed at any time.
 * The node registers under the proxy's address, so clients, rebuilding nodes and the coordinator all meet the proxy.
 */
import { once } from 'node:events';
import { createServer as createHttpServer, request as httpRequest, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Transform, type Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { encodeReceipt, encodeStored, parseNodeMessage, parseProofHeader, proofBytes, PROOF_HEADER_BYTES } from '../../shared/protocol/index.ts';

/** What any connection meets. `hang` and `drip` also change connections that are open; all others end them. */
type LineMode =
  /** Every byte passes. */
  | 'honest'
  /** Closes at once. */
  | 'refuse'
  /** Accepts, then silence. */
  | 'hang'
  /** A byte a second from the node. */
  | 'drip'
  /** The same two, but only once so many bytes have come from the node: `LATER_BYTES`. */
  | 'hang-later'
  | 'drip-later'
  /** Closes in the middle: after so many bytes from the node, or so many to it. */
  | 'cut'
  /** Bytes that are no HTTP. */
  | 'garbage'
  /** 200, and bytes without end. */
  | 'endless'
  | 'redirect'
  /** Shard bytes with single bits flipped. */
  | 'flip'
  /** Ends what it answers to an audit at the first leaf that it does not hold. */
  | 'hide-absence';

/** What a store WebSocket meets; everything else passes. */
type StoreMode =
  | 'no-ready'
  | 'no-stored'
  /** STORED so late that others were asked as well; what is said behind it waits for it. */
  | 'late-stored'
  | 'no-receipt'
  | 'forged-receipt'
  /** A well-formed receipt for nothing. */
  | 'empty-receipt'
  /** STORED for a segment that was never sent. */
  | 'stored-unsent'
  /** Ends the connection when it is asked for a receipt. */
  | 'vanish-at-seal'
  /** READY with garbage behind it in the same packet. */
  | 'garbage-after-ready'
  | 'endless-ready';

export type BadMode = LineMode | StoreMode;

const STORE_MODES: ReadonlySet<string> = new Set<StoreMode>([
  'no-ready',
  'no-stored',
  'late-stored',
  'no-receipt',
  'forged-receipt',
  'empty-receipt',
  'stored-unsent',
  'vanish-at-seal',
  'garbage-after-ready',
  'endless-ready',
]);
const READY = 0x81,
  STORED = 0x82,
  RECEIPT = 0x83,
  SEAL = 0x03;
/** Past the headers of an answer and a request, in the middle of a shard of any size. */
const CUT_AFTER_BYTES = { fromNode: 600, toNode: 4_000 };
/** In the middle of the second full shard of a stream. */
const LATER_BYTES = 1_500_000;
const LATE_BY_MS = 1_200;
const NEVER_SENT_SEGMENT = 4_000_000;

export class BadNode {
  readonly url: string;
  /** Where `redirect` leads; set by whoever wants to see that nobody follows. */
  redirectTo = 'http://127.0.0.1:9/';
  readonly #nodePort: number;
  readonly #line: Server;
  readonly #http: HttpServer;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #open = new Set<Socket>();
  #mode: BadMode = 'honest';
  #connections = 0;

  private constructor(line: Server, nodePort: number) {
    this.#line = line;
    this.#nodePort = nodePort;
    this.url = `http://127.0.0.1:${(line.address() as AddressInfo).port}`;
    this.#http = createHttpServer((request, response) => this.#relayRequest(request, response));
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#relaySocket(client, socket, request.url ?? ''));
    });
    line.on('connection', (socket: Socket) => this.#accept(socket));
  }

  /** @param nodePort - where the real node listens, or will. */
  static async listen(port: number, nodePort: number): Promise<BadNode> {
    const line = createServer().listen(port, '127.0.0.1');
    await once(line, 'listening');
    return new BadNode(line, nodePort);
  }

  get mode(): BadMode {
    return this.#mode;
  }
  set mode(mode: BadMode) {
    this.#mode = mode;
    if (mode !== 'hang' && mode !== 'drip') this.cutAll();
  }
  /** Connections accepted so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Ends every open connection, as a node that vanishes does. */
  cutAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    this.#line.close();
    await once(this.#line, 'close');
  }

  #accept(socket: Socket): void {
    this.#connections++;
    this.#track(socket);
    switch (this.#mode) {
      case 'refuse':
        socket.destroy();
        break;
      case 'garbage':
        socket.once('data', () => socket.end(Buffer.from('\u0000\u0001 not HTTP \u00ff\r\n\r\n')));
        break;
      case 'redirect':
        socket.once('data', () =>
          socket.end(`HTTP/1.1 307 Temporary Redirect\r\nLocation: ${this.redirectTo}\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`),
        );
        break;
      case 'endless':
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n');
          pour(socket);
        });
        break;
      case 'flip':
      case 'hide-absence':
        this.#http.emit('connection', socket);
        break;
      default:
        if (STORE_MODES.has(this.#mode)) this.#http.emit('connection', socket);
        else this.#relayBytes(socket);
    }
  }

  #track(socket: Socket): void {
    this.#open.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => this.#open.delete(socket));
  }

  #relayBytes(client: Socket): void {
    const node = connect(this.#nodePort, '127.0.0.1');
    this.#track(node);
    let [fromNode, toNode] = [0, 0];
    const cutWhenDue = (): void => {
      if (this.#mode === 'cut' && (fromNode > CUT_AFTER_BYTES.fromNode || toNode > CUT_AFTER_BYTES.toNode)) client.destroySoon();
    };
    let waiting: Buffer[] = [];
    const hangs = (): boolean => this.#mode === 'hang' || (this.#mode === 'hang-later' && fromNode > LATER_BYTES);
    const drips = (): boolean => this.#mode === 'drip' || (this.#mode === 'drip-later' && fromNode > LATER_BYTES);
    const dripping = setInterval(() => {
      if (!drips()) return;
      const first = waiting.shift();
      if (first === undefined) return;
      client.write(first.subarray(0, 1));
      if (first.length > 1) waiting.unshift(first.subarray(1));
    }, 1_000);
    client.on('data', (bytes) => {
      toNode += bytes.length;
      if (!hangs()) node.write(bytes);
      cutWhenDue();
    });
    node.on('data', (bytes) => {
      fromNode += bytes.length;
      if (drips()) waiting.push(bytes);
      else if (!hangs()) client.write(bytes);
      cutWhenDue();
      // What nobody reads must not pile up here.
      if (client.writableLength > 4 * 1024 * 1024 || waiting.length > 64) node.pause();
    });
    client.on('drain', () => node.resume());
    client.on('close', () => {
      clearInterval(dripping);
      waiting = [];
      node.destroy();
    });
    node.on('close', () => {
      if (!hangs() && !drips()) client.destroySoon();
    });
  }

  #relayRequest(request: IncomingMessage, response: ServerResponse): void {
    const { method, url: path, headers } = request;
    const onward = httpRequest({ host: '127.0.0.1', port: this.#nodePort, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      const isShards = this.#mode === 'flip' && method === 'GET' && path?.startsWith('/v1/shards') === true;
      const isAudit = this.#mode === 'hide-absence' && path === '/v1/audit';
      if (isAudit) answer.pipe(untilAbsent(() => response.destroy())).pipe(response);
      else (isShards ? answer.pipe(flipping()) : answer).pipe(response);
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  #relaySocket(client: WebSocket, line: Duplex, path: string): void {
    const node = new WebSocket(`ws://127.0.0.1:${this.#nodePort}${path}`, { perMessageDeflate: false });
    const early: Buffer[] = [];
    const toNode = (bytes: Buffer): void => {
      if (node.readyState === WebSocket.OPEN) node.send(bytes);
      else early.push(bytes);
    };
    node.on('open', () => early.splice(0).forEach(toNode));
    client.on('message', (data: RawData) => {
      const bytes = data as Buffer;
      if (this.#mode === 'vanish-at-seal' && bytes.length === 1 && bytes[0] === SEAL) {
        client.terminate();
        node.terminate();
      } else toNode(bytes);
    });
    node.on('message', (data: RawData) => {
      const answer = (): void => this.#answer(client, line, data as Buffer);
      if (this.#mode === 'late-stored' && (data as Buffer)[0] !== READY) setTimeout(answer, LATE_BY_MS);
      else answer();
    });
    for (const [one, other] of [
      [client, node],
      [node, client],
    ] as const)
      one.on('error', () => other.terminate()).on('close', () => other.terminate());
  }

  #answer(client: WebSocket, line: Duplex, bytes: Buffer): void {
    const type = bytes[0];
    const mode = this.#mode;
    const dropped = (mode === 'no-ready' && type === READY) || (mode === 'no-stored' && type === STORED) || (mode === 'no-receipt' && type === RECEIPT);
    if (dropped) return;
    if (mode === 'forged-receipt' && type === RECEIPT) bytes[20]! ^= 1;
    if (mode === 'empty-receipt' && type === RECEIPT) {
      const receipt = parseNodeMessage(Uint8Array.from(bytes));
      if (receipt.type === 'receipt') client.send(encodeReceipt(receipt.storedAtMs, receipt.signature, []));
      return;
    }
    line.cork(); // what follows leaves in one packet
    client.send(bytes);
    if (type === READY && mode === 'stored-unsent') client.send(encodeStored(NEVER_SENT_SEGMENT));
    if (type === READY && mode === 'garbage-after-ready') client.send(Buffer.from('garbage'));
    if (type === READY && mode === 'endless-ready') repeat(client, bytes);
    line.uncork();
  }
}

/** Writes noise until the other side goes. */
function pour(socket: Socket): void {
  const noise = Buffer.alloc(64 * 1024, 0xa5);
  const more = (): void => {
    while (!socket.destroyed && socket.write(noise));
  };
  socket.on('drain', more);
  more();
}

function repeat(client: WebSocket, bytes: Buffer): void {
  if (client.readyState !== WebSocket.OPEN) return;
  client.send(bytes, () => setImmediate(() => repeat(client, bytes)));
}

/** Flips a bit in the first shard of an answer, and in one of every hundred thousand bytes. */
function flipping(): Transform {
  let at = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const copy = Buffer.from(chunk);
      for (let i = 0; i < copy.length; i++) if ((at + i) % 100_003 === 30) copy[i]! ^= 1;
      at += copy.length;
      done(null, copy);
    },
  });
}

/** Passes whole proofs up to the first leaf that is said to be absent. docs/protocol.md §9, audit */
function untilAbsent(end: () => void): Transform {
  let held = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      held = Buffer.concat([held, chunk]);
      while (held.length >= PROOF_HEADER_BYTES) {
        const header = parseProofHeader(Uint8Array.from(held.subarray(0, PROOF_HEADER_BYTES)));
        if (!header.held) return end();
        const bytes = PROOF_HEADER_BYTES + proofBytes(header);
        if (held.length < bytes) break;
        this.push(held.subarray(0, bytes));
        held = held.subarray(bytes);
      }
      done();
    },
  });
}
