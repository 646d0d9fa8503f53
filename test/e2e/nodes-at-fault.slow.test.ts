/** Downloads in a page while nodes die and lie. */
import { open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { parseShardHeader, SHARD_HEADER_BYTES, type ShardHeader } from '../../node/store/shard-header.ts';
import { webDeps } from '../../shared/client/index.ts';
import { equalBytes, parseLink, type TransferId } from '../../shared/protocol/index.ts';
import { say, sentenceOf } from '../../shared/ui/messages.ts';
import { TestBrowser } from '../support/browser.ts';
import { untilHardened } from '../support/network.ts';
import { RecordingProxy } from '../support/recording-proxy.ts';
import { sha256Of, startStage, type Stage } from './stage.ts';
import { button, sendFiles, untilHeading, download } from './steps.ts';

const NODES = 24;
/** k of 24. */
const REQUIRED = 10;
/** 16 MB a node: more than sockets and their proxy buffer, so that a killed node is missed. */
const FILE_BYTES = 160_000_000;

let stage: Stage;
let proxy: RecordingProxy;
let browser: TestBrowser;
let source: string;
let link: string;

beforeAll(async () => {
  stage = await startStage(NODES);
  proxy = await RecordingProxy.start();
  source = await stage.newFile('film.mp4', FILE_BYTES);
});
afterAll(async () => {
  await proxy?.stop();
  await stage?.stop();
});
beforeEach(async () => {
  browser = await TestBrowser.launch({ proxy: proxy.url });
  const page = await browser.newPage();
  link = await sendFiles(page, stage.origin, [source]);
  await untilHardened(link, webDeps());
  await page.close();
});
afterEach(() => browser.close());

test('one that serves flipped bytes is found out, passed by, and counted', async () => {
  const { transferId } = parseLink(link);
  let flipped = 0;
  for (const node of stage.network.nodes) {
    for (const { file, header } of await shardsIn(node.dataDir, transferId)) {
      // The node that is asked first.
      if (header.shardIndex !== 0) continue;
      await flipByte(file, SHARD_HEADER_BYTES + Math.floor(header.shardBytes / 2));
      flipped++;
    }
  }
  expect(flipped).toBeGreaterThan(0);
  const page = await browser.open(link);
  const { file } = await download(page);
  expect(await sha256Of(file)).toBe(await sha256Of(source));
  await page.getByText(say('received.problems', 1)).waitFor();
});

test('killed in the middle, as many as may be lost: every byte arrives; one more: an error, and nothing that looks whole', async () => {
  const page = await browser.open(link);
  const held = proxy.holdAnswers(({ url }) => url.includes('/v1/shards'), 1_300_000);
  const started = page.waitForEvent('download');
  await button(page, say('receive.download')).click();
  await held.reached;
  const serving = new Set(proxy.requests.filter(({ url }) => url.includes('/v1/shards')).map(({ url }) => new URL(url).origin));
  const doomed = stage.network.nodes.toSorted((a, b) => Number(serving.has(b.url)) - Number(serving.has(a.url))).slice(0, NODES - REQUIRED);
  await Promise.all(doomed.map((node) => node.kill()));
  held.release();
  const file = await (await started).path();
  await untilHeading(page, say('received.title'));
  expect(await sha256Of(file)).toBe(await sha256Of(source));
  await page.getByText(/storage nodes? answered badly/).waitFor();

  const oneMore = stage.network.nodes.find((node) => !doomed.includes(node));
  await oneMore!.kill();
  const again = page.waitForEvent('download').catch(() => null);
  await button(page, say('received.again')).click();
  await untilHeading(page, say('receiveFailed.title'));
  await page.getByText(sentenceOf('not_enough_shards')).waitFor();
  await page.close();
  const failed = await again;
  expect(failed === null || (await failed.failure()) !== null).toBe(true);
});

async function shardsIn(folder: string, transferId: TransferId): Promise<{ file: string; header: ShardHeader }[]> {
  const entries = await readdir(path.join(folder, 'shards'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const read = await Promise.all(files.map(async (file) => ({ file, header: parseShardHeader((await readFile(file)).subarray(0, SHARD_HEADER_BYTES)) })));
  return read.flatMap(({ file, header }) => (header && equalBytes(header.transferId, transferId) ? [{ file, header }] : []));
}

async function flipByte(file: string, at: number): Promise<void> {
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  byte[0]! ^= 1;
  await handle.write(byte, 0, 1, at);
  await handle.close();
}
