/** What a transfer costs its sender and the coordinator, counted where their bytes pass and where requests are logged. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { contentBytesOf } from '../../shared/protocol/index.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { Uplink } from '../support/line.ts';
import { memoryFile, noise, receive, send } from '../support/memory-files.ts';
import { untilHardened } from '../support/network.ts';

const MIB = 2 ** 20;
const COMMITS = 'POST /:id/segments';
const FETCH_ORDERS = 'POST /:id/fetch-orders';
/** Of nineteen segments, each of which would ask once if orders did not outlast a segment. */
const MOST_DETOURS = 3;
const PRESENCE = 'POST /:id/presence';

let network: FaultNetwork;
const deps = nodeDeps();
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 24, lines: true });
});
afterAll(() => network?.stop());

/** Everything that the coordinator said and heard: at its own port, and over the connections to nodes that are neither a client's nor a rebuilder's. */
function coordinatorBytes(): number {
  const toNodes = network.nodes.flatMap(({ line }) => line!.connections).filter(({ opening }) => !/^GET \/v1\/(store|shards)/.test(opening));
  return [...network.line!.connections, ...toNodes].reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Requests that concern transfers, by method and route. */
async function transferRequests(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { event, method, route } of await network.coordinatorLog()) {
    if (event !== 'request' || route?.startsWith('/api/transfers') !== true) continue;
    const name = `${method} ${route.slice('/api/transfers'.length)}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

test('a hardened upload of 100 MB costs its sender at most 1.45 times the file, and the coordinator moves under a hundredth of it', async () => {
  const content = noise(1, 100_000_000);
  const uplink = await Uplink.to([network.origin, ...network.nodes.map(({ url }) => url)], deps);
  const before = coordinatorBytes();
  const { link } = await send(network.origin, [memoryFile('file.bin', content)], uplink.deps);
  await untilHardened(link, deps);
  await receive(link, deps);
  expect(uplink.toTarget.bytes).toBeGreaterThan(1.4 * content.length);
  expect(uplink.toTarget.bytes + uplink.fromTarget.bytes).toBeLessThan(1.45 * content.length);
  await uplink.close();

  // Sent, hardened, received once, and all the while the nodes' signs of life.
  expect(coordinatorBytes() - before).toBeLessThan(content.length / 100);
  // What nodes took in all shows that all 24 shards moved: it was not the coordinator.
  const stored = await Promise.all(network.nodes.map(async (node) => (await node.health()).usedBytes));
  expect(stored.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(2.4 * content.length);
});

test('a transfer twenty times as large asks the coordinator for nothing more but a commit for each 64 MiB or three seconds, and a sign of life every twenty', async () => {
  const requestsFor = async (bytes: number): Promise<Map<string, number>> => {
    const before = await transferRequests();
    const startedAtMs = deps.now();
    const { link } = await send(network.origin, [memoryFile('file.bin', noise(2, bytes))], deps);
    const seconds = (deps.now() - startedAtMs) / 1000;
    await receive(link, deps);
    const asked = new Map(Array.from(await transferRequests(), ([name, count]) => [name, count - (before.get(name) ?? 0)]));
    const full = Math.ceil(contentBytesOf(bytes) / (64 * MIB));
    expect(asked.get(COMMITS)).toBeGreaterThanOrEqual(full);
    expect(asked.get(COMMITS)).toBeLessThanOrEqual(full + Math.ceil(seconds / 3));
    expect(asked.get(PRESENCE) ?? 0).toBeLessThanOrEqual(Math.ceil(seconds / 20));
    return asked;
  };
  const [small, large] = [await requestsFor(10_000_000), await requestsFor(200_000_000)];
  // Hardening reports once for each 64 segments, whenever it is done.
  for (const requests of [small, large]) for (const name of [COMMITS, PRESENCE, 'POST /:id/rebuilds']) requests.delete(name);
  // A node that a busy machine kept waiting is gone around, with a fresh order (decision 0017).
  for (const requests of [small, large]) {
    expect(requests.get(FETCH_ORDERS) ?? 0).toBeLessThanOrEqual(MOST_DETOURS);
    requests.delete(FETCH_ORDERS);
  }
  expect(large).toEqual(small);
});
