/** Lines that say how far the sender is of a transfer that is received while it is still being sent. */
import type { Progress, UploadSeen } from '../shared/client/index.ts';
import type { ProgressLine, ProgressOutput } from './progress-line.ts';

const SAID: Record<UploadSeen['sender'], string> = {
  active: 'It is still being sent: what is there comes at once, the rest as it is sent.',
  paused: 'The sender has paused. This goes on by itself when the sender does.',
  silent: 'Nothing was heard of the sender for a while. This goes on by itself when the sender does.',
};

export class UploadLines {
  readonly #output: ProgressOutput;
  readonly #progress: ProgressLine;
  #said: UploadSeen['sender'] | null = null;

  constructor(output: ProgressOutput, progress: ProgressLine) {
    this.#output = output;
    this.#progress = progress;
  }

  /** How long it takes is the sender's matter until that is done. */
  progress(now: Progress): void {
    this.#progress.show(this.#said === null ? now : { ...now, secondsLeft: null });
  }

  /** Says what is new. @param seen - null: everything is there. */
  show(seen: UploadSeen | null): void {
    const sender = seen?.sender ?? null;
    if (sender === this.#said) return;
    const wasWaiting = this.#said !== null;
    this.#said = sender;
    this.#progress.clear();
    if (seen !== null) this.#output.write(`${SAID[seen.sender]} (${Math.floor((100 * seen.doneBytes) / Math.max(1, seen.totalBytes))}% is there)\n`);
    else if (wasWaiting) this.#output.write('The sender is done.\n');
  }
}
