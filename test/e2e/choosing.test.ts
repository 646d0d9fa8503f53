/** Choosing some files of many on the receive page: the tree, by mouse and by keyboard, and what then reaches the disk and the nodes. */
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openTransfer, webDeps } from '../../shared/client/index.ts';
import { say } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { runCommand } from '../support/network.ts';
import type { RecordingProxy } from '../support/recording-proxy.ts';
import { readZip } from '../support/zip.ts';
import { noise, startStage, type Stage } from './stage.ts';
import { button, download, untilHeading } from './steps.ts';

/** Text of a segment of 3 of 6. */
const SEGMENT_BYTES = 3 * 4 * 262_128;
const TAKEN_AT = new Date(2021, 4, 17, 9, 30, 10);

let stage: Stage;
let proxy: RecordingProxy;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  stage = await startStage(6);
  proxy = await stage.startProxy();
  browser = await stage.launchBrowser({ proxy: proxy.url });
});
afterAll(() => stage?.stop());
afterEach(() => page.close());

/** @param files - below one folder, by their paths. @returns the link. */
async function sendFolder(name: string, files: Record<string, Buffer>): Promise<string> {
  const folder = path.join(await stage.newFolder(), name);
  for (const [file, bytes] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), bytes);
    await utimes(path.join(folder, file), TAKEN_AT, TAKEN_AT);
  }
  const { code, stdout, stderr } = await runCommand(['send', folder, '--coordinator', stage.origin]);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

const box = (name: string) => page.getByRole('checkbox', { name, exact: true });
const rows = () => page.getByRole('list', { name: say('receive.files') }).getByRole('listitem');

/** Runs of segments that nodes were asked for since. */
const runsSince = (before: number): string[] => [
  ...new Set(
    proxy.requests
      .slice(before)
      .filter(({ method, url }) => method === 'GET' && url.includes('/v1/shards'))
      .map(({ url }) => new URL(url).search),
  ),
];

describe('two of three files', () => {
  const files = {
    'album/a.jpg': noise('a', 2 * SEGMENT_BYTES + 1000),
    'album/älter/b.jpg': noise('b', 2 * SEGMENT_BYTES),
    'notes.txt': noise('c', SEGMENT_BYTES),
  };

  test('become a ZIP of just these, with their folders and dates, and no node is asked for the rest', async () => {
    page = await browser.open(await sendFolder('trip', files));
    await untilHeading(page, say('receive.title', 3));
    await expect.poll(() => rows().allTextContents()).toHaveLength(6);
    await box('b.jpg').uncheck();
    expect(await box('album').evaluate((element: HTMLInputElement) => element.indeterminate)).toBe(true);
    const before = proxy.requests.length;
    const { file } = await download(page, say('receive.downloadSome', 2));
    const entries = readZip(await readFile(file));
    expect(entries.map(({ name, modified }) => [name, modified])).toEqual([
      ['trip/album/a.jpg', TAKEN_AT],
      ['trip/notes.txt', TAKEN_AT],
    ]);
    expect(entries[0]!.bytes.equals(files['album/a.jpg'])).toBe(true);
    expect(entries[1]!.bytes.equals(files['notes.txt'])).toBe(true);
    expect(runsSince(before).toSorted()).toEqual(['?from=0&to=2', '?from=4&to=5']);
  });

  test('and then the third alone, under its own name', async () => {
    const link = await sendFolder('trip', files);
    page = await browser.open(link);
    await box('trip').uncheck();
    await page.getByRole('button', { name: say('receive.chooseSome') }).waitFor();
    expect(await page.getByRole('button', { name: say('receive.chooseSome') }).isDisabled()).toBe(true);
    await box('b.jpg').check();
    const started = page.waitForEvent('download');
    await page.getByRole('button', { name: /^Download .*b\.jpg/ }).click();
    const saved = await started;
    expect(saved.suggestedFilename()).toBe('b.jpg');
    expect((await readFile(await saved.path())).equals(files['album/älter/b.jpg'])).toBe(true);
    await untilHeading(page, say('received.title'));
    await button(page, say('receive.otherFiles')).click();
    await untilHeading(page, say('receive.title', 3));
    expect(await box('b.jpg').isChecked()).toBe(true);
    expect(await box('a.jpg').isChecked()).toBe(false);
    // Each download was one, however many files it held.
    const { status } = await openTransfer(link, webDeps());
    expect(status.downloads).toMatchObject({ committed: 1, claimed: 0 });
  });
});

describe('a long list', () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `day ${String(i % 20).padStart(2, '0')}/${i}.txt`);
  let link: string;
  beforeAll(async () => {
    link = await sendFolder('year', Object.fromEntries(names.map((name) => [name, Buffer.from(name)])));
  });

  test('of 10,000 files is moved through, opened and chosen from with keys alone, and stays a few rows', async () => {
    page = await browser.open(link);
    await untilHeading(page, say('receive.title', 10_000));
    await expect.poll(() => rows().count()).toBeGreaterThan(10);
    const focusedName = () => page.evaluate(() => (document.activeElement as HTMLInputElement).labels![0]!.textContent.trim());
    await box('year').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await expect.poll(focusedName).toContain('day 01');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect.poll(focusedName).toContain('1.txt');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(focusedName).toContain('day 01');
    await page.keyboard.press('End');
    await expect.poll(focusedName).toContain('day 19');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('End');
    await expect.poll(focusedName).toContain('9999.txt');
    expect(await rows().count()).toBeLessThan(60);
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: say('receive.downloadSome', 9_999) }).waitFor();
    // Tab goes to the row's own button and then leaves the list: nobody has to pass ten thousand rows.
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate(() => document.activeElement!.getAttribute('aria-label'))).toBe(say('preview.open', '9999.txt'));
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate(() => document.activeElement!.textContent.trim())).toBe(say('receive.downloadSome', 9_999));
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await button(page, say('receive.downloadZip')).waitFor();
  });
});

test('names that strangers chose stay names', async () => {
  const hostile = ['<img src=x onerror=alert(1)>', 'invoice\u202efdp.exe', '__proto__', 'constructor', `${'very '.repeat(45)}long.txt`, ' '];
  page = await browser.open(await sendFolder('odd', Object.fromEntries(hostile.map((name) => [`${name}/${name}`, Buffer.from(name)]))));
  await untilHeading(page, say('receive.title', hostile.length));
  await expect.poll(() => rows().count()).toBe(2 * hostile.length + 1);
  expect(await page.locator('main img').count()).toBe(0);
  await page.getByText('[U+202E]').first().waitFor();
});

test('no page complained', () => {
  expect(browser.ownComplaints).toEqual([]);
});
