/** Through the command: what a link still gives when it is wrong, over, or wanted by many at once. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { openTransfer } from '../../shared/client/index.ts';
import { encodeLink, parseLink } from '../../shared/protocol/index.ts';
import { failJson, runJson, type GetAnswer, type SendAnswer } from '../network/cli.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { noise } from '../support/memory-files.ts';
import { newerLink } from '../support/newer-link.ts';
import { runCommand, untilHardened } from '../support/network.ts';

let network: FaultNetwork;
const deps = nodeDeps();
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 6, proxies: 6 });
});
afterAll(() => network?.stop());
afterEach(() => network.heal());

/** Two segments. */
const content = noise(1, 4_000_000);
const sha256 = createHash('sha256').update(content).digest('hex');

async function sendFile(...args: string[]): Promise<SendAnswer> {
  const source = path.join(await network.newFolder(), 'file.bin');
  await writeFile(source, content);
  return runJson<SendAnswer>('send', source, '--coordinator', network.origin, ...args);
}
async function get(link: string): Promise<{ code: number | null; error?: string; files?: GetAnswer['files']; left: string[] }> {
  const out = await network.newFolder();
  const { code, stdout } = await runCommand(['get', link, '--out', out, '--json']);
  const answer = JSON.parse(stdout) as Partial<GetAnswer> & { error?: { code: string } };
  return { code, ...(answer.error ? { error: answer.error.code } : {}), ...(answer.files ? { files: answer.files } : {}), left: await readdir(out) };
}
const whole = { code: 0, files: [{ path: 'file.bin', bytes: content.length, sha256 }], left: ['file.bin'] };

/** A `get` that has claimed its place and waits for nodes, which hang until the network is healed. */
async function startHanging(link: string): Promise<{ child: ChildProcess; closed: Promise<unknown>; out: string; stdout: () => string }> {
  for (const { proxy } of network.nodes) proxy!.mode = 'hang';
  const out = await network.newFolder();
  const child = spawn(process.execPath, [path.resolve(import.meta.dirname, '../../cli/main.ts'), 'get', link, '--out', out, '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const closed = once(child, 'close');
  await vi.waitUntil(async () => (await openTransfer(link, deps)).status.downloads.claimed === 1, { timeout: 60_000, interval: 50 });
  return { child, closed, out, stdout: () => stdout };
}

test('of twenty downloads at once, exactly one gets what may be had once', async () => {
  const { link } = await sendFile('--downloads', '1');
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => get(link)));
  const got = outcomes.filter(({ code }) => code === 0);
  expect(got).toEqual([whole]);
  for (const { code, error, left } of outcomes.filter((outcome) => outcome.code !== 0)) {
    expect([code, left]).toEqual([1, []]);
    expect(['downloads_in_progress', 'transfer_used_up']).toContain(error);
  }
  expect(await get(link)).toEqual({ code: 1, error: 'transfer_used_up', left: [] });
});

test('of twenty downloads at once, exactly three get what may be had three times', async () => {
  const { link } = await sendFile('--downloads', '3');
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => get(link)));
  expect(outcomes.filter(({ code }) => code === 0)).toEqual([whole, whole, whole]);
});

describe('a download that is ended', () => {
  test('by Ctrl-C gives its place back and leaves nothing', async () => {
    const { link } = await sendFile('--downloads', '1');
    const { child, closed, out, stdout } = await startHanging(link);
    expect(await get(link)).toEqual({ code: 1, error: 'downloads_in_progress', left: [] });
    child.kill('SIGINT');
    expect(await closed).toEqual([1, null]);
    expect(JSON.parse(stdout())).toMatchObject({ error: { code: 'cancelled' } });
    expect(await readdir(out)).toEqual([]);
    await network.heal();
    expect(await get(link)).toEqual(whole);
  });

  // That the place comes back when the lease of five minutes lapses is shown where the clock is the test's own: in
  // worker/transfer/claims.workerd.test.ts.
  test('by a kill keeps its place while its lease lasts, and nothing has a final name', async () => {
    const { link } = await sendFile('--downloads', '1');
    const { child, closed, out } = await startHanging(link);
    child.kill('SIGKILL');
    await closed;
    expect((await readdir(out)).filter((name) => !/^\.[0-9a-f]+\.(\d+\.part|note|lock)$/.test(name))).toEqual([]);
    expect(await get(link)).toEqual({ code: 1, error: 'downloads_in_progress', left: [] });
  });
});

describe('a link', () => {
  let link: string;
  beforeAll(async () => {
    ({ link } = await sendFile());
  });

  test('cut anywhere is damaged; without its key as well', async () => {
    const ends = [link.indexOf('/d/') + 4, link.indexOf('#'), link.indexOf('#') + 1, link.length - 20, link.length - 1];
    for (const end of ends) expect(await failJson('get', link.slice(0, end))).toBe('link_damaged');
  });

  test('with one letter mistyped or two swapped is damaged', async () => {
    const at = link.length - 12;
    const mistyped = link.slice(0, at) + (link[at] === 'A' ? 'B' : 'A') + link.slice(at + 1);
    const id = link.indexOf('/d/') + 5;
    const otherId = link.slice(0, id) + (link[id] === 'A' ? 'B' : 'A') + link.slice(id + 1);
    expect(await failJson('get', mistyped)).toBe('link_damaged');
    expect(await failJson('get', otherId)).toBe('link_damaged');
  });

  test('of a later version says so', async () => {
    expect(await failJson('get', newerLink(link))).toBe('link_version');
  });

  test('of another transfer, or of none, says which', async () => {
    const parsed = parseLink(link);
    const other = parseLink((await sendFile()).link);
    expect(await failJson('get', encodeLink({ ...parsed, secret: other.secret }))).toBe('wrong_link');
    expect(await failJson('get', encodeLink({ ...parsed, transferId: Uint8Array.from(parsed.transferId).toReversed() as typeof parsed.transferId }))).toBe('transfer_unknown');
  });

  test('that is not one is damaged, and no link at all is wrong usage', async () => {
    expect(await failJson('get', 'https://example.org/')).toBe('link_damaged');
    expect(await runCommand(['get', '--json'])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('a transfer that was withdrawn', () => {
  const onDisks = async (transferId: string): Promise<string[]> => (await Promise.all(network.nodes.map((node) => node.shardFiles(transferId)))).flat();

  test('gives nothing more, and every node deletes it, also one that was away', async () => {
    const { link, transferId, ownerToken } = await sendFile();
    await untilHardened(link, deps);
    expect((await onDisks(transferId)).length).toBe(6 * 2);
    const away = network.nodes[3]!;
    await away.kill();
    const answer = await fetch(`${network.origin}/api/transfers/${transferId}`, { method: 'DELETE', headers: { Authorization: `Shardsend-Owner ${ownerToken}` } });
    expect(await answer.json()).toMatchObject({ state: 'revoked' });
    expect(await get(link)).toEqual({ code: 1, error: 'transfer_revoked', left: [] });
    await vi.waitUntil(async () => (await onDisks(transferId)).every((file) => file.startsWith(away.dataDir)), { timeout: 60_000, interval: 100 });
    expect(await away.shardFiles(transferId)).toHaveLength(2);
    await away.start();
    await vi.waitUntil(async () => (await onDisks(transferId)).length === 0, { timeout: 120_000, interval: 100 });
    expect(await failJson('get', link)).toBe('transfer_revoked');
  });

  test('while somebody downloads it ends that download, and nothing is left of it', async () => {
    const { link, transferId, ownerToken } = await sendFile();
    const { closed, out, stdout } = await startHanging(link);
    await fetch(`${network.origin}/api/transfers/${transferId}`, { method: 'DELETE', headers: { Authorization: `Shardsend-Owner ${ownerToken}` } });
    // Streams that break ask for new orders.
    await network.heal();
    expect(await closed).toEqual([1, null]);
    expect(JSON.parse(stdout())).toMatchObject({ error: { code: 'transfer_revoked' } });
    expect(await readdir(out)).toEqual([]);
  });

  test('or used up is deleted as well', async () => {
    const { link, transferId } = await sendFile('--downloads', '1');
    expect(await get(link)).toEqual(whole);
    await vi.waitUntil(async () => (await onDisks(transferId)).length === 0, { timeout: 60_000, interval: 100 });
  });
});
