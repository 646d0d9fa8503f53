/** Nodes without room, before and after the coordinator knows. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import type { ClientDeps, SendResult } from '../../shared/client/index.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { memoryFile, noise, receive, send } from '../support/memory-files.ts';
import { runCommand, untilHardened } from '../support/network.ts';

const deps = nodeDeps();
let network: FaultNetwork | null = null;
afterEach(async () => {
  await network?.stop();
  network = null;
});

/** An upload whose nodes are chosen now, but which does not begin before it is told to. */
function placeNow(origin: string, bytes: Uint8Array): { begin: () => void; placed: Promise<void>; sent: Promise<SendResult> } {
  const placed = Promise.withResolvers<void>();
  const begin = Promise.withResolvers<void>();
  const waiting: ClientDeps = {
    ...deps,
    async fetch(input, init) {
      const response = await deps.fetch(input, init);
      if (init?.method === 'PUT' && !input.endsWith('/manifest')) {
        placed.resolve();
        await begin.promise;
      }
      return response;
    },
  };
  return { begin: begin.resolve, placed: placed.promise, sent: send(origin, [memoryFile('file.bin', bytes)], waiting) };
}

test('a node that fills up meanwhile is said to be full, and the others are used', async () => {
  // k is 4 of 10, six are safe: four may be full. They have room for one of the two transfers.
  const small = 4;
  network = await FaultNetwork.start({ nodes: 10, flags: (i) => (i < small ? ['--capacity', '1500KiB'] : []) });
  const bytes = noise(1, 4_000_000);
  const second = placeNow(network.origin, bytes);
  await second.placed;
  const first = await send(network.origin, [memoryFile('file.bin', bytes)], deps);
  await untilHardened(first.link, deps);

  second.begin();
  const { link, problems } = await second.sent;
  const full = network.nodes.slice(0, small);
  const refusals = await Promise.all(full.map(async (node) => [node.url, await node.metric('refused_total{code="node_full"}')] as const));
  const asked = refusals.filter(([, count]) => count > 0).map(([url]) => url);
  expect(problems.map(({ url, code }) => `${url} ${code}`).toSorted()).toEqual(asked.map((url) => `${url} node_full`).toSorted());
  expect((await receive(link, deps)).files.get('file.bin')!.equals(bytes)).toBe(true);
  expect((await receive(first.link, deps)).files.get('file.bin')!.equals(bytes)).toBe(true);
});

test('when too many are full, an upload that had its nodes says so at once, a new one that the network is too small', async () => {
  network = await FaultNetwork.start({ nodes: 4, flags: () => ['--capacity', '1500KiB'] });
  const bytes = noise(1, 2_000_000);
  const second = placeNow(network.origin, bytes);
  await second.placed;
  const first = await send(network.origin, [memoryFile('file.bin', bytes)], deps);
  await untilHardened(first.link, deps);
  second.begin();
  await expect(second.sent).rejects.toMatchObject({ code: 'not_enough_nodes', message: expect.stringContaining('node_full') as string });

  const source = path.join(await network.newFolder(), 'file.bin');
  await writeFile(source, bytes);
  const { origin } = network;
  const answer = await vi.waitUntil(
    async () => {
      const { code, stdout } = await runCommand(['send', source, '--json', '--coordinator', origin]);
      const { error } = JSON.parse(stdout) as { error: { code: string } };
      // Until the nodes have said how much is left, they are chosen and then refuse.
      return error.code === 'not_enough_nodes' ? null : { code, error };
    },
    { timeout: 60_000, interval: 100 },
  );
  expect(answer).toMatchObject({ code: 1, error: { code: 'network_too_small' } });
  expect((await receive(first.link, deps)).files.get('file.bin')!.equals(bytes)).toBe(true);
});
