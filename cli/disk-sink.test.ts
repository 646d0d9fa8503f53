import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FileSink } from '../shared/client/index.ts';
import { DiskSink } from './disk-sink.ts';
import { numberedName } from './placer.ts';

/** What stands in for a second disk: a folder to which no file can be linked or renamed from elsewhere. */
const disk = vi.hoisted(() => ({ mount: '', full: false, unlinkable: false }));
vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs/promises')>();
  const fail = (code: string): never => {
    throw Object.assign(new Error(code), { code });
  };
  const lies = (file: string): boolean => disk.mount !== '' && file.startsWith(disk.mount);
  const move = (work: typeof fs.rename) => (from: string, to: string) => (lies(from) === lies(to) ? work(from, to) : fail('EXDEV'));
  return {
    ...fs,
    link: (from: string, to: string) => (disk.unlinkable ? fail('EPERM') : move(fs.link)(from, to)),
    rename: move(fs.rename),
    copyFile: (from: string, to: string, mode?: number) => (disk.full && lies(to) ? fs.writeFile(to, 'half').then(() => fail('ENOSPC')) : fs.copyFile(from, to, mode)),
  };
});

let folder: string;
let outside: string;
beforeEach(async () => {
  const base = await mkdtemp(path.join(tmpdir(), 'shardsend-sink-'));
  folder = path.join(base, 'out');
  outside = path.join(base, 'outside');
  await mkdir(outside);
});
afterEach(async () => {
  Object.assign(disk, { mount: '', full: false, unlinkable: false });
  await rm(path.dirname(folder), { recursive: true });
});

const opened = new WeakMap<DiskSink, number>();
async function openSink(sink: DiskSink, name: string, content: string): Promise<FileSink> {
  const index = opened.get(sink) ?? 0;
  opened.set(sink, index + 1);
  return sink.openFile({ path: name, bytes: Buffer.byteLength(content), type: '', modifiedMs: null }, index, 0);
}

async function put(sink: DiskSink, name: string, content: string): Promise<void> {
  const file = await openSink(sink, name, content);
  const bytes = Uint8Array.from(Buffer.from(content));
  await file.write(bytes.slice(0, 2));
  if (bytes.length > 2) await file.write(bytes.slice(2));
  await file.close();
}

async function receive(...files: [string, string][]): Promise<string[]> {
  const sink = await DiskSink.create(folder, null, Date.now);
  for (const [name, content] of files) await put(sink, name, content);
  await sink.finish();
  return sink.written.map((file) => file.path);
}

const list = async (): Promise<string[]> => (await readdir(folder, { recursive: true })).toSorted();
const read = (name: string): Promise<string> => readFile(path.join(folder, name), 'utf8');

describe('a received transfer', () => {
  test('lies under its names, with sizes and digests', async () => {
    const sink = await DiskSink.create(folder, null, Date.now);
    await put(sink, 'a/b.txt', 'hello');
    await put(sink, 'empty', '');
    await sink.finish();
    expect(await list()).toEqual(['a', 'a/b.txt', 'empty']);
    expect(await read('a/b.txt')).toBe('hello');
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    expect(sink.written).toEqual([
      { path: 'a/b.txt', bytes: 5, sha256: sha256('hello') },
      { path: 'empty', bytes: 0, sha256: sha256('') },
    ]);
  });

  test('shows no name before it is finished', async () => {
    const sink = await DiskSink.create(folder, null, Date.now);
    await put(sink, 'a/b.txt', 'hello');
    await (await openSink(sink, 'c', 'xyz')).write(new Uint8Array(3));
    expect(await list()).toEqual([/0\.part/, /1\.part/, /lock/].map((end) => expect.stringMatching(new RegExp(`^\\.[0-9a-f]{24}\\.${end.source}$`))));
  });

  test('that fails leaves nothing, whether a file is open, closed or named', async () => {
    const sink = await DiskSink.create(folder, null, Date.now);
    await put(sink, 'a/b.txt', 'hello');
    const open = await openSink(sink, 'c', 'xyz');
    await open.write(new Uint8Array(1));
    await open.abort('failed');
    await sink.discard();
    expect(await list()).toEqual([]);

    const finished = await DiskSink.create(folder, null, Date.now);
    await put(finished, 'a/b.txt', 'hello');
    await finished.finish();
    await finished.discard();
    expect(await list()).toEqual([]);
  });

  test('of thousands of small files is whole', async () => {
    const files = Array.from({ length: 2000 }, (_, i): [string, string] => [`many/${i % 7}/${i}`, String(i)]);
    expect(await receive(...files)).toEqual(files.map(([name]) => name));
    expect(await read('many/3/1704')).toBe('1704');
    expect((await list()).length).toBe(2000 + 8);
  });
});

describe('names that are taken', () => {
  test('files get a number and overwrite nothing', async () => {
    await receive(['a.txt', 'one'], ['b/c', 'one']);
    expect(await receive(['a.txt', 'two'], ['b/c', 'two'])).toEqual(['a (2).txt', 'b/c (2)']);
    expect(await receive(['a.txt', 'three'])).toEqual(['a (3).txt']);
    expect([await read('a.txt'), await read('a (2).txt'), await read('a (3).txt'), await read('b/c')]).toEqual(['one', 'two', 'three', 'one']);
  });

  test('a folder gives way to a file, once for all that lies in it', async () => {
    expect(await receive(['a', 'file'], ['a/x', '1'], ['a/y', '2'])).toEqual(['a', 'a (2)/x', 'a (2)/y']);
  });

  test.each([
    ['report.pdf', 'report (2).pdf'],
    ['.bashrc', '.bashrc (2)'],
    ['no ending', 'no ending (2)'],
    ['archive.tar.gz', 'archive.tar (2).gz'],
    [`${'n'.repeat(251)}.txt`, `${'n'.repeat(247)} (2).txt`],
    ['ö'.repeat(127), `${'ö'.repeat(125)} (2)`],
  ])('%s becomes %s', (name, expected) => {
    expect(numberedName(name, 2)).toBe(expected);
    expect(Buffer.byteLength(numberedName(name, 2))).toBeLessThanOrEqual(255);
  });
});

describe('names that mean harm', () => {
  test('controls and direction overrides become underscores', async () => {
    expect(await receive(['a\u001b[2Jb', '1'], ['invoice\u202efdp.exe', '2'], ['x\u2066y\u2069', '3'])).toEqual(['a_[2Jb', 'invoice_fdp.exe', 'x_y_']);
  });

  test('names that become the same are told apart', async () => {
    expect(await receive(['a\u0001', '1'], ['a\u0002', '2'])).toEqual(['a_', 'a_ (2)']);
  });

  test('no link in the folder leads out of it', async () => {
    await mkdir(folder);
    await writeFile(path.join(outside, 'victim'), 'safe');
    await symlink(outside, path.join(folder, 'way-out'));
    await symlink(path.join(outside, 'victim'), path.join(folder, 'victim'));
    await symlink(path.join(outside, 'nowhere'), path.join(folder, 'dangling'));
    expect(await receive(['way-out/x', '1'], ['victim', '2'], ['dangling', '3'])).toEqual(['way-out (2)/x', 'victim (2)', 'dangling (2)']);
    expect(await readdir(outside)).toEqual(['victim']);
    expect(await readFile(path.join(outside, 'victim'), 'utf8')).toBe('safe');
    expect((await lstat(path.join(folder, 'victim'))).isSymbolicLink()).toBe(true);
  });

  test('a path that climbs stays inside, should one get past the manifest', async () => {
    expect(await receive(['../../x', '1'])).toEqual(['_/_/x']);
    expect(await readdir(path.dirname(folder))).toEqual(['out', 'outside']);
  });
});

describe('a disk that fails', () => {
  test('a file in the place of the folder: disk_failed', async () => {
    await writeFile(folder, '');
    await expect(DiskSink.create(folder, null, Date.now)).rejects.toMatchObject({ code: 'disk_failed' });
  });

  test('more bytes than there is room: disk_full, before anything is claimed', async () => {
    const sink = await DiskSink.create(folder, null, Date.now);
    await sink.ensureRoom(1);
    await expect(sink.ensureRoom(Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({ code: 'disk_full' });
  });
});

describe('a folder on another disk', () => {
  beforeEach(async () => {
    await mkdir(path.join(folder, 'mounted'), { recursive: true });
    disk.mount = path.join(folder, 'mounted', path.sep);
  });

  test.each([false, true])('gets its files whole, under free names (no hard links: %s)', async (unlinkable) => {
    disk.unlinkable = unlinkable;
    await writeFile(path.join(folder, 'mounted', 'a'), 'mine');
    expect(await receive(['mounted/a', 'hello'], ['mounted/b', ''], ['c', 'here'])).toEqual(['mounted/a (2)', 'mounted/b', 'c']);
    expect(await list()).toEqual(['c', 'mounted', 'mounted/a', 'mounted/a (2)', 'mounted/b']);
    expect([await read('mounted/a'), await read('mounted/a (2)'), await read('c')]).toEqual(['mine', 'hello', 'here']);
  });

  test.each([false, true])('that is full keeps nothing, neither a name nor half a file (no hard links: %s)', async (unlinkable) => {
    Object.assign(disk, { full: true, unlinkable });
    const sink = await DiskSink.create(folder, null, Date.now);
    await put(sink, 'mounted/a', 'hello');
    await expect(sink.finish()).rejects.toMatchObject({ code: 'disk_full' });
    expect(await readdir(path.join(folder, 'mounted'))).toEqual([]);
    await sink.discard();
    expect(await list()).toEqual(['mounted']);
  });
});
