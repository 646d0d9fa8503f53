/** A clock that a test moves by hand. */
import type { Clock } from '../clock.ts';

export class ManualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<{ atMs: number; run: () => void }>();

  constructor(nowMs = Date.now()) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Runs what falls due on the way, in its order. */
  advanceTo(timeMs: number): void {
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= timeMs).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.run();
    }
    this.#nowMs = timeMs;
  }

  advance(byMs: number): void {
    this.advanceTo(this.#nowMs + byMs);
  }
}
