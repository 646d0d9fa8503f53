/**
 * Two complaints of those who use storage networks: one slow node stalls an upload, and slow uplinks of homes hold a
 * download back. Here three nodes of 24 are ten times slower, and a transfer loses the moment in which they are found
 * out: what that is beside a long one, slow-nodes.slow.test.ts shows.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { noise } from '../support/memory-files.ts';
import { PacedNetwork } from './slow-nodes.ts';

/** Whoever waits for the slow ones takes eight times as long. */
const MOST_OF_THE_USUAL_TIME = 2.5;

let network: FaultNetwork;
let paced: PacedNetwork;
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 24, lines: true });
  paced = new PacedNetwork(network, nodeDeps());
});
afterAll(() => network?.stop());

const content = noise(1, 60_000_000);
let link: string;

test('complaint "one slow node stalls an upload": three that are asked first cost a moment', async () => {
  const usual = await paced.upload(content, false);
  const slowed = await paced.upload(content, true);
  link = usual.link;
  expect(slowed.ms / usual.ms).toBeLessThan(MOST_OF_THE_USUAL_TIME);
});

test('complaint "slow home uplinks": a download that begins with three of them is not held back by them', async () => {
  const usual = await paced.download(link, false);
  const slowed = await paced.download(link, true);
  expect(slowed.content.equals(content)).toBe(true);
  expect(slowed.ms / usual.ms).toBeLessThan(MOST_OF_THE_USUAL_TIME);
});
