/** Cuts the content back into files and hands each to the sink. */
import type { ManifestFile } from '../../protocol/manifest.ts';
import type { FileSink, ReceiveSink } from '../deps.ts';

export class FileWriter {
  readonly #files: readonly ManifestFile[];
  readonly #sink: ReceiveSink;
  #index = 0;
  #left = 0;
  #open: FileSink | null = null;

  constructor(files: readonly ManifestFile[], sink: ReceiveSink) {
    this.#files = files;
    this.#sink = sink;
  }

  /** @param text - the next bytes of the content; padding after the last file is dropped. @returns bytes that were a file's. */
  async write(text: Uint8Array<ArrayBuffer>): Promise<number> {
    let at = 0;
    while (at < text.length && (await this.#ensureOpen())) {
      const part = text.subarray(at, at + this.#left);
      at += part.length;
      this.#left -= part.length;
      await this.#open!.write(part);
      if (this.#left === 0) await this.#close();
    }
    return at;
  }

  /** Empty files at the end come into being here. */
  async finish(): Promise<void> {
    if (await this.#ensureOpen()) throw new RangeError('content ended before the last file');
    await this.#sink.finish?.();
  }

  async abort(reason: unknown): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.abort(reason);
  }

  /** Opens files until one wants bytes. @returns false when there is none left. */
  async #ensureOpen(): Promise<boolean> {
    while (!this.#open) {
      const file = this.#files[this.#index];
      if (!file) return false;
      this.#open = await this.#sink.openFile(file, this.#index++);
      this.#left = file.bytes;
      if (this.#left === 0) await this.#close();
    }
    return true;
  }

  async #close(): Promise<void> {
    const open = this.#open!;
    await open.close();
    this.#open = null;
  }
}
