/**
 * Whether the node's folder still is the one that it opened: told by the index's file, which lies in it and stays open, so
 * that no other can get its number. Removed, emptied or unmounted, the folder takes along all that the index says is held:
 * the node then says nothing of its shards and takes none, as one that is offline, until it is back. Shards that are gone
 * alone are a loss, and are told as one.
 */
import { stat } from 'node:fs/promises';
import { SendError } from '../../shared/protocol/index.ts';
import { isMissing } from './durable-files.ts';

export class HeldFolder {
  readonly #indexFile: string;
  readonly #identity: string | null;
  #wasThere = true;
  /** Called when it is gone, and when it is back. */
  onChange: (isThere: boolean) => void = () => {};

  private constructor(indexFile: string, identity: string | null) {
    this.#indexFile = indexFile;
    this.#identity = identity;
  }

  /** @param indexFile - open already. */
  static async open(indexFile: string): Promise<HeldFolder> {
    return new HeldFolder(indexFile, await identityOf(indexFile));
  }

  async isThere(): Promise<boolean> {
    const identity = await identityOf(this.#indexFile);
    const isThere = identity !== null && identity === this.#identity;
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
}

async function identityOf(file: string): Promise<string | null> {
  try {
    const { dev, ino } = await stat(file);
    return `${dev} ${ino}`;
  } catch (thrown) {
    if (isMissing(thrown)) return null;
    throw thrown;
  }
}
