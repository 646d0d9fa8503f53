/** `shardsend network` as a process: how it comes up, goes down, is killed, and comes up again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runCommand } from '../support/network.ts';
import { runJson, type GetAnswer, type SendAnswer } from './cli.ts';

interface Summary {
  readonly origin: string;
  readonly programs: readonly { readonly name: string; readonly url: string; readonly dataDir: string; readonly pid: number }[];
}

let base: string;
let data: string;
let running: ChildProcess | null = null;
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'shardsend-lifecycle-'));
  data = path.join(base, 'data');
});
afterEach(async () => {
  if (running?.exitCode === null && running.signalCode === null) {
    running.kill('SIGTERM');
    await once(running, 'exit');
  }
  running = null;
  await rm(base, { recursive: true, force: true });
});

/** @returns every line of stdout up to the ready one. */
async function start(...more: string[]): Promise<{ child: ChildProcess; lines: string[]; summary: Summary }> {
  const program = path.resolve(import.meta.dirname, '../../cli/main.ts');
  const child = spawn(process.execPath, [program, 'network', '--port', '0', '--nodes', '3', '--data', data, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  running = child;
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.startsWith('ready ')) break;
  }
  return { child, lines, summary: JSON.parse(await readFile(path.join(data, 'network.json'), 'utf8')) as Summary };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process
  }
}

test('says that it is ready, keeps each node in its folder, and ends all of them when asked to', async () => {
  const { child, lines, summary } = await start();
  expect(lines).toEqual([`ready ${summary.origin}`]);
  expect(summary.origin).toMatch(/^http:\/\/localhost:\d+$/);
  expect((await readdir(path.join(data, 'nodes'))).toSorted()).toEqual(['0', '1', '2']);
  const network = (await (await fetch(`${summary.origin}/api/network`)).json()) as { nodes: { online: number } };
  expect(network.nodes.online).toBe(3);
  // The seed signs every order: its owner alone may read it.
  expect((await stat(path.join(data, 'coordinator', 'seed'))).mode & 0o777).toBe(0o600);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(summary.programs.filter(({ pid }) => isAlive(pid))).toEqual([]);
  for (const { dataDir, name } of summary.programs) {
    if (name !== 'coordinator') expect(await readFile(path.join(dataDir, 'node.log'), 'utf8')).toContain('"event":"stopped"');
  }
});

test('comes up again as the same network, with what was sent', async () => {
  const first = await start();
  const keyOf = async (origin: string): Promise<unknown> => ((await (await fetch(`${origin}/api/network`)).json()) as { coordinatorKey: string }).coordinatorKey;
  const key = await keyOf(first.summary.origin);
  const source = path.join(base, 'file.txt');
  await writeFile(source, 'still here');
  const { link } = await runJson<SendAnswer>('send', source, '--coordinator', first.summary.origin);
  first.child.kill('SIGINT');
  await once(first.child, 'exit');

  const { port } = new URL(first.summary.origin);
  const second = await start('--port', port);
  expect(second.summary.origin).toBe(first.summary.origin);
  expect(await keyOf(second.summary.origin)).toBe(key);
  expect(second.summary.programs.map(({ url }) => url)).toEqual(first.summary.programs.map(({ url }) => url));
  expect((await runJson<GetAnswer>('get', link, '--out', path.join(base, 'out'))).files).toMatchObject([{ path: 'file.txt', bytes: 10 }]);
});

test('takes its programs along when it is killed', async () => {
  const { child, summary } = await start();
  child.kill('SIGKILL');
  await once(child, 'exit');
  await vi.waitUntil(() => !summary.programs.some(({ pid }) => isAlive(pid)), { timeout: 20_000 });
  await expect(fetch(summary.origin)).rejects.toThrow();
});

test('goes on when a node is lost', async () => {
  const { summary } = await start();
  process.kill(summary.programs[1]!.pid, 'SIGKILL');
  await vi.waitUntil(() => !isAlive(summary.programs[1]!.pid));
  expect((await fetch(`${summary.origin}/api/network`)).status).toBe(200);
  expect((await fetch(`${summary.programs[2]!.url}/v1/health`)).status).toBe(200);
});

test('refuses a folder in which one runs already', async () => {
  await start();
  const { code, stderr } = await runCommand(['network', '--port', '0', '--nodes', '3', '--data', data]);
  expect(code).toBe(1);
  expect(stderr).toContain('runs in this folder already');
});

test('starts in a folder whose summary was torn by a kill', async () => {
  await mkdir(data);
  await writeFile(path.join(data, 'network.json'), '{ "origin": "http://loc');
  const { summary } = await start();
  expect((await fetch(`${summary.origin}/api/network`)).status).toBe(200);
});

test('refuses a port that is taken, and too few nodes', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const taken = await runCommand(['network', '--port', String(port), '--nodes', '3', '--data', data]);
  server.close();
  expect(taken).toMatchObject({ code: 1, stdout: '' });
  expect(taken.stderr).toContain('--port');
  expect(await runCommand(['network', '--nodes', '2', '--data', data])).toMatchObject({ code: 2, stdout: '' });
});
