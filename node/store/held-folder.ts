/**
 * Whether the node's folder still is the one that it opened. Removed, emptied or unmounted, it takes along everything that
 * the index says is held: the node then says nothing of its shards and takes none, as one that is offline, until it is back.
 */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { SendError } from '../../shared/protocol/index.ts';
import { isMissing } from './durable-files.ts';

export class HeldFolder {
  readonly #path: string;
  /** Kept open, so that no other folder can get its number. */
  readonly #handle: FileHandle;
  readonly #identity: string;
  #wasThere = true;
  /** Called when it is gone, and when it is back. */
  onChange: (isThere: boolean) => void = () => {};

  private constructor(path: string, handle: FileHandle, identity: string) {
    this.#path = path;
    this.#handle = handle;
    this.#identity = identity;
  }

  static async open(path: string): Promise<HeldFolder> {
    const handle = await open(path, 'r');
    return new HeldFolder(path, handle, identityOf(await handle.stat()));
  }

  async isThere(): Promise<boolean> {
    const isThere = (await identityAt(this.#path)) === this.#identity;
    if (isThere !== this.#wasThere) {
      this.#wasThere = isThere;
      this.onChange(isThere);
    }
    return isThere;
  }

  /** @throws SendError `unavailable` while it is gone. */
  async check(): Promise<void> {
    if (!(await this.isThere())) throw new SendError('unavailable', "the node's folder is gone");
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

const identityOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }): string => `${dev} ${ino}`;

async function identityAt(path: string): Promise<string | null> {
  try {
    return identityOf(await stat(path));
  } catch (thrown) {
    if (isMissing(thrown)) return null;
    throw thrown;
  }
}
