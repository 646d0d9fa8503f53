/** Keeps a reading fresh while somebody can see it: drives reading.ts with real time and a real coordinator. */
import { SendError, type ErrorCode } from '../../protocol/errors.ts';
import { nextReading, readsOn, type Answer, type Reading, type ReadingEvent } from './reading.ts';

export const REFRESH_EVERY_MS = 30_000;

export interface WatchParts<T> {
  /** Rejects with SendError. */
  read(): Promise<Answer<T>>;
  /** The page's own clock. */
  now(): number;
  /** Calls back once, later; returns a way to call it off. */
  later(callback: () => void, afterMs: number): () => void;
  onReading(reading: Reading<T>): void;
}

export class Watch<T> {
  readonly #parts: WatchParts<T>;
  #reading: Reading<T> = { step: 'loading' };
  #isAsking = false;
  #isSeen = true;
  #isOver = false;
  #askedAtMs = 0;
  #callOff: (() => void) | null = null;

  /** Asks at once. */
  constructor(parts: WatchParts<T>) {
    this.#parts = parts;
    this.refresh();
  }

  /** Asks now, unless it is asking. */
  refresh(): void {
    if (!this.#isAsking && !this.#isOver) void this.#ask();
  }

  /** A page that nobody sees asks nothing, and catches up when it is seen again. */
  see(isSeen: boolean): void {
    this.#isSeen = isSeen;
    this.#plan();
  }

  stop(): void {
    this.#isOver = true;
    this.#plan();
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    this.#askedAtMs = this.#parts.now();
    this.#plan();
    this.#tell({ type: 'ask' });
    const event = await this.#read();
    this.#isAsking = false;
    if (this.#isOver) return;
    this.#tell(event);
    this.#plan();
  }

  async #read(): Promise<ReadingEvent<T>> {
    try {
      const answer = await this.#parts.read();
      return { type: 'answered', answer, atMs: this.#parts.now() };
    } catch (thrown) {
      return { type: 'refused', code: codeOf(thrown) };
    }
  }

  #plan(): void {
    this.#callOff?.();
    this.#callOff = null;
    if (this.#isAsking || this.#isOver || !this.#isSeen || !readsOn(this.#reading)) return;
    const afterMs = Math.max(0, this.#askedAtMs + REFRESH_EVERY_MS - this.#parts.now());
    this.#callOff = this.#parts.later(() => this.refresh(), afterMs);
  }

  #tell(event: ReadingEvent<T>): void {
    this.#reading = nextReading(this.#reading, event);
    this.#parts.onReading(this.#reading);
  }
}

const codeOf = (thrown: unknown): ErrorCode => (thrown instanceof SendError ? thrown.code : 'internal');
