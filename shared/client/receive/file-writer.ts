/** Cuts the content back into files and hands each to the sink. */
import { SendError } from '../../protocol/errors.ts';
import type { ManifestFile } from '../../protocol/manifest.ts';
import type { FileSink, ReceiveSink } from '../deps.ts';

export class FileWriter {
  readonly #files: readonly ManifestFile[];
  readonly #sink: ReceiveSink;
  #index = 0;
  /** Bytes of the content that the sink has already, from the file after the open one on. */
  #skip = 0;
  #left = 0;
  #open: FileSink | null = null;
  #aborted = false;

  constructor(files: readonly ManifestFile[], sink: ReceiveSink) {
    this.#files = files;
    this.#sink = sink;
  }

  get totalBytes(): number {
    return this.#files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Opens the first file that wants bytes, and those before it. @param fromBytes - of the content that are left over from an earlier try. */
  async start(fromBytes = 0): Promise<void> {
    this.#skip = fromBytes;
    await this.#ensureOpen();
  }

  /** @param text - the next bytes of the content; padding after the last file is dropped. @returns bytes that were a file's. */
  async write(text: Uint8Array<ArrayBuffer>): Promise<number> {
    let at = 0;
    while (at < text.length && (await this.#ensureOpen())) {
      const part = text.subarray(at, at + this.#left);
      at += part.length;
      this.#left -= part.length;
      await this.#open!.write(part);
      this.#throwIfAborted();
      if (this.#left === 0) await this.#close();
    }
    return at;
  }

  /** Empty files at the end come into being here. */
  async finish(): Promise<void> {
    if (await this.#ensureOpen()) throw new RangeError('content ended before the last file');
    await this.#sink.finish?.();
  }

  /** What is under way fails with it. */
  async abort(reason: unknown): Promise<void> {
    if (this.#aborted) return;
    this.#aborted = true;
    await Promise.all([this.#open?.abort(reason), this.#sink.abort?.(reason)]);
  }

  /** Opens files until one wants bytes. @returns false when there is none left. */
  async #ensureOpen(): Promise<boolean> {
    this.#throwIfAborted();
    while (!this.#open) {
      const file = this.#files[this.#index];
      if (!file) return false;
      const offset = Math.min(file.bytes, this.#skip);
      this.#skip -= offset;
      const open = await this.#sink.openFile(file, this.#index++, offset);
      if (this.#aborted) await open.abort(new SendError('cancelled'));
      this.#throwIfAborted();
      this.#open = open;
      this.#left = file.bytes - offset;
      if (this.#left === 0) await this.#close();
    }
    return true;
  }

  async #close(): Promise<void> {
    const open = this.#open!;
    await open.close();
    this.#throwIfAborted();
    this.#open = null;
  }

  #throwIfAborted(): void {
    if (this.#aborted) throw new SendError('cancelled');
  }
}
