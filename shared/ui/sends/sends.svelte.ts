/** Drives sends-machine.ts with a real store and a real coordinator: what the page and the extension both hold. */
import { isOver, lookAfter, withRefusal, withStatus, type SendRecord, type SendStore } from '../../client/sends/index.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import type { OwnerStatus } from '../../protocol/messages.ts';
import { nextSends, type SendsEvent, type SendsState } from './sends-machine.ts';

export const REFRESH_EVERY_MS = 15_000;
/** Transfers that are asked about at once. */
const ASKED_AT_ONCE = 6;

/** The part of TransferControl that a page needs. */
export interface Control {
  status(): Promise<OwnerStatus>;
  extend(expiresInSeconds: number): Promise<OwnerStatus>;
  revoke(): Promise<void>;
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
  askWithdraw(transferId: string): void {
    this.#tell({ type: 'do', transferId, doing: { step: 'asking' } });
  }
  keep(transferId: string): void {
    this.#tell({ type: 'do', transferId, doing: { step: 'nothing' } });
  }

  withdraw(record: SendRecord): Promise<void> {
    return this.#work(record, 'withdraw', async () => {
      await this.#parts.control(record).revoke();
      await this.#learn(record, (now) => withRefusal(now, new SendError('transfer_revoked'), this.#parts.now()) ?? now);
      this.#tell({ type: 'do', transferId: record.transferId, doing: { step: 'nothing' } });
    });
  }

  extend(record: SendRecord, expiresInSeconds: number): Promise<void> {
    return this.#work(record, 'expiry', async () => {
      const status = await this.#parts.control(record).extend(expiresInSeconds);
      await this.#learn(record, (now) => withStatus(now, status, this.#parts.now()));
      this.#tell({ type: 'do', transferId: record.transferId, doing: { step: 'changed' } });
    });
  }

  async setNotify(record: SendRecord, notify: boolean): Promise<void> {
    await this.#quietly(record.transferId, () => this.#learn(record, (now) => ({ ...now, notify, toldDownloads: now.lastSeen?.downloads.committed ?? 0 })));
    this.#parts.onNotify?.();
  }

  async remove(transferId: string): Promise<void> {
    await this.#quietly(transferId, async () => {
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

  async #work({ transferId }: SendRecord, what: 'withdraw' | 'expiry', work: () => Promise<void>): Promise<void> {
    this.#tell({ type: 'do', transferId, doing: { step: 'busy', what } });
    await this.#quietly(transferId, work);
  }

  /** What goes wrong is told in the row. */
  async #quietly(transferId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.#tell({ type: 'do', transferId, doing: { step: 'failed', code: codeOf(thrown) } });
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
