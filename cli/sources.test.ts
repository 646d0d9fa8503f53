import { mkdir, mkdtemp, rm, symlink, truncate, utimes, writeFile, appendFile, unlink, rename } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SourceFile } from '../shared/client/index.ts';
import { MAX_FILES } from '../shared/protocol/index.ts';
import { readSources } from './sources.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'shardsend-sources-'));
});
afterEach(() => rm(folder, { recursive: true }));
const at = (...names: string[]): string => path.join(folder, ...names);
const sentNames = async (...args: string[]): Promise<string[]> => (await readSources(args)).files.map((file) => file.path);

async function readAll(file: SourceFile, offset = 0): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.open(offset)) chunks.push(chunk);
  await file.verifyUnchanged?.();
  return Buffer.concat(chunks);
}

describe('what is sent', () => {
  test('a file by its own name, with its size', async () => {
    await writeFile(at('a b.txt'), 'hello');
    const { files } = await readSources([at('a b.txt')]);
    expect(files).toMatchObject([{ path: 'a b.txt', bytes: 5 }]);
    expect(String(await readAll(files[0]!))).toBe('hello');
    expect(String(await readAll(files[0]!, 2))).toBe('llo');
    expect(String(await readAll(files[0]!, 5))).toBe('');
  });

  test('a folder in byte order, its own name first, with hidden and empty files', async () => {
    await mkdir(at('box', 'b'), { recursive: true });
    for (const name of ['z', 'B', 'a', '.hidden', 'ä', 'b/inner']) await writeFile(at('box', name), '');
    expect(await sentNames(at('box'))).toEqual(['box/.hidden', 'box/B', 'box/a', 'box/b/inner', 'box/z', 'box/ä']);
    expect(await sentNames(`${at('box')}/`)).toEqual(await sentNames(at('box')));
  });

  test('nothing of an empty folder', async () => {
    expect(await sentNames(folder)).toEqual([]);
  });

  test('the target of a link that was named, under the name that was given', async () => {
    await writeFile(at('target'), 'x');
    await symlink(at('target'), at('link'));
    expect(await sentNames(at('link'))).toEqual(['link']);
  });

  test('no link inside a folder, which is said', async () => {
    await mkdir(at('box'));
    await writeFile(at('secret'), 'x');
    await symlink(at('secret'), at('box', 'link'));
    await symlink('..', at('box', 'up'));
    await writeFile(at('box', 'file'), 'x');
    expect(await readSources([at('box')])).toMatchObject({ files: [{ path: 'box/file' }], leftOut: ['box/link', 'box/up'] });
  });

  test('a large file in pieces', async () => {
    const content = Buffer.alloc(1_300_000, 'shardsend');
    await writeFile(at('large'), content);
    const { files } = await readSources([at('large')]);
    expect((await readAll(files[0]!)).equals(content)).toBe(true);
  });
});

describe('what is refused', () => {
  test('a file that is not there, by name', async () => {
    await expect(readSources([at('missing')])).rejects.toMatchObject({ code: 'file_unreadable', message: expect.stringContaining('missing') as string });
  });

  test.skipIf(process.platform === 'win32')('a pipe', async () => {
    spawnSync('mkfifo', [at('pipe')]);
    await expect(readSources([at('pipe')])).rejects.toMatchObject({ code: 'file_unreadable' });
  });

  test.skipIf(process.platform !== 'linux')('a name that is not UTF-8', async () => {
    await writeFile(Buffer.concat([Buffer.from(`${folder}/a`), Buffer.from([0xff, 0xfe])]), '');
    await expect(readSources([folder])).rejects.toMatchObject({ code: 'name_invalid' });
  });
});

describe('a file that changes', () => {
  const changes: [string, () => Promise<unknown>][] = [
    ['grows', () => appendFile(at('file'), 'more')],
    ['shrinks', () => truncate(at('file'), 1)],
    ['is written again', () => utimes(at('file'), 1, 1)],
    ['is replaced', async () => writeFile(at('new'), 'hello').then(() => rename(at('new'), at('file')))],
  ];
  test.each(changes)('%s before it is read: file_changed', async (_, change) => {
    await writeFile(at('file'), 'hello');
    const { files } = await readSources([at('file')]);
    await change();
    await expect(readAll(files[0]!)).rejects.toMatchObject({ code: 'file_changed', message: expect.stringContaining('file') as string });
  });

  test.each(changes)('%s while it is read: file_changed', async (_, change) => {
    await writeFile(at('file'), 'hello');
    const { files } = await readSources([at('file')]);
    const reader = files[0]!.open(0).getReader();
    await reader.read();
    await change();
    await reader.cancel();
    await expect(files[0]!.verifyUnchanged!()).rejects.toMatchObject({ code: 'file_changed' });
  });

  test('vanishes: file_unreadable', async () => {
    await writeFile(at('file'), 'hello');
    const { files } = await readSources([at('file')]);
    await unlink(at('file'));
    await expect(readAll(files[0]!)).rejects.toMatchObject({ code: 'file_unreadable', message: expect.stringContaining('file') as string });
  });
});

test('a folder with more files than can be sent is not walked to its end', async () => {
  await mkdir(at('many'));
  await Promise.all(Array.from({ length: MAX_FILES + 1 }, (_, i) => writeFile(at('many', String(i)), '')));
  await mkdir(at('many', 'z'));
  await writeFile(Buffer.concat([Buffer.from(at('many', 'z', 'bad')), Buffer.of(0xff)]), '');
  await expect(readSources([at('many')])).rejects.toMatchObject({ code: 'too_many_files' });
});
