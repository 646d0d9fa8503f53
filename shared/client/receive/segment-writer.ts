/**
 * The seam between a download's two sides. One gathers: network, frames, roots, rebuilding. The other opens records and writes
 * text to files. In a page they are two workers, since a browser computes digests and ciphers on the thread that
 * asks; elsewhere they share one thread.
 */
import type { ContentSecret } from '../../protocol/bytes.ts';
import type { SendError } from '../../protocol/errors.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import type { Link } from '../../protocol/link.ts';
import type { Leftover, ReceiveSink } from '../deps.ts';
import { FileWriter } from './file-writer.ts';
import { openSegment } from './open-segment.ts';
import type { OpenTransfer } from './open-transfer.ts';
import { bytesBefore, chooseFiles, type Choice, type PlacedFile } from './selection.ts';

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
  /** Bytes of files that are written, those of earlier tries among them. */
  readonly doneBytes: number;
}

/** Errors are SendErrors. After one, only `abort` is called. */
export interface SegmentWriter {
  /** What an earlier try left. Nothing begins with it that anybody sees. */
  prepare(): Promise<Leftover | null>;
  /** Opens the first file, so that whoever takes it is ready when the first text comes. @param claimId - under which the transfer is fetched. */
  start(claimId: string): Promise<void>;
  /** Segments come in order, from the first that is not left over; the next may be given before this one is written. */
  write(segment: GatheredSegment): Promise<WrittenSegment>;
  /** Called once every segment is written. */
  finish(): Promise<void>;
  /** Called once the download counts: gives away what `finish` made ready. */
  handOver(): Promise<void>;
  /** May come at any moment, and then whatever is under way fails. Never throws; nothing is written after it resolved. */
  abort(reason: SendError): Promise<void>;
}

/** What opening needs to know of a transfer; can be cloned into another thread. */
export interface OpeningInput {
  /** What a sink that outlives the page names and seals its notes with. */
  readonly link: Pick<Link, 'secret' | 'transferId'>;
  readonly contentSecret: ContentSecret;
  /** Those that are to be written. */
  readonly files: readonly PlacedFile[];
  /** They are all that there are: what comes of them may be of use to a later try. */
  readonly isWhole: boolean;
  readonly contentBytes: number;
  readonly requiredShards: number;
  readonly expiresAtMs: number;
}

export const openingInputOf = ({ link, contentSecret, manifest, status }: OpenTransfer, choice: Choice = null): OpeningInput => ({
  link: { secret: link.secret, transferId: link.transferId },
  contentSecret,
  files: chooseFiles(manifest.files, choice),
  isWhole: choice === null,
  contentBytes: status.contentBytes,
  requiredShards: status.requiredShards,
  expiresAtMs: status.expiresAtMs,
});

/** Opens and writes on this thread. */
export class OpeningWriter implements SegmentWriter {
  readonly #secret: ContentSecret;
  readonly #layout: TransferLayout;
  readonly #sink: ReceiveSink;
  readonly #wanted: readonly PlacedFile[];
  readonly #files: FileWriter;
  #fromBytes = 0;
  #doneBytes = 0;
  /** The last call, after which the next one begins. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ contentSecret, files, contentBytes, requiredShards }: OpeningInput, sink: ReceiveSink) {
    this.#secret = contentSecret;
    this.#layout = new TransferLayout(contentBytes, requiredShards);
    this.#sink = sink;
    this.#wanted = files;
    this.#files = new FileWriter(files, sink);
  }

  prepare(): Promise<Leftover | null> {
    return this.#inTurn(() => this.#prepare());
  }

  start(claimId: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#sink.begin?.(claimId);
      await this.#files.start(this.#fromBytes);
    });
  }

  write(segment: GatheredSegment): Promise<WrittenSegment> {
    return this.#inTurn(() => this.#write(segment));
  }

  finish(): Promise<void> {
    return this.#inTurn(() => this.#files.finish());
  }

  handOver(): Promise<void> {
    return this.#inTurn(async () => this.#sink.handOver?.());
  }

  async abort(reason: SendError): Promise<void> {
    await Promise.allSettled([this.#files.abort(reason), this.#last]);
  }

  async #prepare(): Promise<Leftover | null> {
    const leftover = (await this.#sink.leftover?.()) ?? null;
    if (leftover === null) return null;
    this.#fromBytes = this.#layout.textBefore(leftover.segments);
    this.#doneBytes = bytesBefore(this.#wanted, this.#fromBytes);
    return leftover;
  }

  async #write({ index, salt, dataShards }: GatheredSegment): Promise<WrittenSegment> {
    const layout = this.#layout.segment(index);
    let offset = layout.textOffset;
    for await (const text of openSegment(dataShards, layout, { secret: this.#secret, salt })) {
      const textBytes = text.length; // the sink may take its memory
      this.#doneBytes += await this.#files.write(text, offset);
      offset += textBytes;
    }
    await this.#sink.checkpoint?.(index + 1);
    return { rooms: dataShards, doneBytes: this.#doneBytes };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    done.catch(() => undefined); // the caller's to meet
    this.#last = done;
    return done;
  }
}
