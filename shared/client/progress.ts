/** Turns a count of bytes into pace and time left. */
import type { Progress } from './types.ts';

const WINDOW_MS = 4_000;
/** Often enough to look alive; each report repaints a page, which costs more than sealing what came between. */
export const REPORT_EVERY_MS = 250;

export class ProgressMeter {
  readonly #totalBytes: number;
  readonly #now: () => number;
  readonly #report: ((progress: Progress) => void) | undefined;
  readonly #marks: { atMs: number; bytes: number }[] = [];
  #doneBytes = 0;
  #reportedAtMs = -Infinity;

  /** @param startBytes - done before it began: no part of the pace. */
  constructor(totalBytes: number, now: () => number, report: ((progress: Progress) => void) | undefined, startBytes = 0) {
    this.#totalBytes = totalBytes;
    this.#now = now;
    this.#report = report;
    this.#doneBytes = startBytes;
    this.#marks.push({ atMs: now(), bytes: startBytes });
  }

  /** @param doneBytes - clipped to the total; progress never runs backwards. */
  set(doneBytes: number): void {
    this.#doneBytes = Math.max(this.#doneBytes, Math.min(this.#totalBytes, Math.floor(doneBytes)));
    const atMs = this.#now();
    if (atMs - this.#reportedAtMs < REPORT_EVERY_MS && this.#doneBytes < this.#totalBytes) return;
    this.#reportedAtMs = atMs;
    this.#marks.push({ atMs, bytes: this.#doneBytes });
    while (this.#marks.length > 2 && atMs - this.#marks[1]!.atMs > WINDOW_MS) this.#marks.shift();
    this.#report?.(this.#progress(atMs));
  }

  /** To be called every `REPORT_EVERY_MS` where nothing else tells: what came in between is reported, and the pace of what stands still falls. */
  again(): void {
    this.set(this.#doneBytes);
  }

  #progress(atMs: number): Progress {
    const first = this.#marks[0]!;
    const elapsedMs = atMs - first.atMs;
    const bytesPerSecond = elapsedMs > 0 ? ((this.#doneBytes - first.bytes) * 1000) / elapsedMs : 0;
    const leftBytes = this.#totalBytes - this.#doneBytes;
    return {
      doneBytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
      bytesPerSecond,
      secondsLeft: leftBytes === 0 ? 0 : bytesPerSecond > 0 ? leftBytes / bytesPerSecond : null,
    };
  }
}
