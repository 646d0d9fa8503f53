/**
 * Received files on a disk. Bytes go into hidden `.part` files; only when the whole transfer was verified do they get
 * their names (placer.ts). What an interrupted try left is gone on with (part-files.ts).
 */
import { constants } from 'node:fs';
import { mkdir, open, realpath, rm, statfs } from 'node:fs/promises';
import type { FileSink, Leftover, OpenTransfer, ReceiveSink } from '../shared/client/index.ts';
import { SendError, type ManifestFile } from '../shared/protocol/index.ts';
import { onDisk } from './on-disk.ts';
import { PartFiles, sweepPartFiles } from './part-files.ts';
import { PartSink, type Part } from './part-sink.ts';
import { Placer } from './placer.ts';

/** Files whose bytes are on their way to the platter while later ones are received. */
const MAX_SYNCING = 32;
/** How often what has come is made durable and noted. */
const NOTE_EVERY_MS = 2_000;

export interface WrittenFile {
  /** Below the folder, with `/`: the sent path unless that was taken or unsafe. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export class DiskSink implements ReceiveSink {
  readonly #folder: string;
  readonly #parts: Part[] = [];
  readonly #syncing = new Set<Promise<void>>();
  #syncError: SendError | null = null;
  readonly #placer: Placer;
  readonly #partFiles: PartFiles;
  readonly #now: () => number;
  #written: WrittenFile[] = [];
  #open: PartSink | null = null;
  #claimId = '';
  #notedAtMs: number;

  private constructor(folder: string, partFiles: PartFiles, now: () => number) {
    this.#folder = folder;
    this.#partFiles = partFiles;
    this.#now = now;
    this.#notedAtMs = now();
    this.#placer = new Placer(folder);
  }

  /**
   * @param folder - made when it is missing.
   * @param transfer - what a later try may go on with; null where none shall.
   * @throws SendError `disk_failed`.
   */
  static create(folder: string, transfer: OpenTransfer | null, now: () => number): Promise<DiskSink> {
    return onDisk(`couldn't use the folder ${folder}`, async () => {
      await mkdir(folder, { recursive: true });
      const real = await realpath(folder);
      await sweepPartFiles(real, now());
      return new DiskSink(real, await PartFiles.open(real, transfer, now), now);
    });
  }

  /** Of files, that an earlier try left. */
  get leftoverBytes(): number {
    return this.#partFiles.leftoverBytes;
  }

  /** Available once `finish` resolved. */
  get written(): readonly WrittenFile[] {
    return this.#written;
  }

  /** @throws SendError `disk_full` when the disk says that it has no room for so many bytes. */
  async ensureRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await onDisk("couldn't ask the disk for its room", () => statfs(this.#folder));
    if (bytes > bavail * bsize) throw new SendError('disk_full', `${bytes} bytes are needed, ${bavail * bsize} are free`);
  }

  async leftover(): Promise<Leftover | null> {
    return this.#partFiles.leftover;
  }

  async begin(claimId: string): Promise<void> {
    this.#claimId = claimId;
  }

  async openFile(file: ManifestFile, index: number, offset: number): Promise<FileSink> {
    const part: Part = { file, partPath: this.#partFiles.pathOf(index), sha256: '' };
    if (offset === 0) await onDisk("couldn't make room for a file", () => rm(part.partPath, { force: true }));
    const fresh = offset === 0 ? constants.O_CREAT | constants.O_EXCL : 0;
    const handle = await onDisk("couldn't make a file", () => open(part.partPath, constants.O_RDWR | fresh | (constants.O_NOFOLLOW ?? 0), 0o666));
    this.#parts.push(part);
    const sink = new PartSink(handle, part, (syncing) => this.#track(syncing));
    await sink.goOnAt(offset);
    this.#open = sink;
    return sink;
  }

  /** Durable first, then noted. */
  async checkpoint(segments: number): Promise<void> {
    if (!this.#partFiles.notes || this.#now() - this.#notedAtMs < NOTE_EVERY_MS) return;
    await this.#open?.sync();
    await Promise.all(this.#syncing);
    await onDisk("couldn't note how far the download is", () => this.#partFiles.note(segments, this.#claimId));
    this.#notedAtMs = this.#now();
  }

  async finish(): Promise<void> {
    await Promise.all(this.#syncing);
    if (this.#syncError) throw this.#syncError;
    const written: WrittenFile[] = [];
    for (const { file, partPath, sha256 } of this.#parts) {
      written.push({ path: await onDisk(`couldn't save ${file.path}`, () => this.#placer.place(partPath, file.path)), bytes: file.bytes, sha256 });
    }
    await onDisk("couldn't save the folders", () => this.#placer.sync());
    await this.#partFiles.remove();
    this.#written = written;
  }

  /** Leaves what came for a later try. */
  async keep(): Promise<void> {
    await Promise.all(this.#syncing);
    await this.#placer.undo();
    await this.#partFiles.keep();
  }

  /** Takes back everything, also what got its name already. For a transfer that failed. */
  async discard(): Promise<void> {
    await Promise.all(this.#syncing);
    await this.#placer.undo();
    await this.#partFiles.remove();
  }

  /** Small files wait for the disk together, not one after another. */
  async #track(syncing: Promise<void>): Promise<void> {
    const tracked = syncing
      .catch((error: unknown) => {
        this.#syncError ??= error instanceof SendError ? error : new SendError('disk_failed', "couldn't save a file", { cause: error });
      })
      .finally(() => this.#syncing.delete(tracked));
    this.#syncing.add(tracked);
    while (this.#syncing.size >= MAX_SYNCING) await Promise.race(this.#syncing);
    if (this.#syncError) throw this.#syncError;
  }
}
