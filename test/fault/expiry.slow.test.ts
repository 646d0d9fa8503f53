/** What has expired goes by each node's own clock, whoever is there to say so. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { openTransfer, sendTransfer, TransferControl } from '../../shared/client/index.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { memoryFile, noise, receive, send } from '../support/memory-files.ts';
import { untilHardened } from '../support/network.ts';

const NODES = 6;
const SHORTEST_LIFE_SECONDS = 300;

let network: FaultNetwork;
const deps = nodeDeps();
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: NODES });
});
afterAll(() => network?.stop());

test('a transfer that was extended outlives its first time, and one that was shortened is gone from every disk at its new one', async () => {
  const files = [memoryFile('file.bin', noise(2, 1_000_000))];
  const coordinator = network.origin;
  const sendFor = (expiresInSeconds: number) => sendTransfer({ files, options: { coordinator, expiresInSeconds, downloadLimit: null } }, deps);
  const extended = await sendFor(SHORTEST_LIFE_SECONDS);
  const shortened = await sendFor(7 * 24 * 3600);
  for (const { link } of [extended, shortened]) await untilHardened(link, deps);
  const controlOf = ({ transferId, ownerToken }: typeof extended) => new TransferControl({ coordinator, transferId, ownerToken }, deps);
  const onDisks = async (transferId: string): Promise<number[]> => Promise.all(network.nodes.map(async (node) => (await node.shardFiles(transferId)).length));

  expect((await controlOf(extended).extend(24 * 3600)).expiresAtMs).toBeGreaterThan(extended.expiresAtMs);
  const { expiresAtMs } = await controlOf(shortened).extend(SHORTEST_LIFE_SECONDS);
  expect(expiresAtMs).toBeLessThan(shortened.expiresAtMs);
  // The clock is every node's own: that of the machine.
  await vi.waitUntil(async () => (await onDisks(shortened.transferId)).every((shards) => shards === 0), { timeout: (SHORTEST_LIFE_SECONDS + 120) * 1000, interval: 500 });
  expect(Date.now()).toBeGreaterThan(Math.max(extended.expiresAtMs, expiresAtMs));
  await expect(openTransfer(shortened.link, deps)).rejects.toMatchObject({ code: 'transfer_expired' });
  expect(await onDisks(extended.transferId)).toEqual(Array.from({ length: NODES }, () => 1));
  const { status } = await openTransfer(extended.link, deps);
  expect(status.survives).toBe(NODES - status.requiredShards);
  expect((await receive(extended.link, deps)).files.get('file.bin')).toEqual(noise(2, 1_000_000));
});

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
