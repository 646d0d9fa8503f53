/** What has expired goes by each node's own clock, whoever is there to say so. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { openTransfer, sendTransfer } from '../../shared/client/index.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { memoryFile, noise, send } from '../support/memory-files.ts';
import { untilHardened } from '../support/network.ts';

const NODES = 6;
const SHORTEST_LIFE_SECONDS = 300;

let network: FaultNetwork;
const deps = nodeDeps();
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: NODES });
});
afterAll(() => network?.stop());

test('expired shards are deleted without a coordinator, and by a node that was away as soon as it is back; others stay', async () => {
  const files = [memoryFile('file.bin', noise(1, 1_000_000))];
  const sent = await sendTransfer({ files, options: { coordinator: network.origin, expiresInSeconds: SHORTEST_LIFE_SECONDS, downloadLimit: null } }, deps);
  const kept = await send(network.origin, files, deps);
  for (const { link } of [sent, kept]) await untilHardened(link, deps);
  const onDisks = async (transferId: string): Promise<number[]> => Promise.all(network.nodes.map(async (node) => (await node.shardFiles(transferId)).length));
  expect(await onDisks(sent.transferId)).toEqual(Array.from({ length: NODES }, () => 1));

  await network.killCoordinator();
  await network.nodes[0]!.kill();
  await vi.waitUntil(async () => (await onDisks(sent.transferId)).slice(1).every((shards) => shards === 0), { timeout: (SHORTEST_LIFE_SECONDS + 120) * 1000, interval: 500 });
  expect(Date.now()).toBeGreaterThan(sent.expiresAtMs);
  expect((await onDisks(sent.transferId))[0], 'on the node that is away').toBe(1);

  await network.coordinator.start();
  await expect(openTransfer(sent.link, deps)).rejects.toMatchObject({ code: 'transfer_expired' });
  await network.nodes[0]!.start();
  await vi.waitUntil(async () => (await onDisks(sent.transferId))[0] === 0, { timeout: 60_000, interval: 200 });
  expect(await onDisks(kept.transferId)).toEqual(Array.from({ length: NODES }, () => 1));
});
