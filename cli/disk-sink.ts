/**
 * Received files on a disk. Bytes go into hidden `.part` files; only when the whole transfer was verified do they get
 * their names, so no name ever stands for half a file. Nothing is overwritten, and no name leads out of the folder. What
 * an interrupted try left is gone on with (part-files.ts).
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, realpath, rename, rm, rmdir, statfs, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { FileSink, Leftover, OpenTransfer, ReceiveSink } from '../shared/client/index.ts';
import { safePath } from '../shared/client/safe-path.ts';
import { PartFiles, sweepPartFiles } from './part-files.ts';
import { MAX_NAME_BYTES, SendError, type ManifestFile } from '../shared/protocol/index.ts';

/** Files whose bytes are on their way to the platter while later ones are received. */
const MAX_SYNCING = 32;
/** Names tried before giving up: `a`, `a (2)`, … */
const MAX_TRIES = 1000;
/** How often what has come is made durable and noted. */
const NOTE_EVERY_MS = 2_000;
const READ_BYTES = 1024 * 1024;

export interface WrittenFile {
  /** Below the folder, with `/`: the sent path unless that was taken or unsafe. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

interface Part {
  readonly file: ManifestFile;
  readonly partPath: string;
  sha256: string;
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

class PartSink implements FileSink {
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

/** Gives files their names, and can take all of them back. */
class Placer {
  readonly #root: string;
  /** Sent folder path, made safe, to the folder that stands for it. */
  readonly #folders = new Map<string, string>();
  readonly #madeFolders: string[] = [];
  readonly #placedFiles: string[] = [];

  constructor(root: string) {
    this.#root = root;
    this.#folders.set('', root);
  }

  /** @returns the path below the root. */
  async place(partPath: string, sentPath: string): Promise<string> {
    const safe = safePath(sentPath);
    const slash = safe.lastIndexOf('/');
    const folder = await this.#folderFor(slash < 0 ? '' : safe.slice(0, slash));
    const target = await firstFree(folder, safe.slice(slash + 1), (candidate) => moveWithoutReplacing(partPath, candidate));
    this.#placedFiles.push(target);
    return path.relative(this.#root, target).split(path.sep).join('/');
  }

  /** Names are durable only once their folders are. */
  async sync(): Promise<void> {
    if (process.platform === 'win32') return; // folders cannot be opened there
    for (const folder of new Set(this.#folders.values())) {
      const handle = await open(folder, constants.O_RDONLY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  }

  async undo(): Promise<void> {
    for (const file of this.#placedFiles) await rm(file, { force: true });
    for (const folder of this.#madeFolders.toReversed()) await rmdir(folder).catch(() => undefined); // someone else put a file there: it stays
  }

  /** A real folder in its place, or one beside it where a file or a link has the name. */
  async #folderFor(sent: string): Promise<string> {
    const known = this.#folders.get(sent);
    if (known !== undefined) return known;
    const slash = sent.lastIndexOf('/');
    const parent = await this.#folderFor(slash < 0 ? '' : sent.slice(0, slash));
    const folder = await firstFree(parent, sent.slice(slash + 1), (candidate) => this.#makeFolder(candidate));
    this.#folders.set(sent, folder);
    return folder;
  }

  async #makeFolder(candidate: string): Promise<boolean> {
    try {
      await mkdir(candidate);
      this.#madeFolders.push(candidate);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      return (await lstat(candidate)).isDirectory(); // false for links, wherever they lead
    }
  }
}

/** Tries `name`, `name (2)`, … until `take` says that it took one. */
async function firstFree(folder: string, name: string, take: (candidate: string) => Promise<boolean>): Promise<string> {
  for (let i = 1; i <= MAX_TRIES; i++) {
    const candidate = path.join(folder, i === 1 ? name : numberedName(name, i));
    if (await take(candidate)) return candidate;
  }
  throw new SendError('disk_failed', `every name like ${name} is taken`);
}

/** `report.pdf` → `report (2).pdf`, within what a name may have. */
export function numberedName(name: string, number: number): string {
  const ending = path.extname(name);
  const suffix = ` (${number})`;
  const bytesOf = (text: string): number => Buffer.byteLength(text);
  let stem = ending === '' ? name : name.slice(0, -ending.length);
  while (bytesOf(stem) + bytesOf(suffix) + bytesOf(ending) > MAX_NAME_BYTES && stem !== '') stem = Array.from(stem).slice(0, -1).join('');
  return stem === '' ? `${Array.from(name).slice(0, 50).join('')}${suffix}` : stem + suffix + ending;
}

/** Moves a file to a name that is free, also onto another disk. @returns false when the name is taken. */
async function moveWithoutReplacing(from: string, to: string): Promise<boolean> {
  try {
    return await takeName(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error;
    return moveByCopy(from, to);
  }
}

/** A hard link fails where anything has the name, in one step; then the hidden name goes. @returns false when it is taken. */
async function takeName(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES'].includes(codeOf(error))) throw error;
    return takeNameByRename(from, to);
  }
  await unlink(from);
  return true;
}

/** For file systems without hard links: takes the name with an empty file, then replaces that. */
async function takeNameByRename(from: string, to: string): Promise<boolean> {
  try {
    await (await open(to, 'wx')).close();
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await rename(from, to);
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
  return true;
}

/** For a folder that is another disk: the copy is hidden and durable there before it takes its name. */
async function moveByCopy(from: string, to: string): Promise<boolean> {
  if (await isTaken(to)) return false; // asked before the copy is made; who comes meanwhile is met when it takes the name
  const copy = hiddenPart(path.dirname(to));
  try {
    await copyFile(from, copy, constants.COPYFILE_EXCL);
    const handle = await open(copy, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (!(await takeName(copy, to))) return false;
  } finally {
    await rm(copy, { force: true });
  }
  await unlink(from);
  return true;
}

async function isTaken(name: string): Promise<boolean> {
  try {
    await lstat(name);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

const hiddenPart = (folder: string): string => path.join(folder, `.${randomBytes(12).toString('hex')}.part`);

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

async function onDisk<T>(intent: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SendError) throw error;
    const code = codeOf(error);
    throw new SendError(code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_full' : 'disk_failed', code ? `${intent} (${code})` : intent, { cause: error });
  }
}
