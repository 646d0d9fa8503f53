/**
 * Where what was fetched lies until it is sent: the extension's private file system (OPFS), so that memory holds none of
 * it. Each file is held by the tab that fetched it, with a Web Lock, or by an upload that can be continued; others are swept.
 */
import { keptHandles, withHandles } from '../shared/client/browser/kept-handles.ts';
import { MIB } from '../shared/protocol/limits.ts';
import type { ChosenFile } from '../shared/ui/selection.ts';
import { refused } from './refusals.ts';

const FOLDER = 'fetched';
const LOCK = 'fetched:';
/** Firefox's private windows have no such place: there the page's memory holds it. */
const MAX_IN_MEMORY_BYTES = 512 * MIB;

/** A file that is being fetched. Once `discard` was called, or the tab is gone, nothing of it stays. */
export interface FetchedFile {
  /** @throws Refused `room`. */
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** No write may follow. */
  finish(type: string): Promise<ChosenFile>;
  discard(): Promise<void>;
}

/** @param bytes - as announced; null where unknown. @throws Refused `room` where so many do not fit. */
export async function createFetchedFile(name: string, bytes: number | null): Promise<FetchedFile> {
  const root = await navigator.storage.getDirectory().catch(() => null);
  if (root === null) return inMemory(name, bytes);
  const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
  if (bytes !== null && bytes > quota - usage) throw refused('room');
  return onDisk(root, name);
}

/** Removes what no tab and no upload needs any more. */
export async function sweepFetchedFiles(): Promise<void> {
  const root = await navigator.storage.getDirectory().catch(() => null);
  const folder = await root?.getDirectoryHandle(FOLDER).catch(() => null);
  if (!folder) return;
  // In this order: what is there now was held before it was there, and is held until its upload has noted where it lies.
  const there: string[] = [];
  for await (const id of folder.keys()) there.push(id);
  const { held = [] } = await navigator.locks.query();
  const needed = new Set(held.map(({ name = '' }) => name.slice(LOCK.length)));
  for (const transferId of await withHandles()) for (const { root: kept } of (await keptHandles(transferId)) ?? []) needed.add(kept.name);
  for (const id of there) if (!needed.has(id)) await folder.removeEntry(id, { recursive: true }).catch(() => undefined); // open elsewhere
}

async function onDisk(root: FileSystemDirectoryHandle, name: string): Promise<FetchedFile> {
  const id = crypto.randomUUID();
  const release = await hold(LOCK + id);
  const all = await root.getDirectoryHandle(FOLDER, { create: true });
  const own = await all.getDirectoryHandle(id, { create: true });
  // It has its later name there: an upload that is continued opens it again by that.
  const handle = await own.getFileHandle(name, { create: true });
  const writable = await handle.createWritable();
  return {
    async write(chunk) {
      try {
        await writable.write(chunk);
      } catch (cause) {
        throw refused('room', { cause });
      }
    },
    async finish(type) {
      try {
        await writable.close();
      } catch (cause) {
        throw refused('room', { cause });
      }
      const stored = await handle.getFile();
      const file = new File([stored], name, { type, lastModified: stored.lastModified });
      // Of Chromium alone: Firefox can't keep where it lies.
      return 'queryPermission' in handle ? { path: name, file, origin: { root: own, inside: [name] } } : { path: name, file };
    },
    async discard() {
      await writable.abort().catch(() => undefined); // closed already
      await all.removeEntry(id, { recursive: true }).catch(() => undefined); // swept later
      release();
    },
  };
}

function inMemory(name: string, bytes: number | null): FetchedFile {
  if (bytes !== null && bytes > MAX_IN_MEMORY_BYTES) throw refused('room');
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let held = 0;
  return {
    async write(chunk) {
      held += chunk.length;
      if (held > MAX_IN_MEMORY_BYTES) throw refused('room');
      parts.push(chunk);
    },
    finish: async (type) => ({ path: name, file: new File(parts, name, { type }) }),
    discard: async () => void (parts = []),
  };
}

/** @returns what lets go of the lock; the tab's end does so too. */
function hold(name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    navigator.locks.request(name, () => new Promise<void>((release) => resolve(release))).catch(reject);
  });
}
