/** In Chromium: links that work while their sender uploads, pauses, lost networks, and browsers that are killed. */
import { utimes } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { sentenceOf } from '../../shared/protocol/error-sentences.ts';
import { say } from '../../shared/ui/messages.ts';
import { TestBrowser } from '../support/browser.ts';
import type { Hold, Recorded, RecordingProxy } from '../support/recording-proxy.ts';
import { sha256Of, startStage, type Stage } from './stage.ts';
import { button, chooseFiles, download, linkOn, untilHeading, untilSent } from './steps.ts';

/** Of 3 of 6 nodes: ten segments; how many of them the first commit has is a matter of speed. */
const BYTES = 30_000_000;
const SEGMENT_BYTES = 3 * 4 * 262_128;
/** Of the file: whole seconds, which can be set again exactly. */
const MODIFIED = new Date(1_790_000_000_000);
/** More segments than may wait for a commit: while one is held, there is something left to send. */
const MANY_BYTES = 150_000_000;
/** What the list says before everything is there, once something is. */
const UPLOADED = /^The sender has uploaded [1-9]\d%$/;

let stage: Stage;
let proxy: RecordingProxy;
let browser: TestBrowser;
let page: Page;
let source: string;

beforeAll(async () => {
  stage = await startStage(6);
  proxy = await stage.startProxy();
  browser = await stage.launchBrowser({ proxy: proxy.url });
  source = await stage.newFile('live.bin', BYTES);
  await utimes(source, MODIFIED, MODIFIED);
});
afterAll(() => stage?.stop());
beforeEach(async () => {
  page = await browser.open(stage.origin);
});
afterEach(() => {
  proxy.releaseAll();
  return page.close();
});

const isCommit = ({ method, url }: Recorded): boolean => method === 'POST' && url.endsWith('/segments');

/** Holds the second commit and what comes after it. */
function holdCommits(): Hold {
  let commits = 0;
  return proxy.holdRequests((request) => isCommit(request) && ++commits > 1);
}

/** Sends up to the second commit, which waits. @returns how many of the file's bytes the first one made receivable */
async function sendPart(file = source): Promise<{ link: string; held: Hold; receivable: number }> {
  const before = proxy.requests.length;
  const held = holdCommits();
  await chooseFiles(page, file);
  await button(page, say('send.start')).click();
  await held.reached;
  const commit = proxy.requests.slice(before).find(isCommit);
  const { segments } = JSON.parse(Buffer.concat(commit!.body).toString()) as { segments: unknown[] };
  return { link: await linkOn(page), held, receivable: segments.length * SEGMENT_BYTES };
}

test('a recipient opens the link while the sender uploads, sees how far it is, and both finish', async () => {
  const { link, held, receivable } = await sendPart();
  const recipient = await browser.open(link);
  await recipient.getByRole('heading', { name: UPLOADED }).waitFor();
  const downloading = download(recipient);
  await untilHeading(recipient, say('receiving.title', 1));
  await expect.poll(() => recipient.getByRole('progressbar').getAttribute('value').then(Number), { timeout: 60_000 }).toBe(Math.floor((100 * receivable) / BYTES));
  await recipient.getByText(say('live.rest.active')).waitFor();
  expect(await recipient.getByText(say('time.almost')).count()).toBe(0);
  held.release();
  expect(await untilSent(page)).toBe(link);
  const { file } = await downloading;
  expect(await sha256Of(file)).toBe(await sha256Of(source));
  await recipient.close();
});

test('an open list says by itself how far the sender is, and when everything is there', async () => {
  const { link, held } = await sendPart();
  const recipient = await browser.open(link);
  const seen = recipient.getByRole('heading', { name: UPLOADED });
  await seen.waitFor();
  held.release();
  await untilSent(page);
  await seen.waitFor({ state: 'detached' });
  await button(recipient, say('receive.download')).waitFor();
  expect(new URL(link).pathname).toBe(new URL(recipient.url()).pathname);
  await recipient.close();
});

test('a send is paused and continued by hand, and its recipient is told of both', async () => {
  const many = await stage.newFile('many.bin', MANY_BYTES);
  const { link, held } = await sendPart(many);
  await button(page, say('sending.pause')).click();
  held.release();
  await button(page, say('sending.proceed')).waitFor();
  await page.getByText(say('sending.paused')).waitFor();
  const recipient = await browser.open(link);
  await recipient.getByText(say('live.paused')).waitFor();
  const downloading = download(recipient);
  await button(page, say('sending.proceed')).click();
  await untilSent(page);
  expect(await sha256Of((await downloading).file)).toBe(await sha256Of(many));
  await recipient.close();
});

test('a send waits while there is no network, and goes on by itself', async () => {
  const { link, held } = await sendPart();
  await browser.context.setOffline(true);
  await page.getByRole('heading', { name: say('sending.offline.title') }).waitFor();
  held.release();
  await browser.context.setOffline(false);
  await untilSent(page);
  const recipient = await browser.open(link);
  expect(await sha256Of((await download(recipient)).file)).toBe(await sha256Of(source));
  await recipient.close();
});

test('a send whose browser was killed is continued with the file that is picked again, and not with another', async () => {
  const { link, held } = await sendPart();
  const profile = await browser.kill();
  held.release();
  browser = await stage.launchBrowser({ proxy: proxy.url, profile });
  page = await browser.open(stage.origin);
  const proceed = say('unfinished.continue', 'live.bin');
  await button(page, proceed).waitFor();

  await utimes(source, 1, 1);
  await chooseFiles(page, source, proceed);
  await page.getByText(say('sendFailed.changed.text')).waitFor();
  await utimes(source, MODIFIED, MODIFIED);
  await button(page, say('sendFailed.change')).click();
  await button(page, say('send.removeAll'))
    .or(button(page, say('list.remove', 'live.bin')))
    .first()
    .click();

  await chooseFiles(page, source, proceed);
  expect(await untilSent(page)).toBe(link);
  const recipient = await browser.open(link);
  expect(await sha256Of((await download(recipient)).file)).toBe(await sha256Of(source));
  await recipient.close();
});

test('an unfinished send that another tab goes on with, or has withdrawn, says so where it is continued as well', async () => {
  const { held } = await sendPart();
  const profile = await browser.kill();
  held.release();
  browser = await TestBrowser.launch({ proxy: proxy.url, profile });
  page = await browser.open(stage.origin);
  const [second, third] = [await browser.open(stage.origin), await browser.open(stage.origin)];
  const proceed = say('unfinished.continue', 'live.bin');
  for (const tab of [page, second, third]) await button(tab, proceed).waitFor();

  const paused = proxy.holdRequests(isCommit);
  await chooseFiles(second, source, proceed);
  await paused.reached;
  await chooseFiles(page, source, proceed);
  await page.getByText(sentenceOf('upload_elsewhere')).waitFor();

  await button(second, say('sending.cancel')).click();
  paused.release();
  await button(second, say('send.start')).waitFor();
  await chooseFiles(third, source, proceed);
  await third.getByText(sentenceOf('upload_gone')).waitFor();
  await second.close();
  await third.close();
});

/**
 * The browser's own picker of handles needs a screen, and so does its question whether a page may read: a file of the
 * page's own storage has a handle of the same kind that is always allowed, and stands for one that a person picked.
 */
test('a send whose browser was killed goes on without choosing again where the browser kept the file’s handle', async () => {
  const sha256 = await page.evaluate(async (bytes) => {
    const content = new Uint32Array(bytes / 4);
    for (let i = 0, word = 1; i < content.length; i++) content[i] = word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle('kept.bin', { create: true });
    const writable = await handle.createWritable();
    await writable.write(content);
    await writable.close();
    Object.assign(globalThis, { showOpenFilePicker: async () => [handle] });
    return Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', content)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }, BYTES);
  const held = holdCommits();
  await button(page, say('send.chooseFiles')).click();
  await button(page, say('send.start')).click();
  await held.reached;
  const link = await linkOn(page);
  const profile = await browser.kill();
  held.release();
  browser = await stage.launchBrowser({ proxy: proxy.url, profile });
  page = await browser.open(stage.origin);
  let choosers = 0;
  page.on('filechooser', () => choosers++);
  await button(page, say('unfinished.continue', 'kept.bin')).click();
  expect(await untilSent(page)).toBe(link);
  expect(choosers).toBe(0);
  const recipient = await browser.open(link);
  expect(await sha256Of((await download(recipient)).file)).toBe(sha256);
  await recipient.close();

  const left = await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open('shardsend');
      opening.onsuccess = () => resolve(opening.result);
    });
    const keys = database.transaction('handles').objectStore('handles').getAllKeys();
    await new Promise((resolve) => (keys.onsuccess = resolve));
    database.close();
    return keys.result.length;
  });
  expect(left, 'handles go with the journal').toBe(0);
});
