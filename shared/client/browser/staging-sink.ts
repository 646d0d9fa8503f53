/**
 * Receives a transfer into one private file of the origin, its content as it is cut into segments, and gives the browser the
 * whole of it once every byte was verified: one file by reference, several as an archive. What was received outlives the
 * page, the browser and the machine, so that a later try goes on behind it.
 */
import { SendError } from '../../protocol/errors.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import { noteName, openNote, sealNote, type WholeFile } from '../download-note.ts';
import { isKept, type FileSink, type Leftover, type ReceiveSink } from '../deps.ts';
import type { OpeningInput } from '../receive/segment-writer.ts';
import { hasRoomFor, isOnDisk, onDisk, reserve } from './disk-room.ts';
import type { StagedHost } from './download-feed.ts';
import { downloadName, downloadSink, type DownloadHost } from './download-sink.ts';
import { StagedFiles } from './staged-files.ts';
import { openSyncAccess, type SyncAccess } from './sync-access.ts';

/** Making a segment durable is followed by a rest as long as it took, at most this: a slow disk holds up half of the writing. */
const LONGEST_REST_MS = 1_000;
const KEPT_FOR_MS = 7 * 24 * 3600_000;
const READ_BYTES = 1024 * 1024;

export type StagingHost = DownloadHost & StagedHost;

export class StagingSink implements ReceiveSink {
  readonly #input: OpeningInput;
  readonly #host: StagingHost;
  readonly #staged: StagedFiles;
  readonly #name: string;
  readonly #file: string;
  readonly #access: SyncAccess;
  readonly #leftover: Leftover | null;
  #claimId = '';
  #segments: number;
  #position: number;
  #whole: WholeFile | null = null;
  #notedSegments: number;
  #isKeepingUp = false;
  #noting: Promise<void> = Promise.resolve();
  #over = false;
  /** The archive, while it is given away. */
  #archive: ReceiveSink | null = null;

  private constructor(input: OpeningInput, host: StagingHost, staged: StagedFiles, file: string, access: SyncAccess, leftover: Leftover | null) {
    this.#input = input;
    this.#host = host;
    this.#staged = staged;
    this.#name = noteName(input.link);
    this.#file = file;
    this.#access = access;
    this.#leftover = leftover;
    this.#segments = this.#notedSegments = leftover?.segments ?? 0;
    this.#position = Math.min(layoutOf(input).textBefore(this.#segments), bytesOf(input));
  }

  /**
   * Goes on with what an earlier try left, or makes room for all of it.
   *
   * @returns null where that cannot be: no such place, no room, a private window, which would keep it in memory, or another tab at the same transfer.
   */
  static async open(input: OpeningInput, host: StagingHost): Promise<StagingSink | null> {
    try {
      const staged = await StagedFiles.open();
      const sink = (await StagingSink.#reopen(input, host, staged)) ?? (await StagingSink.#begin(input, host, staged));
      if (sink === null) staged.close();
      return sink;
    } catch {
      return null; // whatever a browser lacks or forbids here: it can stream
    }
  }

  static async #reopen(input: OpeningInput, host: StagingHost, staged: StagedFiles): Promise<StagingSink | null> {
    const entry = await staged.find(noteName(input.link));
    if (entry === undefined) return null;
    const note = entry.note === null ? null : await openNote(entry.note, input.link);
    const handle = await staged.folder.getFileHandle(entry.file).catch(() => null);
    if (note === null || handle === null || note.contentBytes !== input.contentBytes || note.segments > layoutOf(input).segmentCount) {
      await staged.remove(entry);
      return null;
    }
    const access = await openSyncAccess(handle);
    if (access.getSize() === bytesOf(input)) return new StagingSink(input, host, staged, entry.file, access, note);
    access.close();
    await staged.remove(entry);
    return null;
  }

  static async #begin(input: OpeningInput, host: StagingHost, staged: StagedFiles): Promise<StagingSink | null> {
    // An archive that nothing streams is made beside the content.
    const copies = host.openWhole !== null && input.files.length > 1 ? 2 : 1;
    if (!(await hasRoomFor(copies * bytesOf(input)))) return null;
    const file = crypto.randomUUID();
    const access = await openSyncAccess(await staged.folder.getFileHandle(file, { create: true }));
    if (isOnDisk(access) && reserve(access, bytesOf(input))) return new StagingSink(input, host, staged, file, access, null);
    access.close();
    await staged.folder.removeEntry(file);
    return null;
  }

  async leftover(): Promise<Leftover | null> {
    return this.#leftover;
  }

  async begin(claimId: string): Promise<void> {
    this.#claimId = claimId;
    await this.#note();
  }

  async openFile(): Promise<FileSink> {
    return {
      write: async (chunk) => this.#write(chunk),
      close: async () => undefined,
      abort: async () => undefined,
    };
  }

  async checkpoint(segments: number): Promise<void> {
    this.#segments = segments;
    void this.#keepUp().catch(() => undefined); // a disk that fails is met in `finish`
  }

  /** An archive is given away before the download counts; a file alone stays until then, so its note has to say what it is. */
  async finish(): Promise<void> {
    const [file, ...more] = this.#input.files;
    if (file !== undefined && more.length === 0) this.#whole = { name: downloadName(file), mime: file.type };
    await this.#note();
    if (this.#input.files.length > 1) await this.#giveArchive();
    this.#end();
  }

  async handOver(): Promise<void> {
    const { files } = this.#input;
    if (files.length > 1) return this.#remove();
    await this.#host.handOver({ file: this.#file, name: downloadName(files[0]!), mime: files[0]!.type });
    await this.#staged.handedOver({ name: this.#name, file: this.#file }, bytesOf(this.#input), Date.now()); // rather twice than never
    this.#staged.close();
  }

  async abort(reason: unknown): Promise<void> {
    await this.#archive?.abort?.(reason);
    const kept = isKept(reason);
    try {
      if (kept) await this.#note();
    } finally {
      this.#end();
      if (kept) this.#staged.close();
      else await this.#remove();
    }
  }

  #write(chunk: Uint8Array<ArrayBuffer>): void {
    if (this.#over) throw new SendError('cancelled');
    const written = onDisk(() => this.#access.write(chunk, { at: this.#position }));
    if (written !== chunk.length) throw new SendError('disk_full', 'the browser wrote less than it was given');
    this.#position += written;
  }

  /** Notes every segment once it is written: a killed browser loses what it had not written. Segments that come while a note is made, and in the rest after it, are noted together. */
  async #keepUp(): Promise<void> {
    if (this.#isKeepingUp) return;
    this.#isKeepingUp = true;
    try {
      while (!this.#over && this.#notedSegments < this.#segments) {
        const restMs = Math.min(LONGEST_REST_MS, await this.#note());
        await new Promise((resolve) => setTimeout(resolve, restMs));
      }
    } finally {
      this.#isKeepingUp = false;
    }
  }

  /** Durable first, then noted: a note never speaks of what a power cut could take. @returns ms that nothing else could be written. */
  async #note(): Promise<number> {
    if (this.#over || this.#claimId === '') return 0;
    const { contentBytes, expiresAtMs } = this.#input;
    const note = { segments: this.#segments, claimId: this.#claimId, contentBytes, whole: this.#whole };
    const startedAtMs = performance.now();
    onDisk(() => this.#access.flush());
    const flushMs = performance.now() - startedAtMs;
    this.#noting = this.#noting
      .catch(() => undefined)
      .then(async () => {
        const sealed = await sealNote(note, this.#input.link, (length) => crypto.getRandomValues(new Uint8Array(length)));
        await this.#staged.put({ name: this.#name, file: this.#file, note: sealed, removeAfterMs: Math.min(expiresAtMs, Date.now() + KEPT_FOR_MS) });
      });
    this.#notedSegments = note.segments;
    this.#noting.catch(() => undefined); // what cannot be noted is fetched again, should it come to that
    await this.#noting.catch(() => undefined);
    return flushMs;
  }

  /** Read from the staged content; it becomes a download as any archive does. */
  async #giveArchive(): Promise<void> {
    const { files } = this.#input;
    const archive = downloadSink(files, this.#host);
    this.#archive = archive;
    let position = 0;
    for (const [index, file] of files.entries()) {
      const sink = await archive.openFile(file, index, 0);
      for (const end = position + file.bytes; position < end;) {
        const chunk = new Uint8Array(Math.min(READ_BYTES, end - position));
        if (this.#over) throw new SendError('cancelled');
        if (onDisk(() => this.#access.read(chunk, { at: position })) !== chunk.length) throw new SendError('disk_failed', 'the staged file is too short');
        await sink.write(chunk);
        position += chunk.length;
      }
      await sink.close();
    }
    await archive.finish?.();
    this.#archive = null;
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#access.close();
  }

  async #remove(): Promise<void> {
    await this.#noting.catch(() => undefined);
    await this.#staged.remove({ name: this.#name, file: this.#file });
    this.#staged.close();
  }
}

const bytesOf = ({ files }: OpeningInput): number => files.reduce((sum, { bytes }) => sum + bytes, 0);
const layoutOf = ({ contentBytes, requiredShards }: OpeningInput): TransferLayout => new TransferLayout(contentBytes, requiredShards);
