/** Drives receive-machine.ts with a real receiver. Holds the link in memory, and only here. */
import type { Previews } from '../client/browser/preview.ts';
import type { Choice } from '../client/receive/selection.ts';
import type { NoteEvents, OpenedLink, ReceiveEvents, ReceiveHandle } from '../client/browser/receive.ts';
import type { Progress, ReceiveResult, TransferInfo } from '../client/types.ts';
import type { SendError } from '../protocol/errors.ts';
import { isReceiving, nextReceive, opensLater, type ReceiveEvent, type ReceiveState } from './receive-machine.ts';

const LOOK_AGAIN_AFTER_MS = 5000;

export interface ReceiverParts {
  open(link: string): Promise<OpenedLink>;
  /** @param choice - the files to save; null for all. */
  start(link: string, choice: Choice, events: ReceiveEvents): ReceiveHandle;
  /** Parts of files without a download; loaded when first asked for. */
  openPreviews(link: string, info: TransferInfo): Promise<Previews>;
  readNote(link: string, events: NoteEvents): ReceiveHandle;
  /** Calls back once, later; returns a way to call it off. */
  later(callback: () => void, afterMs: number): () => void;
}

export class Receiver {
  readonly #parts: ReceiverParts;
  #state = $state.raw<ReceiveState>({ step: 'opening' });
  #note = $state.raw<string | null>(null);
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

  /** The text of a note, once it was read. */
  get note(): string | null {
    return this.#note;
  }

  /** Opens a link, or the last one again. */
  async open(link = this.#link): Promise<void> {
    if (link === null || isReceiving(this.#state)) return;
    this.#callOff?.();
    this.#link = link;
    this.#note = null;
    const looksAgain = opensLater(this.#state);
    // Looking again by itself shows no flicker: the page stays as it is until there is something new to say.
    if (!looksAgain) this.#tell({ type: 'open' });
    const number = ++this.#opening;
    const opened = await this.#parts.open(link);
    if (number !== this.#opening || isReceiving(this.#state)) return;
    if (looksAgain) this.#tell({ type: 'open' });
    this.#tell(opened.ok ? { type: 'opened', info: opened.info } : { type: 'refused', code: opened.error.code });
    if (opensLater(this.#state)) this.#callOff = this.#parts.later(() => void this.open(), LOOK_AGAIN_AFTER_MS);
  }

  keyGone(): void {
    this.#tell({ type: 'keyGone' });
  }

  /** @param choice - the files to save; those of last time unless given. */
  download(choice: Choice = 'choice' in this.#state ? this.#state.choice : null): void {
    const link = this.#link;
    this.#tell({ type: 'download', choice });
    if (this.#state.step !== 'receiving' || link === null) return;
    const attempt = ++this.#attempt;
    const ifCurrent = (event: ReceiveEvent): void => {
      if (attempt === this.#attempt) this.#tell(event);
    };
    const events = {
      onProgress: (progress: Progress) => ifCurrent({ type: 'progress', progress }),
      onDone: (result: ReceiveResult) => ifCurrent({ type: 'received', result }),
      onError: (error: SendError) => ifCurrent({ type: 'failed', code: error.code }),
      onNote: (text: string, result: ReceiveResult) => {
        if (attempt === this.#attempt) this.#note = text;
        ifCurrent({ type: 'received', result });
      },
    };
    this.#handle = this.#state.info.kind === 'note' ? this.#parts.readNote(link, events) : this.#parts.start(link, choice, events);
  }

  /** The caller closes them. */
  openPreviews(info: TransferInfo): Promise<Previews> {
    return this.#parts.openPreviews(this.#link ?? '', info);
  }

  /** Back to the list, for other files. */
  list(): void {
    this.#tell({ type: 'list' });
  }

  /** The state changes when what is under way has been wound up, so that a new start does not meet its remains. */
  cancel(): void {
    this.#tell({ type: 'cancel' });
    this.#handle?.cancel();
  }

  #tell(event: ReceiveEvent): void {
    this.#state = nextReceive(this.#state, event);
  }
}
