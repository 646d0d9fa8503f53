/**
 * The seam between a download's two sides. One gathers: network, frames, roots, rebuilding. The other opens records and
 * writes text to files. In a page they are two workers, since a browser computes digests and ciphers on the thread that
 * asks; elsewhere they share one thread.
 */
import type { Secret } from '../../protocol/bytes.ts';
import type { SendError } from '../../protocol/errors.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import type { ReceiveSink } from '../deps.ts';
import { FileWriter } from './file-writer.ts';
import { openSegment } from './open-segment.ts';
import type { OpenTransfer } from './open-transfer.ts';
import { chooseFiles, type Choice, type PlacedFile } from './selection.ts';

export interface GatheredSegment {
  readonly index: number;
  /** 32 bytes. */
  readonly salt: Uint8Array;
  /** All k, verified, each at the start of its buffer. They belong to the writer until it gives them back. */
  readonly dataShards: readonly ArrayBuffer[];
}

export interface WrittenSegment {
  /** The memory of the segment's data shards, to be used again. */
  readonly rooms: readonly ArrayBuffer[];
  /** Bytes of files written since the start. */
  readonly doneBytes: number;
}

/** Errors are SendErrors. After one, only `abort` is called. */
export interface SegmentWriter {
  /** Opens the first file, so that whoever takes it is ready when the first text comes. */
  start(): Promise<void>;
  /** Segments come in order, and the next may be given before this one is written. */
  write(segment: GatheredSegment): Promise<WrittenSegment>;
  /** Called once every segment is written. */
  finish(): Promise<void>;
  /** May come at any moment, and then whatever is under way fails. Never throws; nothing is written after it resolved. */
  abort(reason: SendError): Promise<void>;
}

/** What opening needs to know of a transfer; can be cloned into another thread. */
export interface OpeningInput {
  readonly secret: Secret;
  /** Those that are to be written. */
  readonly files: readonly PlacedFile[];
  readonly contentBytes: number;
  readonly requiredShards: number;
}

export const openingInputOf = ({ link, manifest, status }: OpenTransfer, choice: Choice = null): OpeningInput => ({
  secret: link.secret,
  files: chooseFiles(manifest.files, choice),
  contentBytes: status.contentBytes,
  requiredShards: status.requiredShards,
});

/** Opens and writes on this thread. */
export class OpeningWriter implements SegmentWriter {
  readonly #secret: Secret;
  readonly #layout: TransferLayout;
  readonly #files: FileWriter;
  #doneBytes = 0;
  /** The last call, after which the next one begins. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ secret, files, contentBytes, requiredShards }: OpeningInput, sink: ReceiveSink) {
    this.#secret = secret;
    this.#layout = new TransferLayout(contentBytes, requiredShards);
    this.#files = new FileWriter(files, sink);
  }

  start(): Promise<void> {
    return this.#inTurn(() => this.#files.start());
  }

  write(segment: GatheredSegment): Promise<WrittenSegment> {
    return this.#inTurn(() => this.#write(segment));
  }

  finish(): Promise<void> {
    return this.#inTurn(() => this.#files.finish());
  }

  async abort(reason: SendError): Promise<void> {
    await Promise.allSettled([this.#files.abort(reason), this.#last]);
  }

  async #write({ index, salt, dataShards }: GatheredSegment): Promise<WrittenSegment> {
    const layout = this.#layout.segment(index);
    let offset = layout.textOffset;
    for await (const text of openSegment(dataShards, layout, { secret: this.#secret, salt })) {
      offset += text.length;
      this.#doneBytes += await this.#files.write(text, offset - text.length);
    }
    return { rooms: dataShards, doneBytes: this.#doneBytes };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    done.catch(() => undefined); // the caller's to meet
    this.#last = done;
    return done;
  }
}
