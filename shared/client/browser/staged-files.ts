/**
 * What this origin keeps of downloads on the recipient's disk: files in the origin's private file system, and beside them
 * an entry each in IndexedDB. Without the link an entry tells when it goes, and nothing else. Used by pages and workers.
 */

const FOLDER = 'downloads';
/** One of its own: a database's stores are made by whoever opens it first, and what was sent is kept in another. */
const DATABASE = 'shardsend-downloads';
const ENTRIES = 'downloads';

/** A browser that copies a file says nothing when it has done so. */
const HANDED_OVER_FOR_MS = 10 * 60_000;
const HANDED_OVER_MORE_FOR_MS_A_GIB = 60_000;
const GIB = 1024 ** 3;

export interface StagedEntry {
  /** Of the download's note (download-note.ts); of the file alone once that was handed over. */
  readonly name: string;
  /** In the folder of downloads; drawn at random. */
  readonly file: string;
  /** Sealed; null once the file was handed over. */
  readonly note: Uint8Array<ArrayBuffer> | null;
  /** From then on whoever visits removes it. */
  readonly removeAfterMs: number;
}

export class StagedFiles {
  readonly folder: FileSystemDirectoryHandle;
  readonly #entries: IDBDatabase;

  private constructor(folder: FileSystemDirectoryHandle, entries: IDBDatabase) {
    this.folder = folder;
    this.#entries = entries;
  }

  /** @throws whatever a browser says that has no such place, or forbids it, as private windows do. */
  static async open(): Promise<StagedFiles> {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(ENTRIES, { keyPath: 'name' });
    return new StagedFiles(folder, await settled(opening));
  }

  close(): void {
    this.#entries.close();
  }

  find(name: string): Promise<StagedEntry | undefined> {
    return settled(this.#store('readonly').get(name) as IDBRequest<StagedEntry | undefined>);
  }

  async put(entry: StagedEntry): Promise<void> {
    const store = this.#store('readwrite');
    store.put(entry);
    await committed(store.transaction);
  }

  /** Nothing is known of the file any more but that it goes, once the browser must have saved it. */
  async handedOver({ name, file }: Pick<StagedEntry, 'name' | 'file'>, bytes: number, nowMs: number): Promise<void> {
    const store = this.#store('readwrite');
    store.delete(name);
    store.put({ name: file, file, note: null, removeAfterMs: nowMs + HANDED_OVER_FOR_MS + (bytes / GIB) * HANDED_OVER_MORE_FOR_MS_A_GIB } satisfies StagedEntry);
    await committed(store.transaction);
  }

  /** The file first: what is left without an entry is swept. */
  async remove({ name, file }: Pick<StagedEntry, 'name' | 'file'>): Promise<void> {
    await this.#removeFile(file);
    const store = this.#store('readwrite');
    store.delete(name);
    await committed(store.transaction);
  }

  /** Removes what is over, and files that belong to nothing. One that is being written to stays. */
  async sweep(nowMs: number): Promise<void> {
    const entries = await settled(this.#store('readonly').getAll() as IDBRequest<StagedEntry[]>);
    for (const entry of entries) if (entry.removeAfterMs <= nowMs) await this.remove(entry);
    const known = new Set(entries.map(({ file }) => file));
    for await (const file of this.folder.keys()) if (!known.has(file)) await this.#removeFile(file);
  }

  async #removeFile(file: string): Promise<void> {
    try {
      await this.folder.removeEntry(file);
    } catch {
      // gone already, or open in another tab, which removes it itself
    }
  }

  #store(mode: IDBTransactionMode): IDBObjectStore {
    return this.#entries.transaction(ENTRIES, mode).objectStore(ENTRIES);
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the database failed'));
  });
}

/** What a request succeeded with is taken back where its worker ends before this. */
function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('the database failed'));
  });
}
