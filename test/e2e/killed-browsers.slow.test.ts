/**
 * A Chromium that is killed again and again in the middle of a large transfer, and started again with its profile. What
 * was lost each time is counted where the nodes are: in lines before them, and on their disks.
 */
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { TransferLayout, contentBytesOf, redundancyFor } from '../../shared/protocol/index.ts';
import { say } from '../../shared/ui/messages.ts';
import { Random } from '../simulation/random.ts';
import { choose, downloadTo, press, untilHeading, untilSaved, untilSent } from '../support/chromium-steps.ts';
import { Chromium, type Page } from '../support/chromium.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { sha256OfFile, writeLargeFile } from '../support/large-file.ts';
import { runCommand, untilHardened } from '../support/network.ts';
import { newProfile, type Profile } from '../support/webdriver.ts';

const NODES = 24;
const KILLS = 10;
const FILE_BYTES = Number(process.env['SHARDSEND_TEST_BYTES'] ?? 5_000_000_000);
const NAME = 'large.bin';
/** Decides the moments; printed, so that a run can be had again. */
const SEED = Number(process.env['SHARDSEND_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));

/**
 * Of each of the ten nodes' lines to a recipient, 120 Mbit/s together: what comes waits for the network, and not in the
 * sockets and in the memory of a machine that cannot write it as fast.
 */
const LINE_BYTES_PER_SECOND = 1_500_000;
const REACHED = { timeout: 10 * 60_000, interval: 2 };

const { requiredShards, safeShards } = redundancyFor(NODES);
const layout = new TransferLayout(contentBytesOf(FILE_BYTES), requiredShards);
const { shardBytes } = layout.segment(0);
const draws = new Random(SEED);

let network: FaultNetwork;
let profile: Profile;
let browser: Chromium;
let source: string;
let sha256: string;
/** Of what the first test sent, for the second to receive. */
let link: string | null = null;

beforeAll(async () => {
  console.log(`moments drawn from seed ${SEED}`);
  network = await FaultNetwork.start({ nodes: NODES, lines: true });
  source = path.join(await network.newFolder(), NAME);
  sha256 = await writeLargeFile(source, FILE_BYTES);
});
afterAll(() => network?.stop());
beforeEach(async () => {
  profile = await newProfile('chromium');
  browser = await Chromium.launch([], profile.folder);
});
afterEach(async () => {
  await browser.close();
  await profile.remove();
});

/** Ascending, anywhere in so many bytes. */
const drawMoments = (bytes: number): number[] => Array.from({ length: KILLS }, () => Math.floor(draws.next() * bytes)).toSorted((a, b) => a - b);

/** The whole browser, as a machine that runs out of memory would end it. */
async function killAndStartAgain(): Promise<void> {
  await browser.close(); // SIGKILL to its group; the profile stays
  browser = await Chromium.launch([], profile.folder);
}

const toNodes = (): number => network.nodes.reduce((sum, { line }) => sum + line!.toTarget.bytes, 0);

/** What recipients were sent so far, of shards and frames. */
const fromNodes = (): number => network.nodes.reduce((sum, { line }) => sum + line!.fromTarget.bytes, 0);

async function shardsOnDisks(transferId: string): Promise<number> {
  const files = await Promise.all(network.nodes.map((node) => node.shardFiles(transferId)));
  return files.flat().length;
}

test(`a page whose browser is killed at ${KILLS} random moments sends 5 GB, and no kill makes nodes receive more than a segment twice`, async () => {
  let transferId = '';
  let atComplete: number | null = null;
  network.line!.watcher = async (request, moment) => {
    const [, id, action] = /^\w+ \/api\/transfers\/([\w-]{22})(\/\w+)?$/.exec(request) ?? [];
    transferId ||= id ?? '';
    // Nodes harden from then on, by the same lines.
    if (moment === 'asked' && action === '/complete') atComplete = toNodes();
  };
  const before = toNodes();
  let page = await choose(browser, network.origin, source);
  await press(page, say('send.start'));
  let [passed, stored] = [before, 0];
  const lost: number[] = [];
  for (const moment of drawMoments(safeShards * layout.shardBytesPerNode)) {
    await vi.waitUntil(() => toNodes() > Math.max(passed, before + moment), REACHED);
    await killAndStartAgain();
    const now = { passed: toNodes(), stored: await shardsOnDisks(transferId) };
    lost.push(now.passed - passed - (now.stored - stored) * shardBytes);
    ({ passed, stored } = now);
    page = await openUnfinished();
  }
  link = await untilSent(page);
  const all = atComplete! - before - safeShards * layout.shardBytesPerNode;
  console.log(`sent twice, in segments: ${inSegments(lost, safeShards)}; with shards that were sent to other nodes as well: ${inSegments([all], safeShards)}`);
  for (const bytes of lost) expect(wholeSegments(bytes, safeShards)).toBeLessThanOrEqual(1);
  expect(all).toBeLessThanOrEqual(KILLS * safeShards * shardBytes);
});

test(`a page whose browser is killed at ${KILLS} random moments receives 5 GB unchanged, and no kill makes it fetch more than a segment twice`, async () => {
  const received = link ?? (await sendByCommand());
  await untilHardened(received, nodeDeps());
  let first: number | null = null;
  for (const { line } of network.nodes) {
    line!.fromTarget.bytesPerSecond = LINE_BYTES_PER_SECOND;
    line!.watcher = async (request) => {
      const from = /^GET \/v1\/shards\?from=(\d+)/.exec(request)?.[1];
      if (from !== undefined) first = Math.min(first ?? Infinity, Number(from));
    };
  }
  const downloads = path.join(await network.newFolder(), 'downloads');
  const before = fromNodes();
  let passed = before;
  /** Of each run: the segment that it began with, and how far in the transfer's data shards it came, in bytes. */
  const wentOnAt: number[] = [];
  const fetchedTo: number[] = [];
  for (const moment of [...drawMoments(requiredShards * layout.shardBytesPerNode), null]) {
    first = null;
    await downloadTo(browser, downloads);
    const page = await browser.open(received);
    await untilHeading(page, say('receive.title', 1));
    await page.evaluate(`[...document.querySelectorAll('button')].find(({ innerText }) => /^(${say('receive.download')}|Continue .*)$/.test(innerText.trim())).click()`);
    if (moment === null) await untilHeading(page, say('received.title'));
    else await vi.waitUntil(() => first !== null && fromNodes() > Math.max(passed, before + moment), REACHED);
    if (moment !== null) await killAndStartAgain();
    wentOnAt.push(first!);
    fetchedTo.push(first! * requiredShards * shardBytes + fromNodes() - passed);
    passed = fromNodes();
  }
  const twice = wentOnAt.slice(1).map((at, i) => fetchedTo[i]! - at * requiredShards * shardBytes);
  console.log(`fetched twice, in segments: ${inSegments(twice, requiredShards)}; went on at segments ${wentOnAt.slice(1).join(', ')} of ${layout.segmentCount}`);
  for (const bytes of twice) expect(wholeSegments(bytes, requiredShards)).toBeLessThanOrEqual(1);
  const saved = await untilSaved(downloads, NAME, FILE_BYTES);
  expect(await sha256OfFile(saved)).toBe(sha256);
});

/** @returns the link. */
async function sendByCommand(): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['send', source, '--coordinator', network.origin]);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

/** The page of a sender who comes back. */
async function openUnfinished(): Promise<Page> {
  const page = await browser.open(network.origin);
  // Its picker of handles would ask a screen that is not there.
  await page.evaluate('void delete globalThis.showOpenFilePicker');
  await page.answerChooser([source], () => press(page, say('unfinished.continue', NAME)));
  return page;
}

const wholeSegments = (bytes: number, shards: number): number => Math.floor(bytes / shards / shardBytes);
const inSegments = (bytes: readonly number[], shards: number): string => bytes.map((one) => (one / shards / shardBytes).toFixed(2)).join(', ');
