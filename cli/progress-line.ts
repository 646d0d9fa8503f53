/** Progress on stderr: one line that renews itself on a terminal, a line now and then elsewhere. */
import type { Progress } from '../shared/client/index.ts';

/** The part of a stream that is used. */
export interface ProgressOutput {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const SPARSE_EVERY_MS = 5_000;
const CLEAR_LINE = '\r\u001b[K';

export class ProgressLine {
  readonly #verb: string;
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  #writtenAtMs: number;
  #drawn = false;

  /** @param verb - `Sending` or `Receiving`. */
  constructor(verb: string, output: ProgressOutput, now: () => number) {
    this.#verb = verb;
    this.#output = output;
    this.#now = now;
    this.#writtenAtMs = now();
  }

  show(progress: Progress): void {
    const line = `${this.#verb} ${describeProgress(progress)}`;
    if (this.#output.isTTY) {
      this.#drawn = true;
      this.#output.write(CLEAR_LINE + line.slice(0, (this.#output.columns ?? 80) - 1));
      return;
    }
    const atMs = this.#now();
    if (atMs - this.#writtenAtMs < SPARSE_EVERY_MS) return;
    this.#writtenAtMs = atMs;
    this.#output.write(`${line}\n`);
  }

  /** Makes room for other output. */
  clear(): void {
    if (this.#drawn) this.#output.write(CLEAR_LINE);
    this.#drawn = false;
  }
}

function describeProgress({ doneBytes, totalBytes, bytesPerSecond, secondsLeft }: Progress): string {
  const percent = totalBytes === 0 ? 100 : Math.floor((100 * doneBytes) / totalBytes);
  const parts = [`${percent}%`, `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`];
  if (bytesPerSecond > 0) parts.push(`${formatBytes(bytesPerSecond)}/s`);
  if (secondsLeft !== null && secondsLeft > 0) parts.push(`${formatSeconds(secondsLeft)} left`);
  return parts.join(', ');
}

/** Three digits, decimal units: `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
