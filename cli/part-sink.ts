/** One received file under its hidden name: written, hashed and made durable while the next one comes. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { FileSink } from '../shared/client/index.ts';
import { SendError, type ManifestFile } from '../shared/protocol/index.ts';
import { onDisk } from './on-disk.ts';

const READ_BYTES = 1024 * 1024;

export interface Part {
  readonly file: ManifestFile;
  readonly partPath: string;
  /** Lower-case hex; empty until the file is closed. */
  sha256: string;
}

export class PartSink implements FileSink {
  readonly #handle: FileHandle;
  readonly #part: Part;
  readonly #track: (syncing: Promise<void>) => Promise<void>;
  readonly #hash = createHash('sha256');
  #position = 0;
  #closed = false;
  /** The write before: one is under way while the next chunk is opened and hashed. */
  #writing: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle, part: Part, track: (syncing: Promise<void>) => Promise<void>) {
    this.#handle = handle;
    this.#part = part;
    this.#track = track;
  }

  /** Drops what lies behind `offset`, and hashes what lies before it. */
  async goOnAt(offset: number): Promise<void> {
    if (offset === 0) return;
    await onDisk(`couldn't go on with ${this.#part.file.path}`, async () => {
      await this.#handle.truncate(offset);
      const room = Buffer.allocUnsafe(Math.min(READ_BYTES, offset));
      while (this.#position < offset) {
        const { bytesRead } = await this.#handle.read(room, 0, Math.min(room.length, offset - this.#position), this.#position);
        if (bytesRead === 0) throw new SendError('disk_failed', 'a kept file is too short');
        this.#hash.update(room.subarray(0, bytesRead));
        this.#position += bytesRead;
      }
    });
  }

  /** What was written is on the disk when it resolves. */
  async sync(): Promise<void> {
    await this.#writing;
    if (!this.#closed) await onDisk(`couldn't write ${this.#part.file.path}`, () => this.#handle.datasync());
  }

  async write(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#writing;
    this.#writing = this.#writeAll(chunk, this.#position);
    this.#writing.catch(() => undefined); // met at the next write, or at close
    this.#position += chunk.length;
    this.#hash.update(chunk);
  }

  async close(): Promise<void> {
    await this.#writing;
    this.#closed = true;
    this.#part.sha256 = this.#hash.digest('hex');
    await this.#track(
      onDisk(`couldn't save ${this.#part.file.path}`, async () => {
        try {
          await this.#handle.sync();
        } finally {
          await this.#handle.close();
        }
      }),
    );
  }

  async abort(): Promise<void> {
    await this.#writing.catch(() => undefined); // the transfer failed already
    this.#closed = true;
    await this.#handle.close();
  }

  async #writeAll(chunk: Uint8Array, position: number): Promise<void> {
    await onDisk(`couldn't write ${this.#part.file.path}`, async () => {
      for (let at = 0; at < chunk.length;) at += (await this.#handle.write(chunk, at, chunk.length - at, position + at)).bytesWritten;
    });
  }
}
