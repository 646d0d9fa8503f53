/** Cuts the content back into the files that are wanted and hands each to the sink. */
import { SendError } from '../../protocol/errors.ts';
import type { FileSink, ReceiveSink } from '../deps.ts';
import { partBefore, type PlacedFile } from './selection.ts';

export class FileWriter {
  readonly #files: readonly PlacedFile[];
  readonly #sink: ReceiveSink;
  #index = 0;
  /** Up to here in the content, the sink has what it wants. */
  #fromBytes = 0;
  /** Where in the content the open file goes on, and where it ends. */
  #position = 0;
  #end = 0;
  #open: FileSink | null = null;
  #aborted = false;

  constructor(files: readonly PlacedFile[], sink: ReceiveSink) {
    this.#files = files;
    this.#sink = sink;
  }

  /** Opens the first file that wants bytes, and those before it. @param fromBytes - of the content that are left over from an earlier try. */
  async start(fromBytes = 0): Promise<void> {
    this.#fromBytes = fromBytes;
    await this.#ensureOpen();
  }

  /**
   * @param text - bytes of the content, behind those of the call before; what belongs to none of the files is dropped.
   * @param offset - where in the content they begin.
   * @returns bytes that were a file's.
   * @throws RangeError when bytes of a file were left out.
   */
  async write(text: Uint8Array<ArrayBuffer>, offset: number): Promise<number> {
    const end = offset + text.length;
    let written = 0;
    for (let at = offset; at < end && (await this.#ensureOpen()) && this.#position < end; at = this.#position) {
      if (this.#position < at) throw new RangeError('content that a file needs was left out');
      const part = text.subarray(this.#position - offset, this.#end - offset);
      this.#position += part.length;
      written += part.length;
      await this.#open!.write(part);
      this.#throwIfAborted();
      if (this.#position === this.#end) await this.#close();
    }
    return written;
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
      const offset = partBefore(file, this.#fromBytes);
      const open = await this.#sink.openFile(file, this.#index++, offset);
      if (this.#aborted) await open.abort(new SendError('cancelled'));
      this.#throwIfAborted();
      this.#open = open;
      this.#position = file.offset + offset;
      this.#end = file.offset + file.bytes;
      if (this.#position === this.#end) await this.#close();
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
