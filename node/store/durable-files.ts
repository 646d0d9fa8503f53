/** Writes that survive a power cut: the bytes first, then the name, then the folder that holds the name. */
import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import { OpenFile } from './open-file.ts';

export const isMissing = (thrown: unknown): boolean => thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';

export async function syncDirectory(directory: string): Promise<void> {
  const folder = await OpenFile.open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    folder.close();
  }
}

/** Replaces a small file: whoever reads it sees the old text or the new one. */
export async function writeFileDurably(file: string, text: string, mode: number): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w', mode);
  try {
    await handle.chmod(mode); // a leftover of a killed process keeps its own mode
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncDirectory(path.dirname(file));
}

/**
 * Shares one sync among all who ask while another is running. What was written before a call is durable when its
 * promise resolves: a call never joins a sync that had already begun.
 */
export class SharedSync {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  request(): Promise<void> {
    if (this.#next !== null) return this.#next;
    if (this.#running === null) return this.#start();
    const begin = (): Promise<void> => {
      this.#next = null;
      return this.#start();
    };
    this.#next = this.#running.then(begin, begin);
    return this.#next;
  }

  get idle(): boolean {
    return this.#running === null && this.#next === null;
  }

  #start(): Promise<void> {
    const running = this.#sync().finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }
}
