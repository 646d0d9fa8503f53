/** Drives receive-machine.ts with a real receiver. Holds the link, and what its password came to, in memory, and only here. */
import type { Previews } from '../client/browser/preview.ts';
import type { NoteEvents, OpenedLink, ReceiveEvents, ReceiveHandle, TypedPassword } from '../client/browser/receive.ts';
import type { Choice } from '../client/receive/selection.ts';
import type { Progress, ReceiveResult, TransferInfo, UploadSeen } from '../client/types.ts';
import type { PasswordKey } from '../client/link-keys.ts';
import { asSendError, type SendError } from '../protocol/errors.ts';
import type { LinkViews } from './link-views.ts';
import { isReceiving, nextReceive, opensLater, showsUpload, type PausedBy, type ReceiveEvent, type ReceiveState } from './receive-machine.ts';

const LOOK_AGAIN_AFTER_MS = 5000;

export interface ReceiverParts {
  open(link: string, password: TypedPassword | PasswordKey | null): Promise<OpenedLink>;
  /** What shows this link; loaded before its list stands. */
  loadViews(info: TransferInfo): Promise<LinkViews>;
  /** How far the sender is; null once everything is there. @throws SendError. */
  seeUpload(link: string, passwordKey: PasswordKey | null, bytes: number): Promise<UploadSeen | null>;
  /** Whether anybody sees the page. */
  isVisible(): boolean;
  /** @param choice - the files to save; null for all. */
  start(link: string, passwordKey: PasswordKey | null, choice: Choice, events: ReceiveEvents): ReceiveHandle;
  /** Parts of files without a download; loaded when first asked for. */
  openPreviews(link: string, passwordKey: PasswordKey | null, info: TransferInfo): Promise<Previews>;
  readNote(link: string, passwordKey: PasswordKey | null, events: NoteEvents): ReceiveHandle;
  /** Removes what an earlier try left. */
  forget(link: string): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, later; returns a way to call it off. */
  later(callback: () => void, afterMs: number): () => void;
}

export class Receiver {
  readonly #parts: ReceiverParts;
  #state = $state.raw<ReceiveState>({ step: 'opening' });
  #note = $state.raw<string | null>(null);
  #leftHalf = $state(false);
  #views = $state.raw<LinkViews>({ FileTree: null, NoteView: null });
  #link: string | null = null;
  #passwordKey: PasswordKey | null = null;
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

  /** Part of a file may lie among the downloads as if it were all of it. Said from then on, however the download ends. */
  get leftHalf(): boolean {
    return this.#leftHalf;
  }

  get views(): LinkViews {
    return this.#views;
  }

  /** Opens a link, or the last one again. */
  async open(link = this.#link): Promise<void> {
    if (link === null || isReceiving(this.#state)) return;
    this.#callOff?.();
    if (link !== this.#link) this.#passwordKey = null;
    this.#link = link;
    this.#note = null;
    const looksAgain = opensLater(this.#state);
    // Looking again by itself shows no flicker: the page stays as it is until there is something new to say.
    if (!looksAgain) this.#tell({ type: 'open' });
    await this.#ask(link, this.#passwordKey, () => looksAgain && this.#tell({ type: 'open' }));
  }

  /** Tries a password on the link that asks for one. */
  async unlock(text: string): Promise<void> {
    const link = this.#link;
    if (link === null || this.#state.step !== 'locked' || this.#state.trying !== null) return;
    this.#tell({ type: 'unlock' });
    await this.#ask(link, { text, onProgress: (fraction) => this.#tell({ type: 'unlocking', fraction }) });
  }

  /** @param answered - called before the answer is shown, if it still is one to this question. */
  async #ask(link: string, password: TypedPassword | PasswordKey | null, answered: () => void = () => undefined): Promise<void> {
    const number = ++this.#opening;
    const opened = await this.#open(link, password);
    if (number !== this.#opening || isReceiving(this.#state)) return;
    answered();
    if ('views' in opened) {
      this.#views = opened.views;
      this.#tell({ type: 'opened', info: opened.info, doneBytes: opened.doneBytes });
    } else if (opened.rescued) this.#tell({ type: 'rescued' });
    else {
      const { code, retryAfterSeconds } = opened.error;
      this.#tell({ type: 'refused', code, untilMs: retryAfterSeconds === undefined ? null : this.#parts.now() + 1000 * retryAfterSeconds });
    }
    // Where the person is asked again, the last answer is of no use any more.
    this.#passwordKey = this.#state.step === 'locked' ? null : opened.passwordKey;
    if (opensLater(this.#state)) this.#callOff = this.#parts.later(() => void this.open(), LOOK_AGAIN_AFTER_MS);
  }

  async #open(link: string, password: TypedPassword | PasswordKey | null) {
    const opened = await this.#parts.open(link, password);
    if (!opened.ok) return opened;
    try {
      return { ...opened, views: await this.#parts.loadViews(opened.info) };
    } catch (thrown) {
      return { ok: false, error: asSendError(thrown, 'offline', "couldn't load what shows the link"), rescued: false, passwordKey: opened.passwordKey } as const;
    }
  }

  /** While the list is open. */
  #watchUpload(): void {
    if (!showsUpload(this.#state)) return;
    this.#callOff?.();
    this.#callOff = this.#parts.later(() => void this.#seeUpload(), LOOK_AGAIN_AFTER_MS);
  }

  async #seeUpload(): Promise<void> {
    const { state } = this;
    if (state.step !== 'listed' || this.#link === null) return;
    const number = this.#opening;
    try {
      const seen = this.#parts.isVisible() ? await this.#parts.seeUpload(this.#link, this.#passwordKey, state.info.bytes) : state.info.upload;
      if (number === this.#opening && this.#state.step === 'listed') this.#tell({ type: 'upload', seen });
    } catch {
      // What ended the transfer is said when the person downloads; anything else may pass.
    }
    if (number === this.#opening) this.#watchUpload();
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
      onKeeps: () => ifCurrent({ type: 'keeps' }),
      onHalf: () => (this.#leftHalf = true),
      onProgress: (progress: Progress) => ifCurrent({ type: 'progress', progress }),
      onUpload: (seen: UploadSeen | null) => ifCurrent({ type: 'upload', seen }),
      onDone: (result: ReceiveResult) => ifCurrent({ type: 'received', result }),
      onError: (error: SendError) => ifCurrent({ type: 'failed', code: error.code }),
      onNote: (text: string, result: ReceiveResult) => {
        if (attempt === this.#attempt) this.#note = text;
        ifCurrent({ type: 'received', result });
      },
    };
    this.#handle = this.#state.info.kind === 'note' ? this.#parts.readNote(link, this.#passwordKey, events) : this.#parts.start(link, this.#passwordKey, choice, events);
  }

  /** The caller closes them. */
  openPreviews(info: TransferInfo): Promise<Previews> {
    return this.#parts.openPreviews(this.#link ?? '', this.#passwordKey, info);
  }

  /** Back to the list, for other files. */
  list(): void {
    this.#tell({ type: 'list' });
  }

  /** The state changes when what is under way has been wound up, so that a new start does not meet its remains. */
  cancel(): void {
    if (this.#state.step === 'paused') return void this.#giveUp();
    this.#tell({ type: 'cancel' });
    this.#handle?.cancel();
  }

  /** What came before the pause is gone when the page says so: who closes it then leaves nothing. */
  async #giveUp(): Promise<void> {
    if (this.#link !== null) await this.#parts.forget(this.#link);
    if (this.#state.step === 'paused') this.#tell({ type: 'cancel' });
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
    const before = this.#state;
    this.#state = nextReceive(before, event);
    if (!showsUpload(before)) this.#watchUpload();
  }
}
