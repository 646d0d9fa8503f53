/** Nodes are killed one after another until three quarters of those that a transfer was sent to are gone. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { networkSummarySchema, parseMessage, type NetworkSummary } from '../../shared/protocol/index.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { memoryFile, noise, receive, send } from '../support/memory-files.ts';
import { untilHardened } from '../support/network.ts';

const FIRST = 24;
const FRESH = 12;
const KILLED = 18;
/** Two more than a download needs: nobody waits for a repair that is not urgent. */
const FEWEST_HOLDERS = 12;
const SEGMENTS = 20;
/** What is gone for 12 epochs is lost: a minute here, half a day in a network whose epochs are hours. */
const EPOCH_MS = 6_000;

let network: FaultNetwork;
const deps = nodeDeps();
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: FIRST + FRESH, later: FRESH, clock: { heartbeatMs: 1_000, epochMs: EPOCH_MS, publishMs: 1_000 } });
});
afterAll(() => network?.stop());

test('200 MB stay byte for byte while 18 of their 24 nodes are killed and twelve new ones take their places', async () => {
  const content = noise(1, 200_000_000);
  const { link, transferId } = await send(network.origin, [memoryFile('file.bin', content)], deps);
  await untilHardened(link, deps);
  await Promise.all(network.nodes.slice(FIRST).map((node) => node.start()));
  const dead = new Set<number>();
  const expectBack = async (): Promise<void> => expect((await receive(link, deps)).files.get('file.bin')!.equals(content), `with ${dead.size} nodes gone`).toBe(true);
  const holders = async (): Promise<number[]> => {
    const held = await Promise.all(network.nodes.map((node) => node.shardFiles(transferId)));
    return held.flatMap((files, i) => (files.length === SEGMENTS && !dead.has(i) ? [i] : []));
  };
  expect(await holders()).toHaveLength(FIRST);

  let waits = 0;
  for (let i = 0; i < KILLED; i++) {
    if ((await holders()).length <= FEWEST_HOLDERS) {
      waits++;
      await vi.waitUntil(async () => (await holders()).length > FEWEST_HOLDERS, { timeout: 15 * 60_000, interval: 500 });
      await expectBack();
    }
    await network.nodes[i]!.kill();
    dead.add(i);
    if (i % 3 === 2) await expectBack();
  }
  expect(waits, 'it came to the last two').toBeGreaterThan(0);
  expect((await holders()).filter((i) => i >= FIRST).length, 'new nodes that hold it').toBeGreaterThanOrEqual(KILLED - FIRST + FEWEST_HOLDERS);

  const summary: NetworkSummary = parseMessage(networkSummarySchema, await (await fetch(`${network.origin}/api/network/summary`)).json());
  expect(summary.lastDay.repairs.shards).toBeGreaterThanOrEqual(SEGMENTS);
  await expectBack();
});
