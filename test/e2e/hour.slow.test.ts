/**
 * Downloads that take long beside what browsers let a service worker live: an hour's, in minutes. The network gives so
 * little a second that the file takes five minutes, and where a worker has to be kept alive, Firefox is told to stop one
 * after a third of the time that it usually waits.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, test, vi, type ExpectStatic, type TestContext } from 'vitest';
import { say } from '../../shared/ui/messages.ts';
import { MAX_COLLECTED_BYTES } from '../../shared/client/browser/stream-collect.ts';
import { launchFirefox } from '../support/firefox.ts';
import { sha256OfFile, writeLargeFile } from '../support/large-file.ts';
import { runCommand } from '../support/network.ts';
import { RecordingProxy } from '../support/recording-proxy.ts';
import { buttonNamed, nodeAt, type EngineBrowser, type EngineOptions, type EnginePage } from '../support/webdriver.ts';
import { launchWebKit } from '../support/webkit.ts';
import { readZip } from '../support/zip.ts';
import { startStage, type Stage } from './stage.ts';

const FIRST_PORT = 24_000;
const NODES = 6;
const SECONDS = 300;
const FILE_BYTES = 60_000_000;
const PATIENCE = { timeout: 20 * 60_000, interval: 1_000 };
/** No private file of the origin, as in a private window: the download is what the service worker streams. */
const STREAMED = { 'dom.fs.enabled': false };
/** Ten seconds without an event, where it usually is thirty. */
const SOON_IDLE = { 'dom.serviceWorkers.idle_timeout': 10_000, 'dom.serviceWorkers.idle_extended_timeout': 10_000 };

let stage: Stage;
beforeAll(async () => {
  stage = await startStage(NODES, FIRST_PORT);
});
afterAll(() => stage?.stop());

interface Scene<B extends EngineBrowser> {
  readonly browser: B;
  readonly proxy: RecordingProxy;
  readonly downloads: string;
}

async function setScene<B extends EngineBrowser>({ onTestFinished }: TestContext, launch: (options: EngineOptions) => Promise<B>): Promise<Scene<B>> {
  const downloads = await mkdtemp(path.join(tmpdir(), 'shardsend-downloads-'));
  const proxy = await RecordingProxy.start();
  const browser = await launch({ downloads, proxy: proxy.url });
  onTestFinished(async () => {
    await browser.close();
    await proxy.stop();
    await rm(downloads, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  return { browser, proxy, downloads };
}

const saidOn = (page: EnginePage): Promise<string> => page.evaluate('document.body.innerText');

/** Looks from outside, since no driver waits so long inside a page. */
async function untilSaid(page: EnginePage, text: string): Promise<void> {
  await vi.waitUntil(async () => {
    const said = await saidOn(page);
    if (said.includes(say('receiveFailed.title'))) throw new Error(said);
    return said.includes(text);
  }, PATIENCE);
}

async function press(page: EnginePage, button: string): Promise<void> {
  await vi.waitUntil(() => page.evaluate<boolean>(`${nodeAt(buttonNamed(button))} !== null`), PATIENCE);
  await page.press(button);
}

/** @returns the digests by name. */
async function sendFiles(names: readonly string[], bytes: number): Promise<{ link: string; digests: Record<string, string> }> {
  const folder = await stage.newFolder();
  const digests: Record<string, string> = {};
  for (const name of names) digests[name] = await writeLargeFile(path.join(folder, name), bytes);
  const { code, stdout, stderr } = await runCommand(['send', ...names.map((name) => path.join(folder, name)), '--coordinator', stage.origin]);
  if (code !== 0) throw new Error(stderr);
  return { link: stdout.trim(), digests };
}

/** The download has its final name when the browser is done with it, after the page. */
async function expectSaved(expect: ExpectStatic, downloads: string, sha256: string): Promise<void> {
  const digests = async (): Promise<string[]> => Promise.all((await readdir(downloads)).map((name) => sha256OfFile(path.join(downloads, name))));
  await expect.poll(digests, PATIENCE).toContain(sha256);
}

test.concurrent('Firefox streams through a service worker that would have been stopped thirty times, and the file is what was sent', async (context) => {
  const { expect } = context;
  const { link, digests } = await sendFiles(['streamed.bin'], FILE_BYTES);
  const { browser, proxy, downloads } = await setScene(context, (options) => launchFirefox({ ...options, preferences: { ...STREAMED, ...SOON_IDLE } }));
  const page = await browser.open(link);
  proxy.answers.bytesPerSecond = FILE_BYTES / SECONDS;
  await press(page, say('receive.download'));
  await untilSaid(page, say('receiving.lead'));
  const starts = await browser.serviceWorkerStarts();
  await untilSaid(page, say('received.title'));
  expect(await browser.serviceWorkerStarts(), 'it lived all the while').toBe(starts);
  await expectSaved(expect, downloads, digests['streamed.bin']!);
  expect(await readdir(downloads)).toEqual(['streamed.bin']);
});

test.concurrent('Firefox stops the service worker in the middle of its stream: the page begins again, and the file is what was sent', async (context) => {
  const { expect } = context;
  const { link, digests } = await sendFiles(['stopped.bin'], FILE_BYTES);
  const { browser, proxy, downloads } = await setScene(context, (options) => launchFirefox({ ...options, preferences: STREAMED }));
  const page = await browser.open(link);
  proxy.answers.bytesPerSecond = FILE_BYTES / SECONDS;
  await press(page, say('receive.download'));
  const before = proxy.answers.bytes;
  await vi.waitUntil(() => proxy.answers.bytes - before > FILE_BYTES / 3, PATIENCE);
  const starts = await browser.serviceWorkerStarts();
  await browser.stopServiceWorker();
  await untilSaid(page, say('received.title'));
  expect(await saidOn(page), 'Firefox gives half a file its final name').toContain(say('received.half'));
  expect(await browser.serviceWorkerStarts()).toBe(starts + 1);
  await expectSaved(expect, downloads, digests['stopped.bin']!);
});

test.concurrent('Firefox stages several files while their service worker is stopped for being idle, and starts it again for the archive', async (context) => {
  const { expect } = context;
  const { link, digests } = await sendFiles(['one.bin', 'two.bin'], FILE_BYTES / 2);
  const { browser, proxy, downloads } = await setScene(context, (options) => launchFirefox(options));
  const page = await browser.open(link);
  proxy.answers.bytesPerSecond = FILE_BYTES / SECONDS;
  await press(page, say('receive.downloadZip'));
  await untilSaid(page, say('receiving.lead.keeps'));
  const starts = await browser.serviceWorkerStarts();
  await untilSaid(page, say('received.title'));
  expect(await saidOn(page), 'it was one stream').not.toContain(say('received.half'));
  expect(await browser.serviceWorkerStarts(), 'it had been stopped, and renewals of the claim woke it now and then').toBeGreaterThan(starts);
  await expect.poll(() => readdir(downloads), PATIENCE).toEqual(['shardsend.zip']);
  const entries = readZip(await readFile(path.join(downloads, 'shardsend.zip')));
  expect(Object.fromEntries(entries.map(({ name, bytes }) => [name, createHash('sha256').update(bytes).digest('hex')]))).toEqual(digests);
});

// Its service workers live in a process of their page and as long as that: what ends one is the end of the page before.
test.concurrent('WebKit streams what is too large to be collected, through the service worker, and the file is what was sent', async (context) => {
  const { expect } = context;
  const bytes = MAX_COLLECTED_BYTES + FILE_BYTES;
  const { link, digests } = await sendFiles(['streamed.bin'], bytes);
  const { browser, proxy, downloads } = await setScene(context, launchWebKit);
  await (await browser.open(stage.origin)).close();
  const page = await browser.open(link);
  proxy.answers.bytesPerSecond = bytes / SECONDS;
  await press(page, say('receive.download'));
  await untilSaid(page, say('received.title'));
  await expectSaved(expect, downloads, digests['streamed.bin']!);
});
