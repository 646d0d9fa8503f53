/** Signed requests to the coordinator. docs/protocol.md §8, §10. */
import { KEY_BYTES, SendError, decodeB64, networkSchema, parseMessage, parseProblem, signRequest, utf8 } from '../../shared/protocol/index.ts';
import type { Clock } from '../clock.ts';
import type { CoordinatorPin, NodeKey } from '../identity/key-files.ts';

const TIMEOUT_MS = 15_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 60_000;

export class CoordinatorClient {
  readonly #base: string;
  readonly #key: NodeKey;
  readonly #pin: CoordinatorPin;
  readonly #clock: Clock;
  /** Of the coordinator that was met last; what is signed before one is pinned is for this one. */
  #met: Uint8Array | null = null;

  /** @param base - an origin, with or without a path below it. */
  constructor(base: string, key: NodeKey, pin: CoordinatorPin, clock: Clock) {
    this.#base = base.replace(/\/+$/, '');
    this.#key = key;
    this.#pin = pin;
    this.#clock = clock;
  }

  /**
   * Asks the coordinator for its key, in which requests name it from then on.
   *
   * @returns 32 bytes. @throws SendError `conflict` where another key is pinned, or `unavailable`.
   */
  async meet(signal: AbortSignal): Promise<Uint8Array> {
    const network = parseMessage(networkSchema, await this.#send(new URL(`${this.#base}/api/network`), {}, signal), 'unavailable');
    const key = decodeB64(network.coordinatorKey, KEY_BYTES);
    this.#pin.check(key);
    this.#met = key;
    return key;
  }

  /**
   * @param path - as in docs/protocol.md: `/api/nodes`.
   * @returns the answer's JSON; null where it has no body.
   * @throws SendError what the coordinator said, or `unavailable`.
   */
  post(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    return this.#request('POST', path, utf8(JSON.stringify(body)), signal);
  }

  /** As `post`. */
  get(path: string, signal: AbortSignal): Promise<unknown> {
    return this.#request('GET', path, new Uint8Array(0), signal);
  }

  async #request(method: 'GET' | 'POST', path: string, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<unknown> {
    const url = new URL(this.#base + path);
    const coordinatorKey = this.#pin.bytes ?? this.#met ?? (await this.meet(signal));
    const authorization = await signRequest(this.#key, { coordinatorKey, method, pathAndQuery: url.pathname, body }, this.#clock.nowMs());
    const content = method === 'POST' ? { headers: { Authorization: authorization, 'Content-Type': 'application/json' }, body } : { headers: { Authorization: authorization } };
    return this.#send(url, { method, ...content }, signal);
  }

  async #send(url: URL, init: RequestInit, signal: AbortSignal): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
      text = await response.text();
    } catch (cause) {
      throw new SendError('unavailable', "couldn't reach the coordinator", { cause });
    }
    let answer: unknown = null;
    try {
      if (text !== '') answer = JSON.parse(text);
    } catch (cause) {
      throw new SendError('unavailable', 'the coordinator answered with something else than JSON', { cause });
    }
    if (!response.ok) throw parseProblem(answer, response.status === 404 ? 'not_found' : 'unavailable');
    return answer;
  }
}

/** How long to wait before try number `tries`, from 1: twice as long each time, never two nodes in step. */
export function backoffMs(tries: number): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}

/** Resolves after the delay, or at once when `signal` aborts. */
export async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const cancel = clock.after(delayMs, resolve);
    signal.addEventListener(
      'abort',
      () => {
        cancel();
        resolve();
      },
      { once: true },
    );
  });
}
