/** The coordinator is killed and started again with the same data while transfers are under way. */
import { writeFile, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { openTransfer, type ClientDeps } from '../../shared/client/index.ts';
import { encodeB64 } from '../../shared/protocol/index.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { memoryFile, MemorySink, noise, receive, seatsOf, send } from '../support/memory-files.ts';
import { runCommand, untilHardened } from '../support/network.ts';

let network: FaultNetwork;
const deps = nodeDeps();
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 24, proxies: 24 });
});
afterAll(() => network?.stop());
afterEach(() => network.heal());

const content = noise(1, 9 * 10_485_120);

/** Restarts the coordinator before, or instead of the answer to, the first request of this kind. */
function restartingAt(when: 'before' | 'after', method: string, endOfPath: RegExp): { deps: ClientDeps; restarts: () => number } {
  let restarts = 0;
  return {
    restarts: () => restarts,
    deps: {
      ...deps,
      async fetch(input, init) {
        const hit = restarts === 0 && (init?.method ?? 'GET') === method && endOfPath.test(input);
        if (hit) restarts++;
        if (hit && when === 'before') await network.restartCoordinator();
        const response = await deps.fetch(input, init);
        if (!hit || when === 'before') return response;
        await network.restartCoordinator();
        throw new TypeError('the answer was lost');
      },
    },
  };
}

async function expectBack(link: string, using: ClientDeps = deps): Promise<void> {
  expect((await receive(link, using)).files.get('file.bin')!.equals(content)).toBe(true);
}

describe('an upload completes when the coordinator is killed', () => {
  test.each<['before' | 'after', string, string, RegExp]>([
    ['after', 'it created the transfer', 'PUT', /\/api\/transfers\/[\w-]{22}$/],
    ['before', 'segments are committed', 'POST', /\/segments$/],
    ['after', 'it committed segments, and its answer is lost', 'POST', /\/segments$/],
    ['after', 'it took the manifest', 'PUT', /\/manifest$/],
    ['before', 'the transfer is complete', 'POST', /\/complete$/],
    ['after', 'it completed the transfer, and its answer is lost', 'POST', /\/complete$/],
  ])('%s %s', async (when, _, method, endOfPath) => {
    const restarting = restartingAt(when, method, endOfPath);
    // More than one commit where commits are what it is about.
    const bytes = endOfPath.test('/segments') ? content : content.subarray(0, 11_000_000);
    const { link } = await send(network.origin, [memoryFile('file.bin', bytes)], restarting.deps);
    expect(restarting.restarts()).toBe(1);
    expect((await receive(link, deps)).files.get('file.bin')!.equals(bytes)).toBe(true);
  });

  test('in the middle of reading, and hardening runs afterwards', async () => {
    let restarting = null as Promise<void> | null;
    const file = memoryFile('file.bin', content, async (offset, chunk) => {
      if (offset > 30_000_000) restarting ??= network.restartCoordinator();
      return chunk;
    });
    const { link } = await send(network.origin, [file], deps);
    await restarting;
    // Between complete and hardening, once more.
    await network.restartCoordinator();
    await untilHardened(link, deps);
    const seats = await seatsOf(link, deps);
    expect(seats).toHaveLength(24);
    await Promise.all(seats.slice(0, 14).map(({ url }) => network.nodeAt(url).kill()));
    await expectBack(link);
  });

  test('while nodes break off, whose new orders it must give', async () => {
    let restarting = null as Promise<void> | null;
    const file = memoryFile('file.bin', content, async (offset, chunk) => {
      if (offset < 30_000_000 || restarting) return chunk;
      await network.killCoordinator();
      for (const { proxy } of network.nodes) proxy!.cutAll();
      restarting = network.coordinator.start();
      return chunk;
    });
    const { link, problems } = await send(network.origin, [file], deps);
    await restarting;
    // What the coordinator did not answer is not the nodes' fault.
    expect([...new Set(problems.map(({ code }) => code))]).toEqual(['node_unreachable']);
    await expectBack(link);
  });
});

describe('a download is counted once when the coordinator is killed', () => {
  let link: string;
  let committed = 0;
  beforeAll(async () => {
    ({ link } = await send(network.origin, [memoryFile('file.bin', content)], deps, { downloadLimit: 100 }));
    await untilHardened(link, deps);
  });

  test.each<['before' | 'after', string, string, RegExp]>([
    ['before', 'the claim', 'POST', /\/claim$/],
    ['after', 'it gave the claim, and its answer is lost', 'POST', /\/claim$/],
    ['before', 'the segment table', 'GET', /\/segments\?from=0$/],
    ['before', 'the download counts', 'POST', /\/commit$/],
    ['after', 'it counted the download, and its answer is lost', 'POST', /\/commit$/],
  ])('%s %s', async (when, _, method, endOfPath) => {
    const restarting = restartingAt(when, method, endOfPath);
    await expectBack(link, restarting.deps);
    expect(restarting.restarts()).toBe(1);
    expect((await openTransfer(link, deps)).status.downloads).toEqual({ limit: 100, committed: ++committed, claimed: 0 });
  });

  test('in the middle of a stream, while nodes break off, whose new orders it must give', async () => {
    let restarting = null as Promise<void> | null;
    const sink = new MemorySink(async () => {
      if (restarting) return;
      restarting = network.restartCoordinator();
      for (const { proxy } of network.nodes) proxy!.cutAll();
    });
    const { files, problems } = await receive(link, deps, sink);
    await restarting;
    expect(files.get('file.bin')!.equals(content)).toBe(true);
    expect(problems.filter(({ code }) => code !== 'node_unreachable')).toEqual([]);
    expect((await openTransfer(link, deps)).status.downloads).toEqual({ limit: 100, committed: ++committed, claimed: 0 });
  });

  test('and a claim that was open keeps its place', async () => {
    const { link: once } = await send(network.origin, [memoryFile('file.bin', content.subarray(0, 5_000))], deps, { downloadLimit: 1 });
    const { api } = await openTransfer(once, deps);
    const claimId = encodeB64(deps.randomBytes(16));
    await api.claim(claimId);
    await network.restartCoordinator();
    await expect(receive(once, deps)).rejects.toMatchObject({ code: 'downloads_in_progress' });
    await api.release(claimId, []);
    await network.restartCoordinator();
    expect((await receive(once, deps)).files.get('file.bin')!.length).toBe(5_000);
    await expect(receive(once, deps)).rejects.toMatchObject({ code: 'transfer_used_up' });
  });
});

test('who sends right after a restart finds the network as it was', async () => {
  const folder = await network.newFolder();
  await writeFile(path.join(folder, 'note.txt'), 'here again');
  await network.restartCoordinator();
  const sent = await runCommand(['send', path.join(folder, 'note.txt'), '--json', '--coordinator', network.origin]);
  expect(sent).toMatchObject({ code: 0 });
  const out = await network.newFolder();
  const { link } = JSON.parse(sent.stdout) as { link: string };
  expect((await runCommand(['get', link, '--out', out])).code).toBe(0);
  expect(await readdir(out)).toEqual(['note.txt']);
  expect(await readFile(path.join(out, 'note.txt'), 'utf8')).toBe('here again');
});
