/** Some files of many, and notes, through the command and a real network. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureBuilt } from '../../cli/network/built.ts';
import { startNetwork, type RunningNetwork } from '../../cli/network/network.ts';
import { freePorts } from '../support/free-ports.ts';
import { runCommand } from '../support/network.ts';
import { failJson, runJson, type GetAnswer, type SendAnswer } from './cli.ts';

interface ListAnswer {
  readonly kind: string;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly modifiedMs: number | null }[];
  readonly downloadsLeft: number | null;
}

let base: string;
let network: RunningNetwork;
let folders = 0;

beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'shardsend-files-'));
  await ensureBuilt();
  network = await startNetwork({ port: await freePorts(1 + 6), nodes: 6, dataDir: path.join(base, 'network'), onLost: () => undefined });
});
afterAll(async () => {
  await network?.stop();
  await rm(base, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = path.join(base, `work-${folders++}`);
  await mkdir(folder);
  return folder;
}

describe('a transfer of a folder', () => {
  let link: string;
  beforeAll(async () => {
    const folder = path.join(await newFolder(), 'trip');
    await mkdir(path.join(folder, 'pictures'), { recursive: true });
    for (const name of ['map.txt', 'pictures/a.jpg', 'pictures/b.jpg', 'ticket.pdf']) await writeFile(path.join(folder, name), name);
    ({ link } = await runJson<SendAnswer>('send', folder, '--downloads', '2', '--coordinator', network.origin));
  });

  test('is listed as often as one likes, without a download', async () => {
    for (let i = 0; i < 3; i++) {
      const list = await runJson<ListAnswer>('get', link, '--list');
      expect(list).toMatchObject({ kind: 'files', downloadsLeft: 2 });
      expect(list.files.map((file) => file.path)).toEqual(['trip/map.txt', 'trip/pictures/a.jpg', 'trip/pictures/b.jpg', 'trip/ticket.pdf']);
    }
    const { stdout, stderr } = await runCommand(['get', link, '--list']);
    expect(stdout.split('\n')[1]).toBe('14 bytes  trip/pictures/a.jpg');
    expect(stderr).toContain('4 files');
  });

  test('gives a folder and a file of it, and nothing else', async () => {
    const out = await newFolder();
    const { files } = await runJson<GetAnswer>('get', link, '--only', 'trip/pictures', '--only', 'trip/map.txt', '--out', out);
    expect(files.map((file) => file.path)).toEqual(['trip/map.txt', 'trip/pictures/a.jpg', 'trip/pictures/b.jpg']);
    expect((await readdir(out, { recursive: true })).toSorted()).toEqual(['trip', 'trip/map.txt', 'trip/pictures', 'trip/pictures/a.jpg', 'trip/pictures/b.jpg']);
    expect(await readFile(path.join(out, 'trip/pictures/b.jpg'), 'utf8')).toBe('pictures/b.jpg');
  });

  test('says which path names nothing, and takes no download for it', async () => {
    const out = await newFolder();
    const asked = await runCommand(['get', link, '--only', 'trip/map', '--out', out]);
    expect(asked).toMatchObject({ code: 2, stdout: '' });
    expect(asked.stderr).toContain('"trip/map"');
    expect(await readdir(out)).toEqual([]);
    expect((await runJson<ListAnswer>('get', link, '--list')).downloadsLeft).toBe(1);
  });
});

describe('a note', () => {
  const text = 'The code is 4711.\nDas Tor öffnet um 7 ☂\n';
  const sendNote = async (input: string, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand(['send', '--note', '-', ...args, '--coordinator', network.origin], { input });
    expect(code, stderr).toBe(0);
    return stdout.trim();
  };

  test('comes out of a pipe as it went into one, and is gone once it was read', async () => {
    const link = await sendNote(text, '--downloads', '1');
    expect(await runJson<ListAnswer>('get', link, '--list')).toMatchObject({ kind: 'note', downloadsLeft: 1 });
    expect(await runCommand(['get', link], { cwd: await newFolder() })).toMatchObject({ code: 0, stdout: text });
    expect(await failJson('get', link)).toBe('transfer_used_up');
  });

  test('is a file where a folder for it is named', async () => {
    const link = await sendNote(text);
    const out = await newFolder();
    const { files } = await runJson<GetAnswer>('get', link, '--out', out);
    expect(files).toEqual([{ path: 'note.txt', bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') }]);
    expect(await runJson('get', link)).toMatchObject({ note: text });
  });

  test('is kept among what was sent, like everything that is: extended, given another link, withdrawn', async () => {
    const link = await sendNote(text);
    const { sends } = await runJson<{ sends: readonly Record<string, unknown>[] }>('sends');
    const kept = sends.find(({ links }) => JSON.stringify(links).includes(link));
    expect(kept).toMatchObject({ state: 'ready', title: 'note.txt', fileCount: 1, bytes: Buffer.byteLength(text) });
    await runJson('extend', link, '--expires', '1d');
    const { link: another } = await runJson<{ link: string }>('link', 'add', link);
    expect(await runJson('get', another)).toMatchObject({ note: text });
    await runJson('revoke', link);
    expect(await failJson('get', another)).toBe('transfer_revoked');
  });

  test.each([
    { what: 'empty', input: '', code: 'no_files' },
    { what: 'longer than 1 MiB', input: 'x'.repeat(1024 * 1024 + 1), code: 'note_too_long' },
  ])('that is $what is refused: $code', async ({ input, code }) => {
    const { stdout } = await runCommand(['send', '--note', '-', '--json', '--coordinator', network.origin], { input });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code } });
  });

  test('is sent alone', async () => {
    expect(await runCommand(['send', base, '--note', '-'], { input: text })).toMatchObject({ code: 2, stdout: '' });
  });
});
