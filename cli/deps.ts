/**
 * Network, clock and randomness of a Node process. Sockets are those of `ws` with bufferutil: measured over loopback,
 * 1 MiB messages, they send 1070 MB/s at 0.5 CPU s/GB where Node's own WebSocket sends 560 at 1.8. Node's own fetch
 * streams within a tenth of node:http and stays.
 */
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { abortableDelay, type ClientDeps, type SocketLike } from '../shared/client/index.ts';

/** Nodes answer with a few hundred bytes; the longest answer is a problem document. */
const MAX_ANSWER_BYTES = 64 * 1024;

export function nodeDeps(): ClientDeps {
  return {
    fetch: (input, init) => fetch(input, init),
    openSocket: (url) => new WebSocket(url, { perMessageDeflate: false, maxPayload: MAX_ANSWER_BYTES, followRedirects: false }) as unknown as SocketLike,
    now: () => Date.now(),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    delay: abortableDelay,
  };
}
