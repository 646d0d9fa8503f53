/** Through the command: sends that are killed, stopped and resumed, and what of them reaches the nodes twice. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { folderSendStore, folderVault, stateFolder } from '../../cli/sends/folder-boxes.ts';
import { openTransfer } from '../../shared/client/index.ts';
import { TransferLayout, contentBytesOf, redundancyFor, type ErrorCode } from '../../shared/protocol/index.ts';
import { runJson, type GetAnswer, type SendAnswer } from '../network/cli.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { noise } from '../support/memory-files.ts';
import { runCommand } from '../support/network.ts';

const NODES = 6;
const KILLS = 10;
/** Of the files: whole seconds, which can be set again exactly. */
const MODIFIED = new Date(1_790_000_000_000);
const { requiredShards, safeShards } = redundancyFor(NODES);
/** A dozen segments. */
const content = noise(1, 36_000_000);
const sha256 = createHash('sha256').update(content).digest('hex');
const layout = new TransferLayout(contentBytesOf(content.length), requiredShards);
const segmentBytes = safeShards * layout.segment(0).shardBytes;
const sentOnceBytes = safeShards * layout.shardBytesPerNode;

let network: FaultNetwork;
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: NODES, lines: true });
  pace(3_000_000);
});
afterAll(() => network?.stop());

const pace = (bytesPerSecond: number | null): void => {
  for (const { line } of network.nodes) line!.toTarget.bytesPerSecond = bytesPerSecond;
};
/** What clients and nodes sent to nodes so far. */
const receivedBytes = (): number => network.nodes.reduce((sum, { line }) => sum + line!.toTarget.bytes, 0);

const storeConnections = (): number => network.nodes.reduce((sum, { line }) => sum + line!.connections.filter(({ opening }) => opening === 'GET /v1/store').length, 0);

async function newFile(bytes: Uint8Array = content): Promise<string> {
  const file = path.join(await network.newFolder(), 'file.bin');
  await writeFile(file, bytes);
  await utimes(file, MODIFIED, MODIFIED);
  return file;
}

function start(...args: readonly string[]): { child: ChildProcess; closed: Promise<unknown>; stdout: () => string; stderr: () => string } {
  const child = spawn(process.execPath, [path.resolve(import.meta.dirname, '../../cli/main.ts'), 'send', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  return { child, closed: once(child, 'close'), stdout: () => texts.stdout, stderr: () => texts.stderr };
}
const startSending = (file: string) => start(file, '--coordinator', network.origin);

/** The command runs until so many bytes reached nodes, and is then ended. */
async function endAfter(bytes: number, run: ReturnType<typeof start>, signal: NodeJS.Signals): Promise<void> {
  const until = receivedBytes() + bytes;
  await vi.waitUntil(() => receivedBytes() >= until || run.child.exitCode !== null, { timeout: 60_000, interval: 2 });
  expect(run.child.exitCode, `it ended by itself: ${run.stderr()}`).toBeNull();
  run.child.kill(signal);
  await run.closed;
}

const unfinished = async () => (await folderSendStore(stateFolder(process.env)).list()).filter(({ upload }) => upload !== null);
const failure = async (...args: readonly string[]): Promise<ErrorCode> => {
  const { stdout } = await runCommand(['send', ...args, '--json']);
  return (JSON.parse(stdout) as { error: { code: ErrorCode } }).error.code;
};
async function expectWhole(link: string): Promise<void> {
  const { files } = await runJson<GetAnswer>('get', link, '--out', await network.newFolder());
  expect(files).toEqual([{ path: 'file.bin', bytes: content.length, sha256 }]);
}

test(`a send that is killed at ${KILLS} random moments arrives whole, and no kill makes nodes receive more than a segment twice`, async () => {
  const file = await newFile();
  const before = receivedBytes();
  const first = startSending(file);
  await endAfter(1 + Math.random() * 3_000_000, first, 'SIGKILL');
  const link = first.stdout().trim();
  expect(link, 'the link stands there before the first byte').toMatch(/^http\S+\/d\/\S+#\S+$/);
  for (let kill = 1; kill < KILLS; kill++) {
    expect(await unfinished()).toMatchObject([{ links: [{ link }], upload: { state: 'sending' } }]);
    await endAfter(1 + Math.random() * 3_000_000, start('--resume'), 'SIGKILL');
  }
  const resumed = await runJson<SendAnswer>('send', '--resume', link);
  expect(resumed.link).toBe(link);
  const overhead = 1_000_000; // frames, headers and orders of eleven runs
  expect(receivedBytes() - before).toBeLessThan(sentOnceBytes + KILLS * segmentBytes + overhead);
  expect(await unfinished()).toEqual([]);
  expect(await folderVault(stateFolder(process.env)).names('uploads/')).toEqual([]);
  await expectWhole(link);
});

test('a send whose session ends says how it goes on, and its recipients that it pauses', async () => {
  const file = await newFile();
  const run = startSending(file);
  await endAfter(8_000_000, run, 'SIGTERM');
  const link = run.stdout().trim();
  const [record] = await unfinished();
  expect(run.stderr()).toContain(`send --resume ${record!.transferId}`);
  const { status } = await openTransfer(link, nodeDeps());
  expect(status).toMatchObject({ state: 'uploading', sender: 'paused' });

  const another = startSending(file);
  await vi.waitUntil(() => another.stdout().includes('\n'), { timeout: 60_000, interval: 10 });
  another.child.kill('SIGINT');
  await another.closed;
  expect(another.stderr()).toContain(`An earlier send of file.bin is not finished`);
  expect(await unfinished(), 'Ctrl-C withdraws').toEqual([record]);

  await runJson('send', '--resume', record!.transferId);
  await expectWhole(link);
});

describe('a file that changed before its send was resumed', () => {
  async function interrupted(): Promise<{ file: string; link: string; transferId: string }> {
    const file = await newFile();
    const run = startSending(file);
    await endAfter(12_000_000, run, 'SIGKILL');
    const link = run.stdout().trim();
    return { file, link, transferId: (await unfinished())[0]!.transferId };
  }
  const changed: [string, (file: string) => Promise<void>][] = [
    ['in a byte that was sent, and passes for unchanged', (file) => writeFile(file, content.with(1000, content[1000]! ^ 1)).then(() => utimes(file, MODIFIED, MODIFIED))],
    ['in its size', (file) => writeFile(file, content.subarray(1))],
    ['in its time', (file) => utimes(file, 1, 1)],
  ];
  test.each(changed)('%s is refused before a byte leaves, and goes on once it is back', async (_, change) => {
    const { file, link, transferId } = await interrupted();
    await change(file);
    const before = storeConnections();
    expect(await failure('--resume', transferId)).toBe('file_changed');
    expect(storeConnections() - before).toBe(0);
    await writeFile(file, content);
    await utimes(file, MODIFIED, MODIFIED);
    await runJson('send', '--resume', transferId);
    await expectWhole(link);
  });

  test('and cannot be read any more is said to be that', async () => {
    const { file, transferId } = await interrupted();
    await rm(file);
    expect(await failure('--resume', transferId)).toBe('file_unreadable');
    const [record] = await unfinished();
    await fetch(`${network.origin}/api/transfers/${transferId}`, { method: 'DELETE', headers: { Authorization: `Shardsend-Owner ${record!.ownerToken}` } });
    await writeFile(file, content);
    expect(await failure('--resume', transferId)).toBe('transfer_revoked');
  });
});

test('a send that was finished without this machine hearing of it is found to be so, with its journal and its files gone', async () => {
  pace(null);
  const file = await newFile();
  const sent = await runJson<SendAnswer>('send', file, '--coordinator', network.origin);
  await rm(file);
  const { transferId, link, bytes } = sent;
  await folderSendStore(stateFolder(process.env)).update(transferId, (record) => ({ ...record, upload: { state: 'sending' } }));
  expect(await runJson<SendAnswer>('send', '--resume', transferId)).toMatchObject({ link, transferId, bytes, sentBytes: 0, relaxed: null });
  expect((await unfinished()).map((record) => record.transferId)).not.toContain(transferId);
  await expectWhole(link);
});
