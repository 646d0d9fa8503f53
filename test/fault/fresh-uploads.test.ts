/** Complaint "fresh uploads cannot be retrieved for hours": a link is good from the moment in which `send` returned. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { openTransfer } from '../../shared/client/index.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { memoryFile, noise, receive, seatsOf, send } from '../support/memory-files.ts';
import { untilHardened } from '../support/network.ts';

let network: FaultNetwork;
const deps = nodeDeps();
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 24 });
});
afterAll(() => network?.stop());
afterEach(() => network.heal());

/** Three segments. */
const content = noise(1, 30_000_000);
async function expectBack(link: string): Promise<void> {
  expect((await receive(link, deps)).files.get('file.bin')!.equals(content)).toBe(true);
}

test('complaint "fresh uploads not retrievable": eight links in a row download at once after they were sent', async () => {
  for (let i = 0; i < 8; i++) {
    const note = content.subarray(i, i + 50_000);
    const { link } = await send(network.origin, [memoryFile('file.bin', note)], deps);
    expect((await receive(link, deps)).files.get('file.bin')!.equals(note)).toBe(true);
  }
});

test('complaint "fresh uploads not retrievable": as many nodes may be gone, right after sending, as the sender was promised', async () => {
  const { link, survives } = await send(network.origin, [memoryFile('file.bin', content)], deps);
  expect(survives).toBeGreaterThanOrEqual(4);
  // Whoever they are: also those that have the first shards, which a recipient asks first.
  const seats = await seatsOf(link, deps);
  await Promise.all(seats.slice(0, survives).map(({ url }) => network.nodeAt(url).kill()));
  await expectBack(link);
});

test('complaint "fresh uploads not retrievable": hardened, it bears as many losses as it says, wherever they fall', async () => {
  const { link } = await send(network.origin, [memoryFile('file.bin', content)], deps);
  await expectBack(link);
  await untilHardened(link, deps);
  const { status } = await openTransfer(link, deps);
  expect(status.survives).toBe(status.totalShards - status.requiredShards);
  const seats = await seatsOf(link, deps);
  for (const lost of [seats.slice(0, status.survives), seats.slice(-status.survives)]) {
    await Promise.all(lost.map(({ url }) => network.nodeAt(url).kill()));
    await expectBack(link);
    await network.heal();
  }
});
