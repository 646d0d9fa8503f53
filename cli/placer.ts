/** Gives received files the names under which they were sent, below one folder: none is overwritten, and none leads out of it. */
import { constants } from 'node:fs';
import { lstat, mkdir, open, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { safePath } from '../shared/client/safe-path.ts';
import { MAX_NAME_BYTES, SendError } from '../shared/protocol/index.ts';
import { moveWithoutReplacing } from './move-file.ts';
import { codeOf } from './on-disk.ts';

/** Names tried before giving up: `a`, `a (2)`, … */
const MAX_TRIES = 1000;

export class Placer {
  readonly #root: string;
  /** Sent folder path, made safe, to the folder that stands for it. */
  readonly #folders = new Map<string, string>();
  readonly #madeFolders: string[] = [];
  readonly #placedFiles: string[] = [];

  constructor(root: string) {
    this.#root = root;
    this.#folders.set('', root);
  }

  /** @returns the path below the root. */
  async place(partPath: string, sentPath: string): Promise<string> {
    const safe = safePath(sentPath);
    const slash = safe.lastIndexOf('/');
    const folder = await this.#folderFor(slash < 0 ? '' : safe.slice(0, slash));
    const target = await firstFree(folder, safe.slice(slash + 1), (candidate) => moveWithoutReplacing(partPath, candidate));
    this.#placedFiles.push(target);
    return path.relative(this.#root, target).split(path.sep).join('/');
  }

  /** Names are durable only once their folders are. */
  async sync(): Promise<void> {
    if (process.platform === 'win32') return; // folders cannot be opened there
    for (const folder of new Set(this.#folders.values())) {
      const handle = await open(folder, constants.O_RDONLY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  }

  /** Takes all of them back. */
  async undo(): Promise<void> {
    for (const file of this.#placedFiles) await rm(file, { force: true });
    for (const folder of this.#madeFolders.toReversed()) await rmdir(folder).catch(() => undefined); // someone else put a file there: it stays
  }

  /** A real folder in its place, or one beside it where a file or a link has the name. */
  async #folderFor(sent: string): Promise<string> {
    const known = this.#folders.get(sent);
    if (known !== undefined) return known;
    const slash = sent.lastIndexOf('/');
    const parent = await this.#folderFor(slash < 0 ? '' : sent.slice(0, slash));
    const folder = await firstFree(parent, sent.slice(slash + 1), (candidate) => this.#makeFolder(candidate));
    this.#folders.set(sent, folder);
    return folder;
  }

  async #makeFolder(candidate: string): Promise<boolean> {
    try {
      await mkdir(candidate);
      this.#madeFolders.push(candidate);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      return (await lstat(candidate)).isDirectory(); // false for links, wherever they lead
    }
  }
}

/** Tries `name`, `name (2)`, … until `take` says that it took one. */
async function firstFree(folder: string, name: string, take: (candidate: string) => Promise<boolean>): Promise<string> {
  for (let i = 1; i <= MAX_TRIES; i++) {
    const candidate = path.join(folder, i === 1 ? name : numberedName(name, i));
    if (await take(candidate)) return candidate;
  }
  throw new SendError('disk_failed', `every name like ${name} is taken`);
}

/** `report.pdf` → `report (2).pdf`, within what a name may have. */
export function numberedName(name: string, number: number): string {
  const ending = path.extname(name);
  const suffix = ` (${number})`;
  const bytesOf = (text: string): number => Buffer.byteLength(text);
  let stem = ending === '' ? name : name.slice(0, -ending.length);
  while (bytesOf(stem) + bytesOf(suffix) + bytesOf(ending) > MAX_NAME_BYTES && stem !== '') stem = Array.from(stem).slice(0, -1).join('');
  return stem === '' ? `${Array.from(name).slice(0, 50).join('')}${suffix}` : stem + suffix + ending;
}
