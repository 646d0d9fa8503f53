/**
 * Files and folders on a disk as what a transfer sends. Folders are walked in byte order of their names; links are
 * followed where the command line names them and left out inside folders, so that nothing is sent that nobody chose.
 */
import type { BigIntStats } from 'node:fs';
import { open, readdir, realpath, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { SourceFile } from '../shared/client/index.ts';
import { isManifestPath, MAX_FILES, SendError } from '../shared/protocol/index.ts';

const CHUNK_BYTES = 512 * 1024;

export interface Sources {
  readonly files: readonly SourceFile[];
  /** What was left out inside folders, because it is a link, a pipe, a socket or a device. */
  readonly leftOut: readonly string[];
}

/** @param args - as on the command line. @throws SendError `file_unreadable` or `name_invalid`, with the name; `too_many_files`. */
export async function readSources(args: readonly string[]): Promise<Sources> {
  const files: SourceFile[] = [];
  const leftOut: string[] = [];
  for (const arg of args) {
    const target = await readable(arg, () => realpath(arg));
    const stats = await readable(arg, () => stat(target, { bigint: true }));
    // The name that the person gave, unless that is `.`, `..` or a slash.
    const given = path.basename(path.resolve(arg));
    const name = given === '' ? 'files' : given;
    if (stats.isDirectory()) await walk(target, name, files, leftOut);
    else if (stats.isFile()) add(files, sourceFile(target, name, stats));
    else throw new SendError('file_unreadable', `${arg} is neither a file nor a folder`);
  }
  return { files, leftOut };
}

async function walk(folder: string, manifestPath: string, files: SourceFile[], leftOut: string[]): Promise<void> {
  const entries = await readable(manifestPath, () => readdir(folder, { withFileTypes: true, encoding: 'buffer' }));
  for (const entry of entries.toSorted((a, b) => Buffer.compare(a.name, b.name))) {
    const name = decodeName(entry.name, manifestPath);
    const inside = path.join(folder, name);
    const sentAs = `${manifestPath}/${name}`;
    if (entry.isDirectory()) await walk(inside, sentAs, files, leftOut);
    else if (entry.isFile()) add(files, sourceFile(inside, sentAs, await readable(sentAs, () => stat(inside, { bigint: true }))));
    else leftOut.push(sentAs);
  }
}

/** A whole disk is not walked to say at its end that it is too much. */
function add(files: SourceFile[], file: SourceFile): void {
  if (files.length === MAX_FILES) throw new SendError('too_many_files');
  files.push(file);
}

/** Names on a disk are bytes; those that are no UTF-8 could not come out the same. */
function decodeName(name: Uint8Array, folder: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch (cause) {
    throw new SendError('name_invalid', `a name in ${folder} is not valid UTF-8`, { cause });
  }
}

function sourceFile(file: string, sentAs: string, seen: BigIntStats): SourceFile {
  if (!isManifestPath(sentAs)) throw new SendError('name_invalid', `${JSON.stringify(sentAs)} cannot be sent`);
  const check = (stats: BigIntStats): void => {
    if (!isSame(stats, seen)) throw new SendError('file_changed', `${sentAs} changed`);
  };
  return {
    path: sentAs,
    bytes: Number(seen.size),
    type: '',
    modifiedMs: Number(seen.mtimeMs),
    open: (offset) => readFrom(file, sentAs, offset, check),
    verifyUnchanged: async () => check(await readable(sentAs, () => stat(file, { bigint: true }))),
  };
}

const isSame = (a: BigIntStats, b: BigIntStats): boolean => a.size === b.size && a.mtimeNs === b.mtimeNs && a.ino === b.ino && a.dev === b.dev;

/** One chunk is read ahead. The file is closed at its end, on an error, and when the reader cancels. */
function readFrom(file: string, sentAs: string, offset: number, check: (stats: BigIntStats) => void): ReadableStream<Uint8Array> {
  let handle: FileHandle | undefined;
  let position = offset;
  const close = async (): Promise<void> => {
    const opened = handle;
    handle = undefined;
    await opened?.close();
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        if (handle === undefined) {
          handle = await readable(sentAs, () => open(file, 'r'));
          check(await handle.stat({ bigint: true }));
        }
        const opened = handle;
        const { bytesRead, buffer } = await readable(sentAs, () => opened.read(Buffer.allocUnsafeSlow(CHUNK_BYTES), 0, CHUNK_BYTES, position));
        position += bytesRead;
        if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
        await close();
        controller.close();
      } catch (error) {
        await close();
        throw error;
      }
    },
    cancel: close,
  });
}

async function readable<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new SendError('file_unreadable', `couldn't read ${name}${reason}`, { cause });
  }
}
