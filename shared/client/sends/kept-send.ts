/**
 * One transfer's record while it is being sent. A machine that keeps nothing, as a private window may, sends all the same:
 * then the link on the screen is the only one.
 */
import { SendError } from '../../protocol/errors.ts';
import type { SendResult } from '../types.ts';
import type { SendRecord } from './send-record.ts';
import type { SendStore } from './send-store.ts';

export class KeptSend {
  readonly #store: SendStore;
  #transferId: string | null = null;

  constructor(store: SendStore) {
    this.#store = store;
  }

  /** @returns whether the machine keeps it; then durably, before this resolves. */
  async begin(record: SendRecord): Promise<boolean> {
    const isKept = await orFalse(this.#store.put(record));
    if (isKept) this.#transferId = record.transferId;
    return isKept;
  }

  async finish({ expiresAtMs }: Pick<SendResult, 'expiresAtMs'>): Promise<void> {
    if (this.#transferId !== null) await orFalse(this.#store.update(this.#transferId, (record) => ({ ...record, expiresAtMs, upload: null })));
  }

  /** The transfer was given up, and withdrawn. */
  async forget(): Promise<void> {
    if (this.#transferId !== null) await orFalse(this.#store.remove(this.#transferId));
  }
}

/** @returns whether it worked; what else breaks than the store is thrown. */
async function orFalse(keeping: Promise<unknown>): Promise<boolean> {
  try {
    await keeping;
    return true;
  } catch (thrown) {
    if (thrown instanceof SendError && (thrown.code === 'record_unsaved' || thrown.code === 'record_unreadable')) return false;
    throw thrown;
  }
}
