/** Notes: a text as a transfer of its own, never longer than memory minds. docs/protocol.md §5. */
import { SendError } from '../protocol/errors.ts';
import { MAX_NOTE_BYTES, NOTE_PATH, NOTE_TYPE } from '../protocol/limits.ts';
import type { FileSink, ReceiveSink, SourceFile } from './deps.ts';

/** @returns what is sent with `note: true`. @throws SendError `note_too_long`, `no_files` for an empty one. */
export function noteFile(text: Uint8Array<ArrayBuffer>): SourceFile {
  if (text.length === 0) throw new SendError('no_files', 'the note is empty');
  if (text.length > MAX_NOTE_BYTES) throw new SendError('note_too_long');
  return { path: NOTE_PATH, bytes: text.length, type: NOTE_TYPE, modifiedMs: null, open: (offset) => new Blob([text.subarray(offset)]).stream() };
}

/** Keeps a note in memory; it may be shown once the transfer is complete. */
export class NoteSink implements ReceiveSink {
  #parts: Uint8Array<ArrayBuffer>[] = [];

  /** Bytes that are no UTF-8 become replacement characters. */
  async text(): Promise<string> {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await new Blob(this.#parts).arrayBuffer());
  }

  async openFile(): Promise<FileSink> {
    this.#parts = [];
    return { write: async (chunk) => void this.#parts.push(chunk), close: async () => undefined, abort: async () => void (this.#parts = []) };
  }
}
