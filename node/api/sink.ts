/** The body of one streamed answer, written at the pace of whoever reads it. */
import type { ServerResponse } from 'node:http';
import { KIB } from '../../shared/protocol/index.ts';
import type { Clock } from '../clock.ts';

/** Two of these a connection: one is read into while the other is sent. */
const BUFFER_BYTES = 512 * KIB;
const SPARE_BUFFERS = 32;
/** A client that takes not one buffer in this time is gone. */
const STALLED_MS = 60_000;

const spare: Uint8Array<ArrayBuffer>[] = [];

/** Whoever was to read the answer is gone, or reads nothing any more. */
export class ClientLeft extends Error {}

/** Two buffers that go back and forth between disk and socket. */
export class Sink {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #owned = 0;
  #sending = 0;
  #left = false;
  #wake: () => void = () => {};

  constructor(response: ServerResponse, clock: Clock) {
    this.#response = response;
    this.#clock = clock;
    response.once('close', () => {
      this.#left = true;
      this.#wake();
    });
  }

  /** An empty buffer, when there is one. @throws ClientLeft. */
  async buffer(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#free.length === 0 && this.#owned < 2) {
      this.#owned++;
      this.#free.push(spare.pop() ?? new Uint8Array(BUFFER_BYTES));
    }
    await this.#until(() => this.#free.length > 0);
    return this.#free.pop()!;
  }

  /** Sends a part of a buffer that `buffer` gave, which then belongs to the sink again. */
  send(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.#sending++;
    this.#response.write(buffer.subarray(start, end), () => {
      this.#sending--;
      this.#free.push(buffer);
      this.#wake();
    });
  }

  /** Sends bytes that the sink may keep until they are gone: at most two such parts at once. @throws ClientLeft. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#sending++;
    this.#response.write(bytes, () => {
      this.#sending--;
      this.#wake();
    });
    await this.#until(() => this.#sending < 2);
  }

  flushed(): Promise<void> {
    return this.#until(() => this.#sending === 0);
  }

  /** Gives back the buffers that nothing sends any more; others are left to the garbage collector. */
  release(): void {
    for (const buffer of this.#free.splice(0)) if (spare.length < SPARE_BUFFERS) spare.push(buffer);
  }

  async #until(ready: () => boolean): Promise<void> {
    while (!this.#left && !ready()) {
      const stalled = await new Promise<boolean>((resolve) => {
        const cancel = this.#clock.after(STALLED_MS, () => resolve(true));
        this.#wake = () => {
          cancel();
          resolve(false);
        };
      });
      if (stalled) this.#left = true;
    }
    if (this.#left) throw new ClientLeft();
  }
}
