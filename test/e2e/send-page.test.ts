/** Sending from the page `/`: every way in, every kind of file, and what happens when it goes wrong in the middle. */
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { say, sentenceOf } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import type { RecordingProxy } from '../support/recording-proxy.ts';
import { readZip, type ZipEntry } from '../support/zip.ts';
import { cutOffNames, look } from './look.ts';
import { noise, sha256Of, startStage, type Stage } from './stage.ts';
import { button, heading, chooseFiles, chooseFolder, download, send, untilHeading } from './steps.ts';

let stage: Stage;
let proxy: RecordingProxy;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  stage = await startStage(6);
  proxy = await stage.startProxy();
  browser = await stage.launchBrowser({ proxy: proxy.url });
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stage.origin });
});
afterAll(() => stage?.stop());
beforeEach(async () => {
  page = await browser.open(stage.origin);
  await heading(page, say('send.title')).waitFor(); // it takes files once it has its language
});
afterEach(() => {
  proxy.releaseAll();
  return page.close();
});

const rows = (shown = page) => shown.getByRole('list', { name: say('send.chosen') }).getByRole('listitem');

/** Sends what is chosen and opens the link in another tab. */
async function sendAndOpen(): Promise<Page> {
  return browser.open(await send(page));
}

async function getOne(): Promise<{ name: string; bytes: Buffer }> {
  const received = await sendAndOpen();
  const { name, file } = await download(received);
  await received.close();
  return { name, bytes: await readFile(file) };
}

async function getZip(): Promise<ZipEntry[]> {
  const received = await sendAndOpen();
  const { name, file } = await download(received, say('receive.downloadZip'));
  expect(name).toBe('shardsend.zip');
  await received.close();
  return readZip(await readFile(file));
}

/** Drops files and folders from outside the browser, as a person does. */
async function drop(paths: string[], beforeLettingGo?: () => Promise<void>): Promise<void> {
  const control = await browser.context.newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  const at = { x: 200, y: 300, data };
  await control.send('Input.dispatchDragEvent', { type: 'dragEnter', ...at });
  await control.send('Input.dispatchDragEvent', { type: 'dragOver', ...at });
  await beforeLettingGo?.();
  await control.send('Input.dispatchDragEvent', { type: 'drop', ...at });
  await control.detach();
}

const byName = (entries: ZipEntry[]): Record<string, string> => Object.fromEntries(entries.map(({ name, bytes }) => [name, bytes.toString('latin1')]));

describe('files are handed over', () => {
  test('by the button', async () => {
    const source = await stage.newFile('plan.pdf', 700_000);
    await chooseFiles(page, source);
    const received = await sendAndOpen();
    const { name, file } = await download(received);
    expect(name).toBe('plan.pdf');
    expect(await sha256Of(file)).toBe(await sha256Of(source));
    await received.close();
  });

  test('by dropping files and a folder with folders in it: a ZIP with names, dates and contents', async () => {
    const folder = path.join(await stage.newFolder(), 'Fotos é');
    await mkdir(path.join(folder, 'deep', 'er'), { recursive: true });
    const taken = new Date(2024, 1, 29, 13, 37, 42);
    const files = { 'a.jpg': noise('a', 3_000_000), 'deep/b.jpg': noise('b', 10), 'deep/er/ü 文件.txt': Buffer.from('hello'), 'deep/empty': Buffer.alloc(0) };
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(path.join(folder, name), bytes);
      await utimes(path.join(folder, name), taken, taken);
    }
    const note = await stage.newFile('note.txt', 100);
    await drop([folder, note], () => look(page, 'send-dropping'));
    await expect.poll(() => rows().count(), { timeout: 60_000 }).toBe(5);
    const entries = await getZip();
    expect(byName(entries)).toEqual({
      ...Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`Fotos é/${name}`, bytes.toString('latin1')])),
      'note.txt': (await readFile(note)).toString('latin1'),
    });
    expect(entries.filter(({ name }) => name.startsWith('Fotos')).map(({ modified }) => modified)).toEqual(Array.from({ length: 4 }, () => taken));
  });

  test('by choosing a folder', async () => {
    const folder = path.join(await stage.newFolder(), 'music');
    await mkdir(path.join(folder, 'album'), { recursive: true });
    await writeFile(path.join(folder, 'album', '1.mp3'), 'one');
    await writeFile(path.join(folder, '2.mp3'), 'two');
    await chooseFolder(page, folder);
    expect(byName(await getZip())).toEqual({ 'music/album/1.mp3': 'one', 'music/2.mp3': 'two' });
  });

  test('by pasting text', async () => {
    await page.evaluate(() => navigator.clipboard.writeText('a line\nand another: ü'));
    await page.keyboard.press('Control+V');
    expect(await getOne()).toEqual({ name: say('send.pastedName'), bytes: Buffer.from('a line\nand another: ü') });
  });

  test('by pasting a picture', async () => {
    await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(40, 30);
      canvas.getContext('2d')!.fillRect(5, 5, 10, 10);
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': await canvas.convertToBlob() })]);
    });
    await page.keyboard.press('Control+V');
    await rows().first().waitFor();
    const { name, bytes } = await getOne();
    expect(name).toBe('image.png');
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  });

  test('in several goes, and taken back again; what has the same name is numbered', async () => {
    const first = await stage.newFile('a.txt', 10);
    const second = await stage.newFile('a.txt', 20);
    await chooseFiles(page, first);
    await chooseFiles(page, [second, await stage.newFile('b.txt', 30)], say('send.addFiles'));
    expect(await rows().count()).toBe(3);
    await button(page, say('list.remove', 'b.txt')).click();
    await expect.poll(() => rows().count()).toBe(2);
    expect(byName(await getZip())).toEqual({ 'a.txt': (await readFile(first)).toString('latin1'), 'a (2).txt': (await readFile(second)).toString('latin1') });
  });
});

describe('odd files', () => {
  test('an empty one arrives empty', async () => {
    await chooseFiles(page, await stage.newFile('nothing.bin', 0));
    expect(await getOne()).toEqual({ name: 'nothing.bin', bytes: Buffer.alloc(0) });
  });

  test('odd names: shown spelt out, saved harmless', async () => {
    const folder = path.join(await stage.newFolder(), 'odd');
    await mkdir(folder);
    const names = ['invoice\u202efdp.exe', 'tab\tand\nline.txt', `${'n'.repeat(251)}.txt`, `${'ö'.repeat(125)}.txt`, 'con.txt', 'quote"?.txt', '.hidden'];
    for (const name of names) await writeFile(path.join(folder, name), name);
    await drop([folder]);
    await expect.poll(() => rows().count(), { timeout: 60_000 }).toBe(7);
    expect((await rows().allInnerTexts()).join()).toContain('invoice[U+202E]fdp.exe');
    await page.setViewportSize({ width: 360, height: 800 });
    // What a name ends in tells what a file does: no room is too short for it.
    expect(await cutOffNames(rows())).toEqual([]);
    const link = await send(page);
    const received = await browser.open(link);
    const list = received.getByRole('list', { name: say('receive.files') });
    expect(await list.innerText()).toContain('invoice[U+202E]fdp.exe');
    expect(await list.innerText()).toContain('tab[U+0009]and[U+000A]line.txt');
    const { file } = await download(received, say('receive.downloadZip'));
    const saved = byName(readZip(await readFile(file)));
    expect(Object.keys(saved).toSorted()).toEqual(
      ['invoice_fdp.exe', 'tab_and_line.txt', `${'n'.repeat(251)}.txt`, `${'ö'.repeat(125)}.txt`, '_con.txt', 'quote__.txt', '.hidden'].map((name) => `odd/${name}`).toSorted(),
    );
    expect(
      Object.values(saved)
        .map((bytes) => Buffer.from(bytes, 'latin1').toString())
        .toSorted(),
    ).toEqual(names.toSorted());
    await received.close();
  });

  test('2,000 small ones: the list stays short, and all arrive', async () => {
    const count = 2_000;
    const folder = path.join(await stage.newFolder(), 'many');
    await mkdir(folder);
    for (let i = 0; i < count; i++) await writeFile(path.join(folder, `${i}.txt`), `file ${i}`);
    await chooseFolder(page, folder);
    const showAll = button(page, say('list.showAll', count));
    await showAll.waitFor();
    await showAll.click();
    const scroller = page.getByRole('region', { name: say('send.chosen') });
    await scroller.evaluate((region) => region.scrollTo(0, region.scrollHeight));
    await scroller.locator(`[aria-posinset="${count}"]`).waitFor();
    // Only what is in sight is in the page.
    expect(await scroller.getByRole('listitem').count()).toBeLessThan(60);
    const entries = await getZip();
    expect(entries).toHaveLength(count);
    expect(entries.every(({ name, bytes }) => bytes.toString() === `file ${name.slice('many/'.length, -'.txt'.length)}`)).toBe(true);
  });
});

describe('what goes wrong', () => {
  test('cancelled in the middle: the selection stays, no node keeps a byte, and it can be sent again', async () => {
    const before = await storedBytes();
    const source = await stage.newFile('big.bin', 30_000_000);
    await chooseFiles(page, source);
    const held = proxy.holdRequests(({ method, url }) => method === 'POST' && url.endsWith('/segments'));
    await button(page, say('send.start')).click();
    await held.reached;
    expect(await storedBytes()).toBeGreaterThan(before);
    await button(page, say('sending.cancel')).click();
    await rows().first().waitFor();
    held.release();
    await expect.poll(storedBytes, { timeout: 60_000 }).toBe(before);
    const received = await sendAndOpen();
    const { file } = await download(received);
    expect(await sha256Of(file)).toBe(await sha256Of(source));
    await received.close();
  });

  test('too few nodes: the selection stays until there are enough', async () => {
    const source = await stage.newFile('kept.bin', 1_000_000);
    await chooseFiles(page, source);
    const some = stage.network.nodes.slice(0, 4);
    await Promise.all(some.map((node) => node.kill()));
    await stage.untilOnline(2);
    await button(page, say('send.start')).click();
    await untilHeading(page, say('sendFailed.title'));
    expect(await page.getByRole('alert').innerText()).toBe(sentenceOf('network_too_small'));
    expect(await rows().allInnerTexts()).toEqual([expect.stringContaining('kept.bin')]);
    await Promise.all(some.map((node) => node.start()));
    await stage.untilOnline(6);
    await button(page, say('sendFailed.retry')).click();
    await untilHeading(page, say('done.title'));
  });

  test('a file that changed while it lay in the list says so', async () => {
    const source = await stage.newFile('draft.txt', 100);
    await chooseFiles(page, source);
    await writeFile(source, 'longer or shorter');
    await button(page, say('send.start')).click();
    await untilHeading(page, say('sendFailed.title'));
    expect(await page.getByRole('alert').innerText()).toBe(sentenceOf('file_unreadable'));
  });

  test('a download that is cancelled gives its place back, and starts again', async () => {
    const source = await stage.newFile('wanted.bin', 30_000_000);
    await chooseFiles(page, source);
    await page.getByLabel(say('send.limit')).selectOption('1');
    const received = await sendAndOpen();
    const held = proxy.holdAnswers(({ url }) => url.includes('/v1/shards'), 500_000);
    await button(received, say('receive.download')).click();
    await held.reached;
    await button(received, say('receiving.cancel')).click();
    await button(received, say('receive.download')).waitFor();
    held.release();
    const { file } = await download(received);
    expect(await sha256Of(file)).toBe(await sha256Of(source));
    await received.close();
  });
});

test('no page complained', () => {
  expect(browser.ownComplaints).toEqual([]);
});

async function storedBytes(): Promise<number> {
  const healths = await Promise.all(stage.network.nodes.map(async ({ url }) => (await (await fetch(`${url}/v1/health`)).json()) as { usedBytes: number }));
  return healths.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
}
