/** The files of a transfer as one stream of text, zeros behind the last. docs/protocol.md §3. */
import { SendError, asSendError } from '../../protocol/errors.ts';
import type { SourceFile } from '../deps.ts';

/** Reads sequentially; every file must turn out exactly as long as it was said to be. */
export class ContentReader {
  readonly #files: readonly SourceFile[];
  #file = 0;
  /** Bytes of the current file that were read. */
  #at: number;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #chunk: Uint8Array = new Uint8Array(0);

  /** @param offset - where in the content to begin; at most the sum of the files' sizes counts. */
  constructor(files: readonly SourceFile[], offset = 0) {
    this.#files = files;
    let rest = offset;
    while (this.#file < files.length && rest >= files[this.#file]!.bytes && rest > 0) rest -= files[this.#file++]!.bytes;
    this.#at = this.#file < files.length ? rest : 0;
  }

  /** Fills `into` completely. @throws SendError `file_changed` or `file_unreadable`, naming the file in its message. */
  async read(into: Uint8Array): Promise<void> {
    let filled = 0;
    while (filled < into.length) {
      const file = this.#files[this.#file];
      if (!file) {
        into.fill(0, filled);
        return;
      }
      if (this.#chunk.length === 0) await this.#nextChunk(file);
      const part = this.#chunk.subarray(0, into.length - filled);
      into.set(part, filled);
      filled += part.length;
      this.#chunk = this.#chunk.subarray(part.length);
    }
  }

  /** Reads what is left of the last file's end, so that a file that grew, and empty files at the end, are noticed. */
  async finish(): Promise<void> {
    while (this.#file < this.#files.length) {
      if (this.#chunk.length > 0) throw new RangeError('content was not read to its end');
      await this.#nextChunk(this.#files[this.#file]!);
    }
  }

  async close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = null;
    // The file is not wanted any more: how its stream ends cannot matter.
    await reader?.cancel().catch(() => undefined);
  }

  /** Leaves either a chunk, or the next file with none yet. */
  async #nextChunk(file: SourceFile): Promise<void> {
    try {
      this.#reader ??= file.open(this.#at).getReader();
      const { done, value } = await this.#reader.read();
      if (!done) {
        this.#at += value.length;
        if (this.#at > file.bytes) throw new SendError('file_changed', `${file.path} grew while it was read`);
        this.#chunk = value;
        return;
      }
      if (this.#at !== file.bytes) throw new SendError('file_changed', `${file.path} shrank while it was read`);
      await file.verifyUnchanged?.();
    } catch (thrown) {
      await this.close();
      throw asSendError(thrown, 'file_unreadable', `couldn't read ${file.path}`);
    }
    this.#reader = null;
    this.#at = 0;
    this.#file++;
  }
}
