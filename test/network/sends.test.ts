/** What the command sent from a machine, looked after by the command. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeB64, encodeHex, parseLink } from '../../shared/protocol/index.ts';
import { nodeDeps } from '../../cli/deps.ts';
import { Network, runCommand, untilHardened } from '../support/network.ts';

const PORT = 18_410;
const NODES = 3;
const NAME = 'a name that nobody is to read.bin';

let base: string;
let network: Network;
let file: string;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'shardsend-sends-'));
  network = await Network.start({ port: PORT, nodes: NODES, data: path.join(base, 'network') });
  file = path.join(base, NAME);
  await writeFile(file, Buffer.alloc(200_000, 3));
});
afterAll(async () => {
  await network?.stop();
  await rm(base, { recursive: true, force: true, maxRetries: 5 });
});

async function json(...args: string[]): Promise<{ code: number | null; value: Record<string, unknown> }> {
  const { code, stdout } = await runCommand([...args, '--json']);
  return { code, value: stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>) };
}
const sent = async (): Promise<{ link: string; transferId: string; ownerToken: string }> =>
  (await json('send', file, '--coordinator', network.origin, '--downloads', '3')).value as { link: string; transferId: string; ownerToken: string };
const listed = async (transferId: string): Promise<Record<string, unknown> | undefined> =>
  ((await json('sends')).value['sends'] as Record<string, unknown>[]).find((one) => one['transferId'] === transferId);
const shardsOf = async (transferId: string): Promise<number> => {
  const name = encodeHex(decodeB64(transferId));
  const counts = await Promise.all(
    Array.from({ length: NODES }, async (_, i) => {
      const names = await readdir(path.join(network.data, 'nodes', String(i), 'shards'), { recursive: true });
      return names.filter((one) => one.includes(name) && one.endsWith('.shard')).length;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
};

test('a send is listed with its link, is extended, counts downloads, and is withdrawn from every disk', async () => {
  const { link, transferId } = await sent();
  await untilHardened(link, nodeDeps());
  expect(await listed(transferId)).toMatchObject({
    state: 'ready',
    title: NAME,
    bytes: 200_000,
    downloads: { limit: 3, committed: 0 },
    survives: 1,
    totalShards: 3,
    links: [{ link }],
  });

  const before = Date.now();
  const extended = await json('extend', transferId.slice(0, 12), '--expires', '30d');
  expect(extended).toMatchObject({ code: 0, value: { transferId, state: 'ready' } });
  expect(extended.value['expiresAtMs']).toBeGreaterThan(before + 29 * 86_400_000);
  const folder = path.join(base, 'got');
  expect((await runCommand(['get', link, '--out', folder])).code).toBe(0);
  expect(await readFile(path.join(folder, NAME))).toEqual(await readFile(file));
  expect(await listed(transferId)).toMatchObject({ downloads: { limit: 3, committed: 1 }, expiresAtMs: extended.value['expiresAtMs'] });

  expect(await json('revoke', link)).toEqual({ code: 0, value: { transferId, state: 'revoked' } });
  expect(await listed(transferId)).toMatchObject({ state: 'revoked' });
  await expect.poll(() => shardsOf(transferId), { timeout: 60_000 }).toBe(0);
  expect(await json('extend', transferId, '--expires', '1d')).toMatchObject({ code: 1, value: { error: { code: 'transfer_revoked' } } });
});

test('another link is added with a label, a limit and a password, and each is limited and revoked on its own', async () => {
  const { link: first, transferId } = await sent();
  const password = path.join(base, 'password');
  await writeFile(password, 'leaves on the line\n');
  const added = await json('link', 'add', transferId, '--label', 'for Ada', '--downloads', '1', '--password-file', password);
  const link = added.value['link'] as string;
  expect(added).toMatchObject({ code: 0, value: { transferId, label: 'for Ada', password: true, downloads: { limit: 1, committed: 0 } } });
  expect(await json('link', 'limit', transferId, 'for Ada', '--downloads', '2')).toMatchObject({ code: 0, value: { state: 'open', downloads: { limit: 2, committed: 0 } } });
  expect(await json('link', 'revoke', first)).toMatchObject({ code: 0, value: { transferId, state: 'revoked' } });
  expect(await json('link', 'label', transferId, 'for Ada', '--label', ' for Grace ')).toEqual({
    code: 0,
    value: { transferId, linkId: added.value['linkId'], label: 'for Grace' },
  });
  expect(await json('link', 'label', link, '--label', 'for Ada')).toMatchObject({ code: 0, value: { label: 'for Ada' } });

  const get = (of: string, ...args: string[]) => json('get', of, '--out', path.join(base, 'by-links'), ...args);
  expect(await get(first)).toMatchObject({ code: 1, value: { error: { code: 'transfer_revoked' } } });
  expect(await get(link, '--password-file', password)).toMatchObject({ code: 0 });
  expect(await listed(transferId)).toMatchObject({
    state: 'ready',
    downloads: { limit: 2, committed: 1 },
    links: [
      { link: first, label: '', state: 'revoked', downloads: { limit: 3, committed: 0 } },
      { link, label: 'for Ada', password: true, state: 'open', downloads: { limit: 2, committed: 1 } },
    ],
  });
  const lines = (await runCommand(['sends'])).stdout;
  expect(lines).toContain(`${first}  withdrawn, 0 of 3 downloads\n`);
  expect(lines).toContain(`${link}  for Ada  1 of 2 downloads\n`);
  expect(await json('link', 'limit', link, '--downloads', '1')).toMatchObject({ code: 0, value: { state: 'used_up' } });
  expect(await listed(transferId), 'the last link that opened is used up').toMatchObject({ state: 'used_up' });
  expect(await json('link', 'add', transferId)).toMatchObject({ code: 1, value: { error: { code: 'transfer_used_up' } } });
  expect((await listed(transferId))!['links'], 'what was refused is not kept').toHaveLength(2);
});

test('nothing of it lies open in the folder: no link, key, token or name', async () => {
  const { link, ownerToken } = await sent();
  const folder = path.join(process.env['XDG_STATE_HOME']!, 'shardsend');
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const kept = Buffer.concat(await Promise.all(files.map((entry) => readFile(path.join(entry.parentPath, entry.name)))));
  expect(kept.length).toBeGreaterThan(500);
  for (const secret of [link, link.slice(link.indexOf('#') + 1), ownerToken, NAME, file]) expect(kept.indexOf(secret)).toBe(-1);
  for (const secret of [decodeB64(ownerToken), parseLink(link).secret]) expect(kept.indexOf(Buffer.from(secret))).toBe(-1);
});

test('what is meant is said whole, or refused with what would have been right', async () => {
  for (const args of [
    ['revoke'],
    ['revoke', 'nonsense'],
    ['extend', 'nonsense', '--expires', '1d'],
    ['extend', 'x'],
    ['extend', 'x', '--expires', '1s'],
    ['sends', 'x'],
    ['link'],
    ['link', 'add'],
    ['link', 'limit', 'x'],
    ['link', 'revoke', 'nonsense', 'x'],
    ['link', 'label', 'x', 'x'],
    ['link', 'label', 'x', 'x', '--label', 'y'.repeat(201)],
  ]) {
    const { code, stderr } = await runCommand(args);
    expect([code, stderr.startsWith('shardsend: ')], args.join(' ')).toEqual([2, true]);
  }
});
