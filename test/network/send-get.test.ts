/** A real network of 24 nodes on this machine, driven through the command alone. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ensureBuilt } from '../../cli/network/built.ts';
import { startNetwork, type RunningNetwork } from '../../cli/network/network.ts';
import { encodeLink, parseLink } from '../../shared/protocol/index.ts';
import { bytesOf } from '../vectors/source/reference.ts';
import { freePorts } from '../support/free-ports.ts';
import { runCommand } from '../support/network.ts';
import { failJson, runJson, type GetAnswer, type SendAnswer } from './cli.ts';

let base: string;
let network: RunningNetwork;
let coordinator: string;
const lost: string[] = [];

beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'shardsend-network-'));
  await ensureBuilt();
  network = await startNetwork({ port: await freePorts(1 + 24), nodes: 24, dataDir: path.join(base, 'network'), onLost: (name) => lost.push(name) });
  coordinator = network.origin;
});
afterAll(async () => {
  await network?.stop();
  await rm(base, { recursive: true, force: true });
});

let folders = 0;
async function newFolder(): Promise<string> {
  const folder = path.join(base, `work-${folders++}`);
  await mkdir(folder);
  return folder;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Every file below a folder with its digest, hidden ones too. */
async function digestsIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const pairs = await Promise.all(files.map(async (file) => [path.relative(folder, file), await sha256Of(file)] as const));
  return Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Fills a file with bytes that no compression could shrink, a piece at a time. */
async function writeNoise(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'w');
  const piece = bytesOf(file, 1_000_003);
  for (let left = bytes; left > 0; left -= piece.length) await handle.write(piece.subarray(0, Math.min(left, piece.length)));
  await handle.close();
}

const send = (args: readonly string[]): Promise<SendAnswer> => runJson<SendAnswer>('send', ...args, '--coordinator', coordinator);

async function roundTrip(source: string): Promise<{ sent: SendAnswer; got: GetAnswer; out: string }> {
  const sent = await send([source]);
  const out = await newFolder();
  const got = await runJson<GetAnswer>('get', sent.link, '--out', out);
  return { sent, got, out };
}

describe('a file that is sent comes back byte for byte', () => {
  // Around a record, a row and a segment of k = 10, and beyond.
  test.each([0, 1, 4096, 262_128, 2_621_280, 10_485_120, 10_485_121, 100_000_000])('of %i bytes', async (bytes) => {
    const source = path.join(await newFolder(), 'file.bin');
    await writeNoise(source, bytes);
    const sha256 = await sha256Of(source);
    const { sent, got, out } = await roundTrip(source);
    expect(sent).toMatchObject({
      link: expect.stringMatching(/^http:\/\/localhost:\d+\/d\/[\w-]{22}#[\w-]{50}$/) as string,
      transferId: sent.link.slice(-73, -51),
      ownerToken: expect.stringMatching(/^[\w-]{43}$/) as string,
      bytes,
      sentBytes: expect.any(Number) as number,
      seconds: expect.any(Number) as number,
    });
    expect(got).toMatchObject({ files: [{ path: 'file.bin', bytes, sha256 }], seconds: expect.any(Number) as number });
    expect(await digestsIn(out)).toEqual({ 'file.bin': sha256 });
  });

  test('10,000 small files', async () => {
    const source = path.join(await newFolder(), 'many');
    for (let i = 0; i < 100; i++) {
      const folder = path.join(source, String(i));
      await mkdir(folder, { recursive: true });
      for (let j = 0; j < 100; j++) await writeFile(path.join(folder, `${j}.txt`), bytesOf(`${i}/${j}`, (i * j) % 500));
    }
    const { got, out } = await roundTrip(source);
    expect(got.files).toHaveLength(10_000);
    expect(await digestsIn(path.join(out, 'many'))).toEqual(await digestsIn(source));
  });

  test('one file more than that is refused', async () => {
    const source = path.join(await newFolder(), 'many');
    await mkdir(source);
    for (let i = 0; i < 10_001; i++) await writeFile(path.join(source, String(i)), '');
    expect(await failJson('send', source, '--coordinator', coordinator)).toBe('too_many_files');
  });

  test('odd names, made harmless where they could do harm', async () => {
    const source = path.join(await newFolder(), 'odd');
    await mkdir(source);
    const kept = ['a b', '...', '-rf', '#', '%23', "it's", '"q"', 'ünïcödé', '文件', '👩‍👩‍👧', '\\', 'n'.repeat(255), 'ö'.repeat(127)];
    for (const name of kept) await writeFile(path.join(source, name), name);
    await writeFile(path.join(source, 'tab\there'), 'tab');
    await writeFile(path.join(source, 'invoice\u202efdp.exe'), 'rtl');
    const { out } = await roundTrip(source);
    const names = (await readdir(path.join(out, 'odd'))).toSorted();
    expect(names).toEqual([...kept, 'tab_here', 'invoice_fdp.exe'].toSorted());
  });
});

describe('what cannot be sent', () => {
  test('nothing: no_files', async () => {
    expect(await failJson('send', await newFolder(), '--coordinator', coordinator)).toBe('no_files');
  });

  test('a file that is not there: file_unreadable', async () => {
    expect(await failJson('send', path.join(base, 'nowhere'), '--coordinator', coordinator)).toBe('file_unreadable');
  });

  test('without a coordinator, a usage error says so and nothing is printed', async () => {
    const outcome = await runCommand(['send', base, '--coordinator', 'nonsense']);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain('--coordinator');
  });
});

describe('a link', () => {
  test('as a person sees it: alone on stdout, and get prints what it saved', async () => {
    const folder = await newFolder();
    await writeFile(path.join(folder, 'note.txt'), 'hello');
    const sent = await runCommand(['send', path.join(folder, 'note.txt'), '--coordinator', coordinator]);
    expect(sent.code).toBe(0);
    expect(sent.stdout).toMatch(/^http:\/\/localhost:\d+\/d\/[\w-]+#[\w-]+\n$/);
    const got = await runCommand(['get', sent.stdout.trim()], { cwd: folder });
    expect(got).toMatchObject({ code: 0, stdout: 'note (2).txt\n' });
  });

  test('that was mangled by a mail program still opens', async () => {
    const folder = await newFolder();
    await writeFile(path.join(folder, 'a'), 'x');
    const { link } = await send([path.join(folder, 'a')]);
    const mangled = `<${link.replace('#', '%23').slice(0, 40)}\n${link.replace('#', '%23').slice(40)}>.`;
    expect((await runJson<GetAnswer>('get', mangled, '--out', await newFolder())).files).toHaveLength(1);
  });

  test('that is damaged, of another transfer, or unknown says which', async () => {
    const folder = await newFolder();
    await writeFile(path.join(folder, 'a'), 'x');
    const { link } = await send([path.join(folder, 'a')]);
    expect(await failJson('get', link.slice(0, -1))).toBe('link_damaged');
    expect(await failJson('get', 'hello')).toBe('link_damaged');
    const parsed = parseLink(link);
    expect(await failJson('get', encodeLink({ ...parsed, transferId: Uint8Array.from(parsed.transferId).fill(1) as typeof parsed.transferId }))).toBe('transfer_unknown');
    expect(await failJson('get', encodeLink({ ...parsed, secret: Uint8Array.from(parsed.secret).fill(1) as typeof parsed.secret }))).toBe('wrong_link');
  });

  test('serves as often as was allowed, and nothing is left of one time more', async () => {
    const folder = await newFolder();
    await writeFile(path.join(folder, 'a'), 'x');
    const { link } = await send([path.join(folder, 'a'), '--downloads', '2', '--expires', '5m']);
    for (let i = 0; i < 2; i++) await runJson('get', link, '--out', await newFolder());
    const out = await newFolder();
    expect(await failJson('get', link, '--out', out)).toBe('transfer_used_up');
    expect(await readdir(out)).toEqual([]);
  });
});

describe('Ctrl-C', () => {
  const usedBytes = async (): Promise<number> => {
    const all = network.nodes.map(async ({ url }) => ((await (await fetch(`${url}/v1/health`)).json()) as { usedBytes: number }).usedBytes);
    return (await Promise.all(all)).reduce((sum, used) => sum + used, 0);
  };

  test('while sending: the transfer is withdrawn, and no node keeps a byte of it', async () => {
    const source = path.join(await newFolder(), 'big');
    await writeNoise(source, 400_000_000);
    const before = await usedBytes();
    const args = [path.resolve(import.meta.dirname, '../../cli/main.ts'), 'send', source, '--json', '--coordinator', coordinator];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const closed = once(child, 'close');
    await vi.waitUntil(async () => (await usedBytes()) > before, { timeout: 60_000, interval: 10 });
    child.kill('SIGINT');
    expect(await closed).toEqual([1, null]);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'cancelled' } });
    await vi.waitUntil(async () => (await usedBytes()) <= before, { timeout: 60_000, interval: 100 });
  });
});

test('a node that is stopped and started again serves what it had', async () => {
  const source = path.join(await newFolder(), 'file');
  await writeNoise(source, 3_000_000);
  const { link } = await send([source]);
  await Promise.all(network.nodes.slice(0, 3).map((node) => node.kill()));
  expect((await runJson<GetAnswer>('get', link, '--out', await newFolder())).files[0]!.sha256).toBe(await sha256Of(source));
  await Promise.all(network.nodes.slice(0, 3).map((node) => node.start()));
  expect((await runJson<GetAnswer>('get', link, '--out', await newFolder())).files[0]!.sha256).toBe(await sha256Of(source));
});

test('no program of the network ended by itself', () => {
  expect(lost).toEqual([]);
});
