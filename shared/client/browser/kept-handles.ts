/** Where the files of unfinished uploads lie, as the browser keeps it: handles, by transfer. They open nothing without the person. */
import { answerOf, endOf, HANDLES, openDatabase } from '../sends/database.ts';
import type { FileOrigin } from './file-handles.ts';
import type { FileToSend } from './worker-messages.ts';

export interface KeptOrigin extends FileOrigin {
  /** In the transfer. */
  readonly path: string;
}

/** Keeps nothing where a file came without a handle: then all are chosen again. @param transferId - b64. */
export async function keepHandles(transferId: string, files: readonly FileToSend[]): Promise<void> {
  const origins = files.flatMap(({ path, origin }): KeptOrigin[] => (origin ? [{ path, ...origin }] : []));
  if (origins.length === files.length) await inStore('readwrite', (store) => store.put(origins, transferId));
}

/** @returns null where none are kept. */
export const keptHandles = async (transferId: string): Promise<readonly KeptOrigin[] | null> =>
  (await inStore('readonly', (store): IDBRequest<readonly KeptOrigin[] | undefined> => store.get(transferId))) ?? null;

/** Transfers of which handles are kept. */
export const withHandles = async (): Promise<Set<string>> => new Set((await inStore('readonly', (store) => store.getAllKeys())) as string[]);

export async function forgetHandles(transferId: string): Promise<void> {
  await inStore('readwrite', (store) => store.delete(transferId));
}

async function inStore<T>(mode: 'readonly' | 'readwrite', ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await openDatabase();
  try {
    const transaction = database.transaction(HANDLES, mode);
    const done = endOf(transaction);
    const [answer] = await Promise.all([answerOf(ask(transaction.objectStore(HANDLES))), done]);
    return answer;
  } finally {
    database.close();
  }
}
