/** Three slow nodes and a transfer that is long beside the moment in which they are found out. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { noise } from '../support/memory-files.ts';
import { PacedNetwork } from './slow-nodes.ts';

/**
 * Of the usual time. A sender finds the slow ones out once. A recipient has three segments under way, each of which finds
 * them out, and its usual nodes are the very ten that it needs: whatever one of them lacks is waited for.
 */
const LONGEST = { sending: 1.15, receiving: 1.5 };

let network: FaultNetwork;
let paced: PacedNetwork;
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 24, lines: true });
  paced = new PacedNetwork(network, nodeDeps());
});
afterAll(() => network?.stop());

test('with three of 24 nodes ten times slower, 400 MB take at most 15% longer to send, and half as long again to receive', async () => {
  const content = noise(1, 400_000_000);
  const usual = await paced.upload(content, false);
  const slowed = await paced.upload(content, true);
  expect(slowed.ms / usual.ms, 'sending').toBeLessThan(LONGEST.sending);
  const usually = await paced.download(usual.link, false);
  const slowly = await paced.download(usual.link, true);
  expect(slowly.content.equals(content)).toBe(true);
  expect(slowly.ms / usually.ms, 'receiving').toBeLessThan(LONGEST.receiving);
});
