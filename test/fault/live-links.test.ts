/** Through the command: what is received while it is still being sent. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { openTransfer } from '../../shared/client/index.ts';
import type { GetAnswer } from '../network/cli.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { noise } from '../support/memory-files.ts';

/** Of 3 of 6: eight segments. */
const content = noise(2, 24_000_000);
const whole = [{ path: 'file.bin', bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }];
const deps = nodeDeps();

let network: FaultNetwork;
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 6, lines: true });
  for (const { line } of network.nodes) line!.toTarget.bytesPerSecond = 1_500_000;
});
afterAll(() => network?.stop());

function start(...args: readonly string[]): { child: ChildProcess; closed: Promise<unknown>; stdout: () => string; stderr: () => string } {
  const child = spawn(process.execPath, [path.resolve(import.meta.dirname, '../../cli/main.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  return { child, closed: once(child, 'close'), stdout: () => texts.stdout, stderr: () => texts.stderr };
}

async function startSending(): Promise<{ run: ReturnType<typeof start>; link: string }> {
  const file = path.join(await network.newFolder(), 'file.bin');
  await writeFile(file, content);
  const run = start('send', file, '--coordinator', network.origin);
  await vi.waitUntil(() => run.stdout().includes('\n'), { timeout: 60_000, interval: 10 });
  return { run, link: run.stdout().trim() };
}
async function startReceiving(link: string): Promise<ReturnType<typeof start> & { out: string }> {
  const out = await network.newFolder();
  return { ...start('get', link, '--out', out, '--json'), out };
}
const sentBytes = (): number => network.nodes.reduce((sum, { line }) => sum + line!.fromTarget.bytes, 0);
const statusOf = async (link: string) => (await openTransfer(link, deps)).status;

test('a recipient gets the first segments while the sender still uploads, and both finish', async () => {
  const { run, link } = await startSending();
  const { child, closed, stdout, stderr, out } = await startReceiving(link);
  const before = sentBytes();
  await vi.waitUntil(() => sentBytes() - before > 3_000_000, { timeout: 60_000, interval: 10 });
  expect((await statusOf(link)).state).toBe('uploading');
  expect(
    (await readdir(out)).filter((name) => !name.startsWith('.')),
    'nothing has its name before it is whole',
  ).toEqual([]);
  expect(await run.closed).toEqual([0, null]);
  expect(child.exitCode).toBeNull();
  expect(await closed).toEqual([0, null]);
  expect((JSON.parse(stdout()) as GetAnswer).files).toEqual(whole);
  expect(stderr()).toContain('still being sent');
  expect((await statusOf(link)).downloads).toMatchObject({ committed: 1, claimed: 0 });
});

test('a recipient waits for a sender that stopped, says so, and goes on when the sender does', async () => {
  const { run, link } = await startSending();
  const { closed, stdout, stderr } = await startReceiving(link);
  await vi.waitUntil(async () => (await statusOf(link)).segments.committed >= 2, { timeout: 60_000, interval: 50 });
  run.child.kill('SIGTERM');
  await run.closed;
  await vi.waitUntil(() => stderr().includes('The sender has paused'), { timeout: 60_000, interval: 50 });
  expect(stdout()).toBe('');
  const resumed = start('send', '--resume', link);
  expect(await resumed.closed).toEqual([0, null]);
  expect(await closed).toEqual([0, null]);
  expect((JSON.parse(stdout()) as GetAnswer).files).toEqual(whole);
});

test('a recipient is told when the sender withdraws what it is getting', async () => {
  const { run, link } = await startSending();
  const { closed, stdout, out } = await startReceiving(link);
  await vi.waitUntil(async () => (await statusOf(link)).segments.committed >= 2, { timeout: 60_000, interval: 50 });
  run.child.kill('SIGINT');
  expect(await closed).toEqual([1, null]);
  expect(JSON.parse(stdout())).toMatchObject({ error: { code: 'transfer_revoked' } });
  expect(await readdir(out)).toEqual([]);
});
