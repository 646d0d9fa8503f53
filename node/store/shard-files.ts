/**
 * Shards as files: `shards/<first byte of the transfer>/<transfer>/<segment>.shard`, beside them `term` where their time was
 * changed; both written under `tmp/` first. A file
 * with a final name is whole: its bytes were durable before it got that name.
 */
import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ID_BYTES, asTransferId, encodeHex, type TransferId } from '../../shared/protocol/index.ts';
import { SharedSync, isMissing, syncDirectory } from './durable-files.ts';
import type { HeldFolder } from './held-folder.ts';
import { OpenFile } from './open-file.ts';
import { SHARD_HEADER_BYTES, encodeShardHeader, parseShardHeader, type ShardHeader } from './shard-header.ts';
import { TERM_BYTES, TERM_FILE, encodeTerm, parseTerm, type TermFile } from './term-file.ts';

const FILE_NAME = /^(0|[1-9]\d{0,9})\.shard$/;
const TRANSFER_NAME = new RegExp(`^[0-9a-f]{${2 * ID_BYTES}}$`);

/** One file cannot be read while the disk works: an order was just written to it. */
export const isBadSector = (thrown: unknown): boolean => thrown instanceof Error && 'code' in thrown && thrown.code === 'EIO';

export class ShardFiles {
  readonly #shards: string;
  readonly #temporary: string;
  readonly #syncs = new Map<string, SharedSync>();
  /** Folders that are being made: a shard in one is durable only once the folder's own name is. */
  readonly #making = new Map<string, Promise<void>>();
  readonly #held: HeldFolder;
  #serial = 0;

  private constructor(directory: string, held: HeldFolder) {
    this.#held = held;
    this.#shards = path.join(directory, 'shards');
    this.#temporary = path.join(directory, 'tmp');
  }

  /** Makes the folders and removes what a killed process was writing. */
  static async open(directory: string, held: HeldFolder): Promise<ShardFiles> {
    const files = new ShardFiles(directory, held);
    await rm(files.#temporary, { recursive: true, force: true });
    await mkdir(files.#temporary, { recursive: true });
    await mkdir(files.#shards, { recursive: true });
    await syncDirectory(directory);
    return files;
  }

  #folder(transferId: TransferId): string {
    const name = encodeHex(transferId);
    return path.join(this.#shards, name.slice(0, 2), name);
  }

  #file(transferId: TransferId, segment: number): string {
    return path.join(this.#folder(transferId), `${segment}.shard`);
  }

  /** @returns the name under which the bytes are durable but not yet a shard. */
  async writeTemporary(header: ShardHeader, bytes: Uint8Array): Promise<string> {
    const temporary = path.join(this.#temporary, String(this.#serial++));
    try {
      const file = await this.#create(temporary);
      try {
        await file.write([encodeShardHeader(header), bytes]);
        await file.syncData();
      } finally {
        file.close();
      }
    } catch (thrown) {
      await this.discard(temporary);
      throw thrown;
    }
    return temporary;
  }

  /** Durably replaces the transfer's changed time; where it has no folder there is nothing that the time is for. */
  async writeTerm(transferId: TransferId, term: TermFile): Promise<void> {
    const folder = this.#folder(transferId);
    const temporary = path.join(this.#temporary, String(this.#serial++));
    const file = await this.#create(temporary);
    try {
      await file.write([encodeTerm(transferId, term)]);
      await file.syncData();
    } finally {
      file.close();
    }
    try {
      await rename(temporary, path.join(folder, TERM_FILE));
      await this.#sync(folder);
    } catch (thrown) {
      await this.discard(temporary);
      if (!isMissing(thrown)) throw thrown;
    }
  }

  /** @returns null where the time was never changed, or what says so is damaged. */
  async readTerm(transferId: TransferId): Promise<TermFile | null> {
    let file: OpenFile;
    try {
      file = await OpenFile.open(path.join(this.#folder(transferId), TERM_FILE), 'r');
    } catch (thrown) {
      if (isMissing(thrown)) return null;
      throw thrown;
    }
    try {
      const bytes = new Uint8Array(TERM_BYTES);
      return (await file.read(bytes, TERM_BYTES, 0)) === TERM_BYTES && file.size === TERM_BYTES ? parseTerm(transferId, bytes) : null;
    } finally {
      file.close();
    }
  }

  async #create(temporary: string): Promise<OpenFile> {
    try {
      return await OpenFile.open(temporary, 'wx');
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
      await this.#makeRoots();
      return await OpenFile.open(temporary, 'wx');
    }
  }

  /** Makes again what somebody tidied away. @throws SendError `unavailable` when all is gone: nothing is begun anew in its place. */
  async #makeRoots(): Promise<void> {
    await this.#held.check();
    await makeFolder(this.#temporary);
    await makeFolder(this.#shards);
  }

  discard(temporary: string): Promise<void> {
    return rm(temporary, { force: true });
  }

  /** Gives a written shard its final name, in place of an older one, durably. */
  async publish(temporary: string, transferId: TransferId, segment: number): Promise<void> {
    const folder = this.#folder(transferId);
    const file = this.#file(transferId, segment);
    for (let tries = 1; ; tries++) {
      await this.#making.get(folder);
      try {
        await rename(temporary, file);
        break;
      } catch (thrown) {
        if (!isMissing(thrown) || tries === 3) throw thrown;
        await this.#makeRoots();
        await this.#make(folder); // again, when the last shard of the transfer expired in between
      }
    }
    await this.#sync(folder);
  }

  #make(folder: string): Promise<void> {
    const known = this.#making.get(folder);
    if (known !== undefined) return known;
    const making = this.#makeDurably(folder).finally(() => this.#making.delete(folder));
    this.#making.set(folder, making);
    return making;
  }

  async #makeDurably(folder: string): Promise<void> {
    await makeFolder(path.dirname(folder));
    await makeFolder(folder);
    await this.#sync(path.dirname(folder));
    await this.#sync(this.#shards);
  }

  /** Stores of one transfer that end together share one sync of its folder. */
  async #sync(directory: string): Promise<void> {
    let sync = this.#syncs.get(directory);
    if (sync === undefined) {
      sync = new SharedSync(() => syncDirectory(directory));
      this.#syncs.set(directory, sync);
    }
    try {
      await sync.request();
    } finally {
      if (sync.idle) this.#syncs.delete(directory);
    }
  }

  /** @returns an open file that is a whole shard, or null. The caller closes it. */
  async openShard(transferId: TransferId, segment: number): Promise<{ file: OpenFile; header: ShardHeader } | null> {
    let file: OpenFile;
    try {
      file = await OpenFile.open(this.#file(transferId, segment), 'r');
    } catch (thrown) {
      if (isMissing(thrown)) return null;
      throw thrown;
    }
    try {
      const header = await readHeader(file);
      if (header !== null && header.segment === segment && encodeHex(header.transferId) === encodeHex(transferId)) return { file, header };
    } catch (thrown) {
      file.close();
      throw thrown;
    }
    file.close();
    return null;
  }

  async removeShard(transferId: TransferId, segment: number): Promise<void> {
    await rm(this.#file(transferId, segment), { force: true });
  }

  /** Removes the transfer's folder if nothing is left in it. */
  async removeEmptyFolder(transferId: TransferId): Promise<void> {
    const folder = this.#folder(transferId);
    try {
      const names = await readdir(folder);
      if (names.some((name) => name !== TERM_FILE)) return;
      await rm(path.join(folder, TERM_FILE), { force: true });
      await rmdir(folder);
    } catch (thrown) {
      const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null;
      if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw thrown;
    }
  }

  /** Removes every shard of a transfer, durably. */
  async removeTransfer(transferId: TransferId): Promise<void> {
    const folder = this.#folder(transferId);
    await rm(folder, { recursive: true, force: true });
    try {
      await this.#sync(path.dirname(folder));
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown; // nothing was ever stored below it
    }
  }

  /** Makes the names of shards durable that a killed process may have left between rename and sync. */
  async syncTransfer(transferId: TransferId): Promise<void> {
    const folder = this.#folder(transferId);
    for (const directory of [folder, path.dirname(folder), this.#shards]) await this.#sync(directory);
  }

  async hasTransfer(transferId: TransferId): Promise<boolean> {
    try {
      return (await stat(this.#folder(transferId))).isDirectory();
    } catch (thrown) {
      if (isMissing(thrown)) return false;
      throw thrown;
    }
  }

  /** Every transfer with files on the disk, and their segments. Names that are not ours are left alone. */
  async *list(): AsyncGenerator<{ transferId: TransferId; segments: number[] }> {
    for (const prefix of await readdir(this.#shards)) {
      if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
      for (const name of await readdir(path.join(this.#shards, prefix))) {
        if (!TRANSFER_NAME.test(name) || !name.startsWith(prefix)) continue;
        const folder = path.join(this.#shards, prefix, name);
        if (!(await stat(folder)).isDirectory()) continue;
        const segments = (await readdir(folder)).flatMap((file) => {
          const match = FILE_NAME.exec(file);
          return match === null || Number(match[1]) >= 0xffffffff ? [] : [Number(match[1])];
        });
        yield { transferId: asTransferId(Uint8Array.from(Buffer.from(name, 'hex'))), segments };
      }
    }
  }
}

/** Never what stands above it. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
  }
}

async function readHeader(file: OpenFile): Promise<ShardHeader | null> {
  const bytes = new Uint8Array(SHARD_HEADER_BYTES);
  const bytesRead = await file.read(bytes, SHARD_HEADER_BYTES, 0);
  const header = bytesRead === SHARD_HEADER_BYTES ? parseShardHeader(bytes) : null;
  return header !== null && file.size === SHARD_HEADER_BYTES + header.shardBytes ? header : null;
}
