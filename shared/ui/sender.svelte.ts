/** Drives send-machine.ts with a real sender: what the send screen of the page and of the extension both hold. */
import type { SendEvents, SendHandle } from '../client/browser/send.ts';
import type { SendOptions, UnfinishedSend } from '../client/types.ts';
import type { SendError } from '../protocol/errors.ts';
import { NOTE_PATH, NOTE_TYPE } from '../protocol/limits.ts';
import { filesOfTransfer, type ChosenFile } from './selection.ts';
import { limitOf, nextSend, startPicking, type NoteDraft, type SendChoices, type SendEvent, type SendState } from './send-machine.ts';

export interface SenderParts {
  /** Read at each start: the person may have changed the coordinator meanwhile. */
  coordinator(): string;
  start(files: readonly ChosenFile[], options: SendOptions, events: SendEvents): SendHandle;
  /** Goes on with an upload of this browser. */
  resume(transferId: string, files: readonly ChosenFile[], events: SendEvents): SendHandle;
  /** Its files, where the browser opens them again. To be called on a click. */
  reopen(transferId: string): Promise<readonly ChosenFile[] | null>;
  /** Uploads that can be continued. */
  unfinished(): Promise<UnfinishedSend[]>;
  /** Withdraws one of them. */
  giveUp(transferId: string): Promise<void>;
  revoke(coordinator: string, transferId: string, ownerToken: string): Promise<{ ok: true } | { ok: false; error: SendError }>;
  /** Told of every step, for a badge or a notification. */
  onState?(state: SendState): void;
}

export class Sender {
  readonly #parts: SenderParts;
  #state = $state.raw<SendState>(startPicking({ expiresInSeconds: 7 * 86_400, downloadLimit: null }));
  #reading = $state(0);
  #unfinished = $state.raw<readonly UnfinishedSend[]>([]);
  #handle: SendHandle | null = null;
  /** Events of an attempt that is over carry an older number and are dropped. */
  #attempt = 0;
  #coordinator = '';

  constructor(parts: SenderParts, choices?: SendChoices) {
    this.#parts = parts;
    if (choices) this.#state = startPicking(choices);
    void this.#look();
  }

  /** Uploads that ended before they were finished, and can be continued. */
  get unfinished(): readonly UnfinishedSend[] {
    return this.#unfinished;
  }

  get state(): SendState {
    return this.#state;
  }

  /** Folders are being walked. */
  get reading(): boolean {
    return this.#reading > 0;
  }

  add(files: readonly ChosenFile[]): void {
    this.#tell({ type: 'add', files });
  }

  /** Must be called while the drop or paste event runs. */
  async addTransfer(transfer: DataTransfer): Promise<void> {
    this.#reading++;
    try {
      this.add(await filesOfTransfer(transfer));
    } catch {
      this.#tell({ type: 'addFailed', code: 'file_unreadable' });
    } finally {
      this.#reading--;
    }
  }

  remove(path: string): void {
    this.#tell({ type: 'remove', path });
  }

  clear(): void {
    this.#tell({ type: 'clear' });
  }

  /** @param note - null puts it away. */
  write(note: NoteDraft | null): void {
    this.#tell({ type: 'write', note });
  }

  choose(choices: SendChoices): void {
    this.#tell({ type: 'choose', choices });
  }

  /** @param password - empty for none. */
  setPassword(password: string): void {
    this.#tell({ type: 'password', password });
  }

  start(): void {
    this.#tell({ type: 'start' });
    const { state } = this;
    if (state.step !== 'sending') return;
    this.#coordinator = this.#parts.coordinator();
    const files = state.note ? [noteToSend(state.note)] : state.files;
    const options = { ...state.choices, downloadLimit: limitOf(state), note: state.note !== null, password: state.password || undefined, coordinator: this.#coordinator };
    this.#handle = this.#parts.start(files, options, this.#events());
  }

  reopen(transferId: string): Promise<readonly ChosenFile[] | null> {
    return this.#parts.reopen(transferId);
  }

  /** @param files - chosen again. */
  resume(transferId: string, files: readonly ChosenFile[]): void {
    this.#tell({ type: 'resume', files });
    if (this.state.step !== 'sending') return;
    this.#coordinator = this.#parts.coordinator();
    this.#handle = this.#parts.resume(transferId, files, this.#events());
  }

  /** Of files that changed: what is stored of them as they were is withdrawn, and they are sent as they are. */
  async sendAnew(): Promise<void> {
    if (this.state.step !== 'failed') return;
    const { unfinished } = this.state;
    if (unfinished !== null) await this.giveUp(unfinished);
    this.start();
  }

  async giveUp(transferId: string): Promise<void> {
    try {
      await this.#parts.giveUp(transferId);
    } catch {
      this.#tell({ type: 'addFailed', code: 'offline' });
    }
    await this.#look();
  }

  pause(): void {
    this.#handle?.pause();
  }

  proceed(): void {
    this.#handle?.proceed();
  }

  /** Of the attempt that begins now. */
  #events(): SendEvents {
    const attempt = ++this.#attempt;
    const ifCurrent = (event: SendEvent): void => {
      if (attempt === this.#attempt) this.#tell(event);
    };
    return {
      onLink: ({ link }, isKept) => ifCurrent({ type: 'link', link, isKept }),
      onState: (state) => ifCurrent({ type: 'upload', state }),
      onProgress: (progress) => ifCurrent({ type: 'progress', progress }),
      onDone: (result) => ifCurrent({ type: 'sent', result }),
      onError: (error, unfinished) => ifCurrent({ type: 'failed', code: error.code, unfinished }),
    };
  }

  async #look(): Promise<void> {
    this.#unfinished = await this.#parts.unfinished();
  }

  /** The state changes when what is under way has been wound up, so that a new start does not meet its remains. */
  cancel(): void {
    this.#tell({ type: 'cancel' });
    this.#handle?.cancel();
  }

  change(): void {
    this.#tell({ type: 'change' });
    void this.#look();
  }

  again(): void {
    this.#tell({ type: 'again' });
    void this.#look();
  }

  askRevoke(): void {
    this.#tell({ type: 'askRevoke' });
  }

  keep(): void {
    this.#tell({ type: 'keep' });
  }

  async revoke(): Promise<void> {
    this.#tell({ type: 'revoke' });
    const { state } = this;
    if (state.step !== 'done' || state.revoking !== 'busy') return;
    const { transferId, ownerToken } = state.result;
    const answer = await this.#parts.revoke(this.#coordinator, transferId, ownerToken);
    this.#tell(answer.ok ? { type: 'revoked' } : { type: 'revokeFailed', code: answer.error.code });
  }

  #tell(event: SendEvent): void {
    const before = this.#state;
    this.#state = nextSend(before, event);
    if (this.#state !== before) this.#parts.onState?.(this.#state);
  }
}

const noteToSend = ({ text }: NoteDraft): ChosenFile => ({ path: NOTE_PATH, file: new File([text], NOTE_PATH, { type: NOTE_TYPE }) });
