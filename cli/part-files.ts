/**
 * Where a download's bytes lie until it is complete: hidden `.part` files beside their later names, a note that says how
 * far they are good, and a lock that says whose they are. Named after the link's secret, so that the same link finds them again.
 */
import { randomBytes } from 'node:crypto';
import { lstat, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Leftover, OpenTransfer } from '../shared/client/index.ts';
import { noteName, openNote, sealNote } from '../shared/client/download-note.ts';
import { TransferLayout } from '../shared/protocol/index.ts';

const STEM_DIGITS = 24;
const KEPT_FOR_MS = 7 * 24 * 3600_000;
/** A lock that its process did not touch for long is nobody's: another process may have got its number. */
const LOCK_TOUCHED_EVERY_MS = 5_000;
const LOCK_STALE_AFTER_MS = 60_000;
const HIDDEN = /^\.([0-9a-f]{24})\.(?:\d+\.part|note|note\.new|lock)$/;

export class PartFiles {
  readonly #folder: string;
  readonly #stem: string;
  /** Null where another process fetches the same: then nothing is noted. */
  readonly #transfer: OpenTransfer | null;
  readonly leftover: Leftover | null;
  /** Bytes of files that are left over. */
  readonly leftoverBytes: number;
  /** What a later try would not have to fetch. */
  #notedSegments: number;
  readonly #touching: NodeJS.Timeout;

  private constructor(folder: string, stem: string, transfer: OpenTransfer | null, leftover: Leftover | null, now: () => number) {
    this.#folder = folder;
    this.#stem = stem;
    this.#transfer = transfer;
    this.leftover = leftover;
    this.#notedSegments = leftover?.segments ?? 0;
    this.#touching = setInterval(() => {
      utimes(lockPath(folder, stem), now() / 1000, now() / 1000).catch(() => undefined); // it was removed with its folder
    }, LOCK_TOUCHED_EVERY_MS).unref();
    this.leftoverBytes = transfer === null || leftover === null ? 0 : Math.min(transfer.info.bytes, layoutOf(transfer).textBefore(leftover.segments));
  }

  /** @param transfer - null for files that no later try goes on with. */
  static async open(folder: string, transfer: OpenTransfer | null, now: () => number): Promise<PartFiles> {
    const stem = transfer === null ? null : noteName(transfer.link).slice(0, STEM_DIGITS);
    if (transfer === null || stem === null || !(await lock(folder, stem, now))) {
      const own = randomBytes(STEM_DIGITS / 2).toString('hex');
      await lock(folder, own, now);
      return new PartFiles(folder, own, null, null, now);
    }
    const leftover = await readLeftover(folder, stem, transfer);
    if (leftover === null) await removeAll(folder, (one, name) => one === stem && !name.endsWith('.lock'));
    return new PartFiles(folder, stem, transfer, leftover, now);
  }

  pathOf(index: number): string {
    return partPath(this.#folder, this.#stem, index);
  }

  get notes(): boolean {
    return this.#transfer !== null;
  }

  /** Everything before must be durable. */
  async note(segments: number, claimId: string): Promise<void> {
    if (this.#transfer === null) return;
    const { link, status } = this.#transfer;
    const sealed = await sealNote({ segments, claimId, contentBytes: status.contentBytes, whole: null }, link, (length) => new Uint8Array(randomBytes(length)));
    const fresh = notePath(this.#folder, this.#stem, '.new');
    await writeFile(fresh, sealed, { mode: 0o600, flush: true });
    await rename(fresh, notePath(this.#folder, this.#stem));
    this.#notedSegments = segments;
  }

  /** For a later try, which has to have something of it. */
  async keep(): Promise<void> {
    if (this.#transfer === null || this.#notedSegments === 0) await this.remove();
    else {
      clearInterval(this.#touching);
      await rm(lockPath(this.#folder, this.#stem), { force: true });
    }
  }

  async remove(): Promise<void> {
    clearInterval(this.#touching);
    await removeAll(this.#folder, (stem) => stem === this.#stem);
  }
}

/** Removes what nobody came back for, and what nobody can go on with: files without a note whose process is gone. */
export async function sweepPartFiles(folder: string, nowMs: number): Promise<void> {
  const stems = new Set((await readdir(folder)).flatMap((name) => HIDDEN.exec(name)?.[1] ?? []));
  const old = new Set<string>();
  for (const stem of stems) {
    if (await isHeld(folder, stem, nowMs)) continue;
    const note = await lstat(notePath(folder, stem)).catch(() => null);
    if (note === null || nowMs - note.mtimeMs > KEPT_FOR_MS) old.add(stem);
  }
  if (old.size > 0) await removeAll(folder, (stem) => old.has(stem));
}

const layoutOf = ({ status }: OpenTransfer): TransferLayout => new TransferLayout(status.contentBytes, status.requiredShards);
const partPath = (folder: string, stem: string, index: number): string => path.join(folder, `.${stem}.${index}.part`);
const notePath = (folder: string, stem: string, suffix = ''): string => path.join(folder, `.${stem}.note${suffix}`);
const lockPath = (folder: string, stem: string): string => path.join(folder, `.${stem}.lock`);

/** @returns null where there is no note of this link, or the parts are not what it says. */
async function readLeftover(folder: string, stem: string, transfer: OpenTransfer): Promise<Leftover | null> {
  const sealed = await readFile(notePath(folder, stem)).catch(() => null);
  const note = sealed === null ? null : await openNote(new Uint8Array(sealed), transfer.link);
  if (note === null || note.contentBytes !== transfer.status.contentBytes || note.segments > layoutOf(transfer).segmentCount) return null;
  let left = layoutOf(transfer).textBefore(note.segments);
  for (const [index, { bytes }] of transfer.manifest.files.entries()) {
    const wanted = Math.min(bytes, left);
    left -= wanted;
    if (wanted === 0) continue;
    const found = await lstat(partPath(folder, stem, index)).catch(() => null);
    if (found === null || !found.isFile() || found.size < wanted) return null;
  }
  return note;
}

/** @returns false where a process that runs has it. */
async function lock(folder: string, stem: string, now: () => number): Promise<boolean> {
  for (;;) {
    try {
      await writeFile(lockPath(folder, stem), String(process.pid), { mode: 0o600, flag: 'wx' });
      return true;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      if (await isHeld(folder, stem, now())) return false;
      await rm(lockPath(folder, stem), { force: true });
    }
  }
}

async function isHeld(folder: string, stem: string, nowMs: number): Promise<boolean> {
  const touched = await lstat(lockPath(folder, stem)).catch(() => null);
  if (touched === null || nowMs - touched.mtimeMs > LOCK_STALE_AFTER_MS) return false;
  const pid = Number(await readFile(lockPath(folder, stem), 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function removeAll(folder: string, test: (stem: string, name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    const stem = HIDDEN.exec(name)?.[1];
    if (stem !== undefined && test(stem, name)) await rm(path.join(folder, name), { force: true });
  }
}
