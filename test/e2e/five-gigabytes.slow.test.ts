/** What a browser needs of memory for a file that is many times as large. */
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { say } from '../../shared/ui/messages.ts';
import { choose, downloadTo, press, untilHeading, untilSaved, untilSent } from '../support/chromium-steps.ts';
import { Chromium } from '../support/chromium.ts';
import { sha256OfFile, writeLargeFile } from '../support/large-file.ts';
import { untilHardened } from '../support/network.ts';
import { startStage, type Stage } from './stage.ts';

/** As many as a transfer has: segments are as large as they become. */
const NODES = 24;
const FILE_BYTES = 5_000_000_000;
const MIB = 1024 * 1024;
const MOST_OVER_IDLE_BYTES = 250 * MIB;

let stage: Stage;
let browser: Chromium;

beforeAll(async () => {
  stage = await startStage(NODES);
  browser = await Chromium.launch();
});
afterAll(async () => {
  await browser?.close();
  await stage?.stop();
});

test('5 GB go up and come down unchanged, and the whole browser stays within 250 MiB of what the idle page takes', async () => {
  const source = path.join(await stage.newFolder(), 'large.bin');
  const sha256 = await writeLargeFile(source, FILE_BYTES);

  const sender = await choose(browser, stage.origin, source);
  const up = await browser.peakOverNow(async () => {
    await press(sender, say('send.start'));
    return untilSent(sender);
  });
  await sender.close();
  console.log(`up: ${Math.round(up.peakBytes / MIB)} MiB over the idle page at most`);
  expect(up.peakBytes).toBeLessThan(MOST_OVER_IDLE_BYTES);
  await untilHardened(up.result, nodeDeps());

  const downloads = await stage.newFolder();
  await downloadTo(browser, downloads);
  const recipient = await browser.open(up.result);
  await untilHeading(recipient, say('receive.title', 1));
  const down = await browser.peakOverNow(async () => {
    await press(recipient, say('receive.download'));
    await untilHeading(recipient, say('received.title'));
    return untilSaved(downloads, 'large.bin', FILE_BYTES);
  });
  console.log(`down: ${Math.round(down.peakBytes / MIB)} MiB over the idle page at most`);
  expect(down.peakBytes).toBeLessThan(MOST_OVER_IDLE_BYTES);
  expect(await sha256OfFile(down.result)).toBe(sha256);
});
