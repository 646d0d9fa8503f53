/** Downloads that are interrupted: a browser that is killed, a pause, a network that goes away. What has come is not fetched again. */
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { say } from '../../shared/ui/messages.ts';
import { titleOf } from '../../shared/ui/title-of.ts';
import { launchFirefox } from '../support/firefox.ts';
import { runCommand } from '../support/network.ts';
import { RecordingProxy, type Hold } from '../support/recording-proxy.ts';
import { launchChromium } from '../support/webdriver-chromium.ts';
import { firstTrue, newProfile, PATIENCE_MS, type EngineBrowser, type EnginePage, type Profile } from '../support/webdriver.ts';
import { readZip } from '../support/zip.ts';
import { sha256Of, startStage, type Stage } from './stage.ts';

const FIRST_PORT = 22_000;
const NODES = 6;
/** Three shards of 1 MiB. */
const SEGMENT_BYTES = 3 * 1024 * 1024;
const FILE_BYTES = 60_000_000;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage(NODES, FIRST_PORT);
});
afterAll(() => stage?.stop());

describe.each([
  { engine: 'Chromium', launch: launchChromium },
  { engine: 'Firefox', launch: launchFirefox },
])('$engine', ({ engine, launch }) => {
  let proxy: RecordingProxy;
  let downloads: string;
  let profile: Profile;
  let browser: EngineBrowser;
  let held: Hold | null = null;

  beforeEach(async () => {
    downloads = await mkdtemp(path.join(tmpdir(), 'shardsend-downloads-'));
    profile = await newProfile(engine.toLowerCase());
    proxy = await RecordingProxy.start();
    browser = await launch({ downloads, proxy: proxy.url, profile });
  });
  afterEach(async () => {
    held?.release();
    await browser.close();
    await proxy.stop();
    await profile.remove();
    await rm(downloads, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });

  /** Starts a download that stays in its middle, at a point that the test draws. */
  async function startHeld(page: EnginePage, button: string): Promise<void> {
    const afterBytes = 4_000_000 + Math.floor(Math.random() * 8_000_000);
    held = proxy.holdAnswers(({ url }) => url.includes('/v1/shards'), afterBytes);
    await pressOnceThere(page, button);
    await held.reached;
  }

  /** @returns what another page says of it: so many percent are on the disk, and noted. */
  async function untilNoted(link: string): Promise<number> {
    let percent = 0;
    const look = async (): Promise<boolean> => {
      const page = await browser.open(link);
      await untilHeading(page, say('receive.title', 1));
      const now = await percentOffered(page);
      await page.close();
      const settled = now > 0 && now === percent;
      percent = now;
      return settled;
    };
    await expect.poll(look, { timeout: PATIENCE_MS, interval: 1_500 }).toBe(true);
    return percent;
  }

  const shardBytes = (from: number): number => proxy.requests.slice(from).reduce((sum, { url, answeredBytes }) => sum + (url.includes('/v1/shards') ? answeredBytes : 0), 0);

  test('killed in the middle of a download, and started again: it goes on, and the file is what was sent', async () => {
    const source = await stage.newFile('film.mp4', FILE_BYTES);
    const link = await sendByCommand([source]);
    await startHeld(await browser.open(link), say('receive.download'));
    const percent = await untilNoted(link);
    await browser.close();
    held?.release();
    expect(await readdir(downloads)).toEqual([]);

    browser = await launch({ downloads, proxy: proxy.url, profile });
    const before = proxy.requests.length;
    const page = await browser.open(link);
    await pressOnceThere(page, say('receive.continue', percent));
    await untilHeading(page, say('received.title'));
    await expectSaved(downloads, source);
    expect(shardBytes(before)).toBeLessThan(FILE_BYTES * (1 - percent / 100) * 1.02 + 2 * SEGMENT_BYTES);
    const again = await browser.open(link);
    await untilHeading(again, say('receive.title', 1));
    expect(await percentOffered(again), 'nothing is left over of what was finished').toBe(0);
  });

  test('paused by hand, it goes on from there; cancelled then, nothing stays', async () => {
    const source = await stage.newFile('paused.bin', FILE_BYTES);
    const link = await sendByCommand([source]);
    const page = await browser.open(link);
    await startHeld(page, say('receive.download'));
    await pressOnceThere(page, say('receiving.pause'));
    await untilHeading(page, say('paused.title'));
    held?.release();
    await page.press(say('paused.continue'));
    await untilHeading(page, say('received.title'));
    await expectSaved(downloads, source);

    await page.close();
    const other = await browser.open(link);
    await startHeld(other, say('receive.download'));
    await pressOnceThere(other, say('receiving.pause'));
    await untilHeading(other, say('paused.title'));
    await other.press(say('receiving.cancel'));
    await untilHeading(other, say('receive.title', 1));
    await other.close();
    const last = await browser.open(link);
    await untilHeading(last, say('receive.title', 1));
    expect(await percentOffered(last)).toBe(0);
  });

  test('without a network it waits, and goes on by itself', async () => {
    const source = await stage.newFile('offline.bin', FILE_BYTES);
    const page = await browser.open(await sendByCommand([source]));
    await startHeld(page, say('receive.download'));
    await page.evaluate(firstTrue(`[...document.querySelectorAll('button')].some((one) => one.innerText.trim() === ${JSON.stringify(say('receiving.pause'))})`));
    await page.evaluate(`window.dispatchEvent(new Event('offline'))`);
    await untilHeading(page, say('paused.offline.title'));
    held?.release();
    await page.evaluate(`window.dispatchEvent(new Event('online'))`);
    await untilHeading(page, say('received.title'));
    await expectSaved(downloads, source);
  });

  test('killed when its last download was counted and not yet saved, it hands the file over with the link used up', async () => {
    const source = await stage.newFile('last.bin', 5_000_000);
    const link = await sendByCommand([source, '--downloads', '1']);
    held = proxy.holdAnswers(({ url }) => url.endsWith('/commit'), 0);
    const page = await browser.open(link);
    await pressOnceThere(page, say('receive.download'));
    await held.reached;
    await browser.close();
    held.release();
    expect(await readdir(downloads)).toEqual([]);

    browser = await launch({ downloads, proxy: proxy.url, profile });
    await untilHeading(await browser.open(link), say('received.title'));
    await expectSaved(downloads, source);
    await untilHeading(await browser.open(link), titleOf('transfer_used_up'));
  });

  test('several files, interrupted, arrive as one whole archive', async () => {
    const sources = [await stage.newFile('one.bin', FILE_BYTES / 2), await stage.newFile('none.bin', 0), await stage.newFile('two.bin', FILE_BYTES / 2)];
    const page = await browser.open(await sendByCommand(sources));
    await startHeld(page, say('receive.downloadZip'));
    await pressOnceThere(page, say('receiving.pause'));
    await untilHeading(page, say('paused.title'));
    held?.release();
    await page.press(say('paused.continue'));
    await untilHeading(page, say('received.title'));
    await expect.poll(() => readdir(downloads), { timeout: PATIENCE_MS }).toEqual(['shardsend.zip']);
    const entries = readZip(await readFile(path.join(downloads, 'shardsend.zip')));
    expect(entries.map(({ name }) => name)).toEqual(['one.bin', 'none.bin', 'two.bin']);
    for (const [i, source] of sources.entries()) expect(entries[i]!.bytes.equals(await readFile(source))).toBe(true);
  });
});

const untilHeading = (page: EnginePage, text: string): Promise<void> =>
  page.evaluate(firstTrue(`[...document.querySelectorAll('h1')].some((one) => one.innerText.trim() === ${JSON.stringify(text)})`));

async function pressOnceThere(page: EnginePage, button: string): Promise<void> {
  await page.evaluate(firstTrue(`[...document.querySelectorAll('button')].some((one) => one.innerText.trim() === ${JSON.stringify(button)})`));
  await page.press(button);
}

/** How much the page offers to go on from; 0 where it offers a whole download. */
const percentOffered = (page: EnginePage): Promise<number> => page.evaluate(`Number(/Continue \\((\\d+)%/.exec(document.body.innerText)?.[1] ?? 0)`);

async function sendByCommand(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['send', ...args, '--coordinator', stage.origin]);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

async function expectSaved(downloads: string, source: string): Promise<void> {
  const { size } = await stat(source);
  const saved = path.join(downloads, path.basename(source));
  await expect.poll(async () => (await stat(saved).catch(() => null))?.size, { timeout: PATIENCE_MS }).toBe(size);
  expect(await sha256Of(saved)).toBe(await sha256Of(source));
}
