/**
 * Two complaints of those who use storage networks: one slow node stalls an upload, and slow uplinks of homes hold a
 * download back. Here three nodes of 24 are ten times slower: a transfer loses the moment in which they are found out,
 * and one that is long beside that moment hardly more.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { noise } from '../support/memory-files.ts';
import { PacedNetwork } from './slow-nodes.ts';

/** Whoever waits for the slow ones takes eight times as long. */
const MOST_OF_THE_USUAL_TIME = 2.5;
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

const short = noise(1, 60_000_000);
let link: string;

test('complaint "one slow node stalls an upload": three that are asked first cost a moment', async () => {
  const usual = await paced.upload(short, false);
  const slowed = await paced.upload(short, true);
  link = usual.link;
  expect(slowed.ms / usual.ms).toBeLessThan(MOST_OF_THE_USUAL_TIME);
});

test('complaint "slow home uplinks": a download that begins with three of them is not held back by them', async () => {
  const usual = await paced.download(link, false);
  const slowed = await paced.download(link, true);
  expect(slowed.content.equals(short)).toBe(true);
  expect(slowed.ms / usual.ms).toBeLessThan(MOST_OF_THE_USUAL_TIME);
});

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
