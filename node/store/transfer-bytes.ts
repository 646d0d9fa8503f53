/**
 * The bytes of those transfers for which store orders are open: what is held and what is being written. Counted once
 * when the first opens, then kept, because a sum over a large transfer for each of its shards would cost too much.
 */
import { SendError, encodeHex, type TransferId } from '../../shared/protocol/index.ts';

interface Account {
  users: number;
  heldBytes: number;
  incomingBytes: number;
}

export class TransferBytes {
  readonly #accounts = new Map<string, Account>();

  /** @returns the end of the watch. */
  watch(transferId: TransferId, countHeld: () => number): () => void {
    const name = encodeHex(transferId);
    const account = this.#accounts.get(name) ?? { users: 0, heldBytes: countHeld(), incomingBytes: 0 };
    this.#accounts.set(name, account);
    account.users++;
    return () => {
      if (--account.users === 0) this.#accounts.delete(name);
    };
  }

  /** Announces bytes beyond those held, or takes them back. @throws SendError `order_budget`. */
  expect(transferId: TransferId, bytes: number, maxBytes = Infinity): void {
    const account = this.#accounts.get(encodeHex(transferId));
    if (account === undefined) return;
    if (account.heldBytes + account.incomingBytes + bytes > maxBytes) throw new SendError('order_budget');
    account.incomingBytes += bytes;
  }

  /** Counts what is held from now on, or with a negative number no more. */
  hold(transferId: TransferId, bytes: number): void {
    const account = this.#accounts.get(encodeHex(transferId));
    if (account !== undefined) account.heldBytes += bytes;
  }
}
