/**
 * A file by its descriptor. What touches the disk runs on the thread pool; closing and asking for the size, which never
 * wait for it, do not: each way to the pool and back costs as much as hashing 100 KiB.
 */
import { closeSync, fdatasync, fstatSync, fsync, open, read, writev } from 'node:fs';
import { promisify } from 'node:util';

const openAsync = promisify(open);
const readAsync = promisify(read);
const writevAsync = promisify(writev);
const fsyncAsync = promisify(fsync);
const fdatasyncAsync = promisify(fdatasync);

export class OpenFile {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static async open(file: string, flags: string | number): Promise<OpenFile> {
    return new OpenFile(await openAsync(file, flags, 0o600));
  }

  /** @returns how many bytes there were, at most `length`. */
  async read(into: Uint8Array, length: number, position: number): Promise<number> {
    const { bytesRead } = await readAsync(this.#fd, into, 0, length, position);
    return bytesRead;
  }

  /** All of it, where one call may write less on a disk that is almost full. */
  async write(parts: readonly Uint8Array[]): Promise<void> {
    let left = [...parts];
    while (left.length > 0) {
      let { bytesWritten } = await writevAsync(this.#fd, left);
      if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
      left = left.flatMap((part) => {
        const written = Math.min(part.length, bytesWritten);
        bytesWritten -= written;
        return written === part.length ? [] : [part.subarray(written)];
      });
    }
  }

  sync(): Promise<void> {
    return fsyncAsync(this.#fd);
  }

  syncData(): Promise<void> {
    return fdatasyncAsync(this.#fd);
  }

  get size(): number {
    return fstatSync(this.#fd).size;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
