/** The transfers that were sent from this machine, one sealed record each. */
import { ID_BYTES, decodeB64 } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { decodeSendRecord, encodeSendRecord, type SendRecord } from './send-record.ts';
import { VaultJournal } from './vault-journal.ts';
import type { Vault } from './vault.ts';

/** Every call may throw SendError `record_unsaved`, where the machine's store cannot be reached. `transferId` is b64. */
export interface SendStore {
  /**
   * @param onUnreadable - is told of records that this program cannot read: damaged, or written by another version.
   * @returns the others, the youngest first.
   */
  list(onUnreadable?: (transferId: string) => void): Promise<SendRecord[]>;
  /** @returns null where there is none. @throws SendError `record_unreadable`. */
  get(transferId: string): Promise<SendRecord | null>;
  /** Resolves when the record would survive the machine's end. */
  put(record: SendRecord): Promise<void>;
  /**
   * Changes a record as it stands now, whatever other tabs and processes did to it. Where its upload is over by that, so is
   * what was kept to go on with it.
   *
   * @returns what it is then; null where there is none, which nothing changes. @throws SendError `record_unreadable`.
   */
  update(transferId: string, change: (record: SendRecord) => SendRecord): Promise<SendRecord | null>;
  /** Of a record that cannot be read as well. What was kept to go on with its upload goes first. */
  remove(transferId: string): Promise<void>;
}

export const SENDS_FOLDER = 'sends/';

export class VaultSendStore implements SendStore {
  readonly #vault: Vault;
  constructor(vault: Vault) {
    this.#vault = vault;
  }

  async list(onUnreadable: (transferId: string) => void = () => {}): Promise<SendRecord[]> {
    const names = await this.#vault.names(SENDS_FOLDER);
    const records = await Promise.all(
      names.map(async (name) => {
        const transferId = name.slice(SENDS_FOLDER.length);
        try {
          return await this.get(transferId);
        } catch (thrown) {
          if (!(thrown instanceof SendError && thrown.code === 'record_unreadable')) throw thrown;
          onUnreadable(transferId);
          return null;
        }
      }),
    );
    return records.filter((record) => record !== null).toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  }

  async get(transferId: string): Promise<SendRecord | null> {
    const text = await this.#vault.read(nameOf(transferId));
    return text && readAs(transferId, text);
  }

  async put(record: SendRecord): Promise<void> {
    await this.#vault.write(nameOf(record.transferId), encodeSendRecord(record));
  }

  async update(transferId: string, change: (record: SendRecord) => SendRecord): Promise<SendRecord | null> {
    let outcome: SendRecord | null = null;
    let isNowOver = false;
    await this.#vault.change(nameOf(transferId), (text) => {
      const before = text && readAs(transferId, text);
      outcome = before && change(before);
      isNowOver = before !== null && before.upload !== null && outcome?.upload === null;
      return outcome && encodeSendRecord(outcome);
    });
    if (isNowOver) await new VaultJournal(this.#vault, transferId).remove();
    return outcome;
  }

  async remove(transferId: string): Promise<void> {
    await new VaultJournal(this.#vault, transferId).remove();
    await this.#vault.remove(nameOf(transferId));
  }
}

function nameOf(transferId: string): string {
  decodeB64(transferId, ID_BYTES);
  return SENDS_FOLDER + transferId;
}

function readAs(transferId: string, text: Uint8Array): SendRecord {
  const record = decodeSendRecord(text);
  if (record.transferId !== transferId) throw new SendError('record_unreadable', 'the record is another transfer’s');
  return record;
}
