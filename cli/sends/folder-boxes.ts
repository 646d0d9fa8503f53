/**
 * Sealed entries as files of one folder, and the key that seals them in a file beside it. Both are for their owner alone
 * (0700, 0600); a file is written under another name, synced and renamed, so that a kill leaves the old one or the new.
 */
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { importEntryKey, isSameBox, Vault, VaultSendStore, type BoxStore, type EntryKey, type SendStore } from '../../shared/client/sends/index.ts';

const KEY_BYTES = 32;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const TEMPORARY = '.new';

/** @param environment - of the process. @returns where this person's sends are kept: the XDG Base Directory Specification's folder for state. */
export function stateFolder(environment: NodeJS.ProcessEnv): string {
  const { XDG_STATE_HOME: named } = environment;
  const base = named !== undefined && path.isAbsolute(named) ? named : path.join(homedir(), '.local', 'state');
  return path.join(base, 'shardsend');
}

export const folderVault = (folder: string): Vault => new Vault(new FolderBoxes(folder));
export const folderSendStore = (folder: string): SendStore => new VaultSendStore(folderVault(folder));

export class FolderBoxes implements BoxStore {
  readonly #folder: string;
  #key: Promise<EntryKey> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  key(): Promise<EntryKey> {
    this.#key ??= this.#loadKey();
    return this.#key;
  }

  async names(prefix: string): Promise<string[]> {
    const files = await orNone(readdir(this.#fileOf(prefix), { recursive: true, withFileTypes: true }));
    return (files ?? [])
      .filter((file) => file.isFile() && !file.name.endsWith(TEMPORARY))
      .map((file) => path.relative(path.join(this.#folder, 'entries'), path.join(file.parentPath, file.name)).replaceAll(path.sep, '/'));
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = await orNone(readFile(this.#fileOf(name)));
    return bytes && Uint8Array.from(bytes);
  }

  /** Two processes that change one entry within the same moment are not told apart: the later one's stays. */
  async write(name: string, box: Uint8Array<ArrayBuffer>, before?: Uint8Array<ArrayBuffer> | null): Promise<boolean> {
    const file = this.#fileOf(name);
    await this.#makeFolder(path.dirname(file));
    const temporary = await writeTemporary(file, box);
    try {
      if (before !== undefined && !isSameBox(await this.read(name), before)) {
        await rm(temporary);
        return false;
      }
      await rename(temporary, file);
    } catch (thrown) {
      await rm(temporary, { force: true });
      throw thrown;
    }
    await syncFolder(path.dirname(file));
    return true;
  }

  async remove(name: string): Promise<void> {
    await rm(this.#fileOf(name), { force: true });
  }

  #fileOf(name: string): string {
    return path.join(this.#folder, 'entries', name);
  }

  /** What existed before keeps no wider mode. */
  async #makeFolder(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    await chmod(this.#folder, FOLDER_MODE);
  }

  /** The first key that got its name stays: of several processes that start at once, one makes it. */
  async #loadKey(): Promise<EntryKey> {
    const file = path.join(this.#folder, 'key');
    await this.#makeFolder(this.#folder);
    let bytes = await orNone(readFile(file));
    if (bytes === null) {
      const temporary = await writeTemporary(file, randomBytes(KEY_BYTES));
      try {
        await link(temporary, file);
        await syncFolder(this.#folder);
      } catch (thrown) {
        if (!hasCode(thrown, 'EEXIST')) throw thrown;
      } finally {
        await rm(temporary, { force: true });
      }
      bytes = await readFile(file);
    }
    if (bytes.length !== KEY_BYTES) throw new Error('the key file has another length');
    return importEntryKey(Uint8Array.from(bytes));
  }
}

/** @returns the file that was written, durably, beside `file`. */
async function writeTemporary(file: string, bytes: Uint8Array): Promise<string> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}${TEMPORARY}`;
  const handle = await open(temporary, 'wx', FILE_MODE);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return temporary;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function orNone<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return null;
    throw thrown;
  }
}

const hasCode = (thrown: unknown, code: string): boolean => thrown instanceof Error && 'code' in thrown && thrown.code === code;
