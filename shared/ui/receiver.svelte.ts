/** Drives receive-machine.ts with a real receiver. Holds the link in memory, and only here. */
import type { OpenedLink, ReceiveEvents, ReceiveHandle } from '../client/browser/receive.ts';
import { isReceiving, nextReceive, opensLater, type PausedBy, type ReceiveEvent, type ReceiveState } from './receive-machine.ts';

const LOOK_AGAIN_AFTER_MS = 5000;

export interface ReceiverParts {
  open(link: string): Promise<OpenedLink>;
  start(link: string, events: ReceiveEvents): ReceiveHandle;
  /** Removes what an earlier try left. */
  forget(link: string): Promise<void>;
  /** Calls back once, later; returns a way to call it off. */
  later(callback: () => void, afterMs: number): () => void;
}

export class Receiver {
  readonly #parts: ReceiverParts;
  #state = $state.raw<ReceiveState>({ step: 'opening' });
  #link: string | null = null;
  #handle: ReceiveHandle | null = null;
  #callOff: (() => void) | null = null;
  #opening = 0;
  #attempt = 0;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
  }

  get state(): ReceiveState {
    return this.#state;
  }

  /** Opens a link, or the last one again. */
  async open(link = this.#link): Promise<void> {
    if (link === null || isReceiving(this.#state)) return;
    this.#callOff?.();
    this.#link = link;
    const looksAgain = opensLater(this.#state);
    // Looking again by itself shows no flicker: the page stays as it is until there is something new to say.
    if (!looksAgain) this.#tell({ type: 'open' });
    const number = ++this.#opening;
    const opened = await this.#parts.open(link);
    if (number !== this.#opening || isReceiving(this.#state)) return;
    if (looksAgain) this.#tell({ type: 'open' });
    this.#tell(opened.ok ? { type: 'opened', info: opened.info, doneBytes: opened.doneBytes } : { type: 'refused', code: opened.error.code });
    if (opensLater(this.#state)) this.#callOff = this.#parts.later(() => void this.open(), LOOK_AGAIN_AFTER_MS);
  }

  keyGone(): void {
    this.#tell({ type: 'keyGone' });
  }

  download(): void {
    const link = this.#link;
    this.#tell({ type: 'download' });
    if (this.#state.step !== 'receiving' || link === null) return;
    const attempt = ++this.#attempt;
    const ifCurrent = (event: ReceiveEvent): void => {
      if (attempt === this.#attempt) this.#tell(event);
    };
    this.#handle = this.#parts.start(link, {
      onKeeps: () => ifCurrent({ type: 'keeps' }),
      onProgress: (progress) => ifCurrent({ type: 'progress', progress }),
      onDone: (result) => ifCurrent({ type: 'received', result }),
      onError: (error) => ifCurrent({ type: 'failed', code: error.code }),
    });
  }

  /** The state changes when what is under way has been wound up, so that a new start does not meet its remains. */
  cancel(): void {
    const paused = this.#state.step === 'paused';
    this.#tell({ type: 'cancel' });
    if (!paused) this.#handle?.cancel();
    else if (this.#link !== null) void this.#parts.forget(this.#link);
  }

  pause(by: PausedBy = 'person'): void {
    this.#tell({ type: 'pause', by });
    if (this.#state.step === 'receiving' && this.#state.ending === by) this.#handle?.pause();
  }

  /** The network came back. */
  online(): void {
    if (this.#state.step === 'paused' && this.#state.by === 'network') this.download();
    else if (opensLater(this.#state)) void this.open();
  }

  #tell(event: ReceiveEvent): void {
    this.#state = nextReceive(this.#state, event);
  }
}
