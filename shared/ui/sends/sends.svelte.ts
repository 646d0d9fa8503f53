/** Drives sends-machine.ts with a real store and a real coordinator: what the page and the extension both hold. */
import { isOver, lookAfter, withLabel, withRefusal, withStatus, type SendRecord, type SendStore } from '../../client/sends/index.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import type { OwnerStatus } from '../../protocol/messages.ts';
import { nextSends, type SendsEvent, type SendsState, type Task } from './sends-machine.ts';

export const REFRESH_EVERY_MS = 15_000;
const KEEPING: Task = { what: 'keep', linkId: null };
/** Transfers that are asked about at once. */
const ASKED_AT_ONCE = 6;

export interface NewLinkWishes {
  readonly label: string;
  /** 1 to 1000, or null for unlimited. */
  readonly downloadLimit: number | null;
  /** Empty for a link that opens at once. */
  readonly password: string;
}

/** What a page does with one transfer. Links are changed in the store as well. */
export interface Control {
  status(): Promise<OwnerStatus>;
  extend(expiresInSeconds: number): Promise<OwnerStatus>;
  revoke(): Promise<void>;
  /** @param onStretching - told a fraction of the work that a password makes. */
  addLink(wishes: NewLinkWishes, onStretching: (fraction: number) => void): Promise<unknown>;
  /** Of a link that got no answer. */
  repeatLink(linkId: string): Promise<unknown>;
  changeLimit(linkId: string, downloadLimit: number | null): Promise<unknown>;
  revokeLink(linkId: string): Promise<unknown>;
}

export interface SendsParts {
  readonly store: SendStore;
  control(record: SendRecord): Control;
  now(): number;
  /** Calls back once, later; returns a way to call it off. */
  later(callback: () => void, afterMs: number): () => void;
  /** Downloads of transfers whose sender wants to hear of them. */
  onDownloads?(count: number): void;
  /** The person began or ceased to want to hear of some. */
  onNotify?(): void;
}

export class Sends {
  readonly #parts: SendsParts;
  #state = $state.raw<SendsState>({ step: 'loading' });
  #isSeen = true;
  #isOver = false;
  #asking: Promise<void> | null = null;
  #callOff: (() => void) | null = null;

  constructor(parts: SendsParts) {
    this.#parts = parts;
  }

  get state(): SendsState {
    return this.#state;
  }

  /** Reads the list, asks how each live transfer stands, and does so again and again while it is seen. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
      this.#plan();
    });
    return this.#asking;
  }

  /** A page that nobody sees asks nothing, and catches up when it is seen again. */
  see(isSeen: boolean): void {
    const isBack = isSeen && !this.#isSeen;
    this.#isSeen = isSeen;
    if (isBack) void this.refresh();
    else this.#plan();
  }

  stop(): void {
    this.#isOver = true;
    this.#plan();
  }

  toggle(transferId: string): void {
    this.#tell({ type: 'toggle', transferId });
  }
  /** Asks before a transfer, or one link of it, is withdrawn. */
  ask(transferId: string, linkId: string | null): void {
    this.#tell({ type: 'do', transferId, doing: { step: 'asking', task: { what: linkId === null ? 'withdraw' : 'revoke', linkId } } });
  }
  keep(transferId: string): void {
    this.#tell({ type: 'do', transferId, doing: { step: 'nothing' } });
  }

  withdraw(record: SendRecord): Promise<boolean> {
    return this.#work(record, { what: 'withdraw', linkId: null }, async () => {
      await this.#parts.control(record).revoke();
      await this.#learn(record, (now) => withRefusal(now, new SendError('transfer_revoked'), this.#parts.now()) ?? now);
    });
  }

  extend(record: SendRecord, expiresInSeconds: number): Promise<boolean> {
    return this.#work(record, { what: 'expiry', linkId: null }, async () => {
      const status = await this.#parts.control(record).extend(expiresInSeconds);
      await this.#learn(record, (now) => withStatus(now, status, this.#parts.now()));
    });
  }

  addLink(record: SendRecord, wishes: NewLinkWishes): Promise<boolean> {
    const task: Task = { what: 'add', linkId: null };
    const onStretching = (fraction: number): void => this.#tell({ type: 'do', transferId: record.transferId, doing: { step: 'busy', task, fraction } });
    return this.#workOnLinks(record, task, (control) => control.addLink(wishes, onStretching));
  }

  repeatLink(record: SendRecord, linkId: string): Promise<boolean> {
    return this.#workOnLinks(record, { what: 'repeat', linkId }, (control) => control.repeatLink(linkId));
  }

  /** Nobody else is asked: the label is this machine's. */
  relabel(record: SendRecord, linkId: string, label: string): Promise<boolean> {
    return this.#work(record, { what: 'label', linkId }, () => this.#learn(record, (now) => withLabel(now, linkId, label)));
  }

  changeLimit(record: SendRecord, linkId: string, downloadLimit: number | null): Promise<boolean> {
    return this.#workOnLinks(record, { what: 'limit', linkId }, (control) => control.changeLimit(linkId, downloadLimit));
  }

  revokeLink(record: SendRecord, linkId: string): Promise<boolean> {
    return this.#workOnLinks(record, { what: 'revoke', linkId }, (control) => control.revokeLink(linkId));
  }

  async setNotify(record: SendRecord, notify: boolean): Promise<void> {
    await this.#quietly(record.transferId, KEEPING, () => this.#learn(record, (now) => ({ ...now, notify, toldDownloads: now.lastSeen?.downloads.committed ?? 0 })));
    this.#parts.onNotify?.();
  }

  async remove(transferId: string): Promise<void> {
    await this.#quietly(transferId, KEEPING, async () => {
      await this.#parts.store.remove(transferId);
      this.#tell({ type: 'removed', transferId });
    });
  }

  async #ask(): Promise<void> {
    const unreadable: string[] = [];
    try {
      const records = await this.#parts.store.list((transferId) => unreadable.push(transferId));
      this.#tell({ type: 'listed', records, unreadable });
      const live = records.filter(({ lastSeen }) => lastSeen === null || !isOver(lastSeen.state));
      let isOffline = false;
      for (let from = 0; from < live.length; from += ASKED_AT_ONCE) {
        const answers = await Promise.all(live.slice(from, from + ASKED_AT_ONCE).map((record) => this.#look(record)));
        isOffline ||= answers.includes(false);
      }
      this.#tell({ type: 'reached', isOffline });
    } catch (thrown) {
      this.#tell({ type: 'unlisted', code: codeOf(thrown) });
    }
  }

  /** @returns false where nobody said how it stands. */
  async #look(asked: SendRecord): Promise<boolean> {
    const look = await lookAfter(this.#parts.store, asked, () => this.#parts.control(asked).status(), this.#parts.now);
    if (look === null) return false;
    const { record, freshDownloads } = look;
    this.#tell(record === null ? { type: 'removed', transferId: asked.transferId } : { type: 'learned', record });
    if (freshDownloads > 0) this.#parts.onDownloads?.(freshDownloads);
    return true;
  }

  async #learn({ transferId }: SendRecord, change: (now: SendRecord) => SendRecord): Promise<void> {
    const record = await this.#parts.store.update(transferId, change);
    this.#tell(record === null ? { type: 'removed', transferId } : { type: 'learned', record });
  }

  /** A link that was used up or revoked may have ended the transfer: how that stands is asked at once. */
  #workOnLinks(record: SendRecord, task: Task, work: (control: Control) => Promise<unknown>): Promise<boolean> {
    return this.#work(record, task, async () => {
      try {
        await work(this.#parts.control(record));
      } finally {
        // Whatever became of it, the store has what is true of the links.
        const now = await this.#parts.store.get(record.transferId);
        if (now !== null) this.#tell({ type: 'learned', record: now });
      }
      await this.#look(record);
    });
  }

  /** @returns whether it was done. */
  async #work({ transferId }: SendRecord, task: Task, work: () => Promise<void>): Promise<boolean> {
    this.#tell({ type: 'do', transferId, doing: { step: 'busy', task, fraction: null } });
    const isDone = await this.#quietly(transferId, task, work);
    if (isDone) this.#tell({ type: 'do', transferId, doing: { step: 'done', task } });
    return isDone;
  }

  /** What goes wrong is told in the row. @returns whether nothing did. */
  async #quietly(transferId: string, task: Task, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      this.#tell({ type: 'do', transferId, doing: { step: 'failed', task, code: codeOf(thrown) } });
      return false;
    }
  }

  #plan(): void {
    this.#callOff?.();
    this.#callOff = null;
    if (this.#asking !== null || this.#isOver || !this.#isSeen) return;
    this.#callOff = this.#parts.later(() => void this.refresh(), REFRESH_EVERY_MS);
  }

  #tell(event: SendsEvent): void {
    this.#state = nextSends(this.#state, event);
  }
}

const codeOf = (thrown: unknown): ErrorCode => asSendError(thrown, 'internal', 'unexpected failure').code;
