/**
 * The browser's database: sealed entries, and beside them the key that seals them, which the browser keeps and no script
 * reads. Several tabs may use it at once.
 */
import { generateEntryKey, type EntryKey } from '../../crypto/index.ts';
import { VaultSendStore, type SendStore } from './send-store.ts';
import { isSameBox, Vault, type BoxStore } from './vault.ts';

const NAME = 'shardsend';
const VERSION = 2;
const KEYS = 'keys';
const ENTRIES = 'entries';
/** Handles of files, which are no texts to seal. */
export const HANDLES = 'handles';
/** The name of the one key in KEYS. */
const ENTRY_KEY = 'entries';
/** Beyond every character that a name may have. */
const LAST = '\uffff';

/** The sends of this browser's profile and this site. */
export const browserSendStore = (): SendStore => new VaultSendStore(browserVault());
export const browserVault = (): Vault => new Vault(new DatabaseBoxes());

class DatabaseBoxes implements BoxStore {
  #opening: Promise<IDBDatabase> | null = null;
  #key: Promise<EntryKey> | null = null;

  key(): Promise<EntryKey> {
    this.#key ??= this.#loadKey().catch((thrown: unknown) => {
      this.#key = null;
      throw thrown;
    });
    return this.#key;
  }

  async names(prefix: string): Promise<string[]> {
    const transaction = (await this.#open()).transaction(ENTRIES);
    return (await answerOf(transaction.objectStore(ENTRIES).getAllKeys(IDBKeyRange.bound(prefix, prefix + LAST)))) as string[];
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const transaction = (await this.#open()).transaction(ENTRIES);
    return asBox(await answerOf<unknown>(transaction.objectStore(ENTRIES).get(name)));
  }

  /** Compared and written in one transaction: the database lets no other write in between. */
  async write(name: string, box: Uint8Array<ArrayBuffer>, before?: Uint8Array<ArrayBuffer> | null): Promise<boolean> {
    const transaction = (await this.#open()).transaction(ENTRIES, 'readwrite', { durability: 'strict' });
    const done = endOf(transaction);
    const entries = transaction.objectStore(ENTRIES);
    let written = false;
    const reading: IDBRequest<unknown> = entries.get(name);
    reading.onsuccess = () => {
      if (before !== undefined && !isSameBox(asBox(reading.result), before)) return;
      entries.put(box, name);
      written = true;
    };
    await done;
    return written;
  }

  async remove(name: string): Promise<void> {
    const transaction = (await this.#open()).transaction(ENTRIES, 'readwrite', { durability: 'strict' });
    const done = endOf(transaction);
    transaction.objectStore(ENTRIES).delete(name);
    await done;
  }

  /** The first key that was put stays: of several tabs that start at once, one makes it. */
  async #loadKey(): Promise<EntryKey> {
    const made = await generateEntryKey(); // before the transaction, which ends while anything else is waited for
    const transaction = (await this.#open()).transaction(KEYS, 'readwrite', { durability: 'strict' });
    const done = endOf(transaction);
    const keys = transaction.objectStore(KEYS);
    let key = made;
    const reading: IDBRequest<EntryKey | undefined> = keys.get(ENTRY_KEY);
    reading.onsuccess = () => {
      if (reading.result === undefined) keys.put(made, ENTRY_KEY);
      else key = reading.result;
    };
    await done;
    return key;
  }

  #open(): Promise<IDBDatabase> {
    this.#opening ??= openDatabase(() => (this.#opening = null)).catch((thrown: unknown) => {
      this.#opening = null;
      throw thrown;
    });
    return this.#opening;
  }
}

/** @param onClosed - the database is to be opened again for the next call. */
export async function openDatabase(onClosed: () => void = () => undefined): Promise<IDBDatabase> {
  const opening = indexedDB.open(NAME, VERSION);
  opening.onupgradeneeded = () => {
    const there = opening.result.objectStoreNames;
    for (const store of [KEYS, ENTRIES, HANDLES]) if (!there.contains(store)) opening.result.createObjectStore(store);
  };
  const database = await answerOf(opening);
  // A tab of a newer version must not wait for this one.
  database.onversionchange = () => {
    database.close();
    onClosed();
  };
  database.onclose = onClosed;
  return database;
}

export const answerOf = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the database gave no reason'));
  });

/** @returns when the transaction is on the disk. */
export const endOf = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('the database gave no reason'));
  });

const asBox = (value: unknown): Uint8Array<ArrayBuffer> | null => (value instanceof Uint8Array ? Uint8Array.from(value) : null);
