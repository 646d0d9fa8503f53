/** The messages of one WebSocket as something to be awaited. A client that sends faster than it is read is paused. */
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../clock.ts';

/** Messages that may wait here: a shard's header and its bytes. */
const WAITING = 2;

/** What `next` gives beside a message: the socket closed, or nothing came in time. */
export type NoMessage = 'closed' | 'silent';

export class Inbox {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #waiting: Uint8Array[] = [];
  #wake: () => void = () => {};
  #closed = false;

  constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.on('message', (data: RawData, isBinary: boolean) => this.#push(data as Buffer, isBinary));
    socket.on('close', () => this.close());
  }

  #push(data: Buffer, isBinary: boolean): void {
    if (this.#closed) return;
    // A plain view: `slice` of it copies, as the codecs expect. Text is no message of ours, and empty bytes are none either.
    this.#waiting.push(isBinary ? new Uint8Array(data.buffer, data.byteOffset, data.length) : new Uint8Array(0));
    if (this.#waiting.length >= WAITING && !this.#socket.isPaused) this.#socket.pause();
    this.#wake();
  }

  /** Ends whoever waits; what has come but was not taken is dropped. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#wake();
  }

  async next(withinMs: number): Promise<Uint8Array | NoMessage> {
    if (this.#waiting.length === 0 && !this.#closed) {
      if (this.#socket.isPaused) this.#socket.resume();
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(withinMs, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
      this.#wake = () => {};
    }
    if (this.#closed) return 'closed';
    const message = this.#waiting.shift();
    if (message === undefined) return 'silent';
    if (this.#waiting.length === 0 && this.#socket.isPaused) this.#socket.resume();
    return message;
  }
}
