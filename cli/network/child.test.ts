import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Child } from './child.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'shardsend-child-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Says that it is ready, and ends; a program that it started hears of that by the end of its input, and then still has a line to write. */
const PROGRAM = `
  const { spawn } = require('node:child_process');
  const late = "process.stdin.on('end', () => process.stdout.write('after its end\\\\n')).resume()";
  const other = spawn(process.execPath, ['-e', late], { stdio: ['pipe', 'inherit', 'inherit'] });
  other.once('spawn', () => {
    process.stdout.write('ready\\n', () => process.exit(7));
  });
`;

it('logs what its programs still write when it has ended', async () => {
  const logFile = path.join(folder, 'log');
  const lost = Promise.withResolvers<string>();
  await Child.start({ name: 'a program', args: ['-e', PROGRAM], logFile, isReady: (line) => line === 'ready', onLost: lost.resolve });
  expect(await lost.promise).toBe('7');
  await vi.waitFor(async () => expect(await readFile(logFile, 'utf8')).toBe('ready\nafter its end\n'), { timeout: 30_000 });
});

it('is not ready where it ends before it said so, and says where to look', async () => {
  const logFile = path.join(folder, 'log');
  const starting = Child.start({ name: 'a program', args: ['-e', 'process.exit(3)'], logFile, isReady: () => true, onLost: () => undefined });
  await expect(starting).rejects.toThrow(`a program ended before it was ready (3); see ${logFile}`);
});
