/** `get` that is killed, or stopped by hand: the same command goes on, and no name ever stands for half a file. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { openNote } from '../../shared/client/download-note.ts';
import { parseLink } from '../../shared/protocol/index.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { memoryFile, noise, send } from '../support/memory-files.ts';
import { runCommand, untilHardened } from '../support/network.ts';

/** Text of a segment of 3 of 6. */
const SEGMENT_BYTES = 3 * 4 * 262_128;
const SLOW_BYTES_PER_SECOND = 1_500_000;
const SOON = { timeout: 60_000, interval: 50 };
const deps = nodeDeps();
const contents = { 'first.bin': noise(1, 5_000_000), 'second.bin': noise(2, 35_000_000), 'empty.bin': noise(3, 0) };
const totalBytes = 40_000_000;

let network: FaultNetwork;
let link: string;
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 6, lines: true });
  ({ link } = await send(
    network.origin,
    Object.entries(contents).map(([name, bytes]) => memoryFile(name, bytes)),
    deps,
  ));
  await untilHardened(link, deps);
});
afterAll(() => network?.stop());

const fetchedBytes = (): number => network.nodes.reduce((sum, { line }) => sum + line!.fromTarget.bytes, 0);
const pace = (bytesPerSecond: number | null): void => network.nodes.forEach(({ line }) => (line!.fromTarget.bytesPerSecond = bytesPerSecond));

/** @returns whole segments that are noted in the folder; 0 before there is a note. */
async function notedSegments(folder: string): Promise<number> {
  const name = (await readdir(folder)).find((one) => one.endsWith('.note'));
  const sealed = name === undefined ? null : await readFile(path.join(folder, name));
  return sealed === null ? 0 : ((await openNote(new Uint8Array(sealed), parseLink(link)))?.segments ?? 0);
}

async function expectWhole(folder: string): Promise<void> {
  expect((await readdir(folder)).toSorted()).toEqual(Object.keys(contents).toSorted());
  for (const [name, bytes] of Object.entries(contents)) expect((await readFile(path.join(folder, name))).equals(bytes)).toBe(true);
}

test.each(['SIGKILL', 'SIGTERM'] as const)('goes on after %s, and fetches only what is missing', async (killSignal) => {
  const folder = await network.newFolder();
  const stop = new AbortController();
  pace(SLOW_BYTES_PER_SECOND);
  const killed = runCommand(['get', link, '--out', folder], { signal: stop.signal, killSignal }).catch((error: unknown) => error);
  await vi.waitUntil(async () => (await notedSegments(folder)) >= 2, SOON);
  stop.abort();
  await killed;
  await vi.waitUntil(async () => killSignal === 'SIGKILL' || !(await readdir(folder)).some((name) => name.endsWith('.lock')), SOON);
  const names = await readdir(folder);
  expect(names.every((name) => name.startsWith('.'))).toBe(true);
  expect(names.join(), 'nothing that tells what is fetched').not.toMatch(/first|second|empty/);
  const noted = await notedSegments(folder);
  const before = fetchedBytes();
  pace(null);
  const { code, stderr, stdout } = await runCommand(['get', link, '--out', folder, '--json']);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('are here already');
  await expectWhole(folder);
  expect(fetchedBytes() - before).toBeLessThan(totalBytes - noted * SEGMENT_BYTES + 2 * SEGMENT_BYTES);
  const { files } = JSON.parse(stdout) as { files: { path: string; sha256: string }[] };
  const digests = Object.fromEntries(
    await Promise.all(Object.entries(contents).map(async ([name, bytes]) => [name, Buffer.from(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes))).toString('hex')])),
  );
  expect(Object.fromEntries(files.map(({ path: name, sha256 }) => [name, sha256]))).toEqual(digests);
});

test('another at the same time fetches on its own', async () => {
  const folder = await network.newFolder();
  const [one, two] = await Promise.all([runCommand(['get', link, '--out', folder]), runCommand(['get', link, '--out', folder])]);
  expect([one.code, two.code]).toEqual([0, 0]);
  expect((await readdir(folder)).toSorted()).toEqual(
    Object.keys(contents)
      .flatMap((name) => [name, name.replace('.bin', ' (2).bin')])
      .toSorted(),
  );
});
