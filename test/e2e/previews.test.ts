/** Looking at files without downloading them: what is shown, what is fetched for it, and that nothing that was sent runs. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import type { FrameLocator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openTransfer, webDeps } from '../../shared/client/index.ts';
import { say } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { runCommand } from '../support/network.ts';
import type { RecordingProxy } from '../support/recording-proxy.ts';
import { look } from './look.ts';
import { noise, startStage, type Stage } from './stage.ts';
import { button, untilHeading } from './steps.ts';

/** Text of a segment of 3 of 6. */
const SEGMENT_BYTES = 3 * 4 * 262_128;
const SOUND_BYTES = 60_000_000;

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

async function sendFiles(files: Record<string, Buffer>, ...args: string[]): Promise<string> {
  const folder = await stage.newFolder();
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), bytes);
  }
  const { code, stdout, stderr } = await runCommand(['send', ...Object.keys(files).map((name) => path.join(folder, name)), ...args, '--coordinator', stage.origin]);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

/** As long as the page needs. */
const untilIt = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 60_000 });

const dialog = () => page.getByRole('dialog');
const frame = (): FrameLocator => dialog().locator('iframe').contentFrame();

async function open(name: string): Promise<void> {
  await button(page, say('preview.open', name)).click();
  await dialog().waitFor();
}
async function close(): Promise<void> {
  await button(page, say('preview.close')).click();
  await dialog().waitFor({ state: 'detached' });
}

/** Segments that nodes were asked for. */
const segmentsAsked = (): number[] => [
  ...new Set(
    proxy.requests
      .filter(({ method, url }) => method === 'GET' && url.includes('/v1/shards'))
      .map(({ url }) => new URL(url).searchParams)
      .flatMap((query) => Array.from({ length: Number(query.get('to')) - Number(query.get('from')) + 1 }, (_, i) => Number(query.get('from')) + i)),
  ),
];

/** A PNG of one colour. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + 3 * width), Buffer.from([0]));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows.set([11, 97, 82], y * (1 + 3 * width) + 1 + 3 * x);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** 16-bit mono at 48 kHz. */
function wav(dataBytes: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + dataBytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(48_000, 24);
  header.writeUInt32LE(96_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(dataBytes, 40);
  return Buffer.concat([header, noise('sound', dataBytes)]);
}

/** One empty sheet. */
function pdf(): Buffer {
  const objects = ['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>', '<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>'];
  const parts = ['%PDF-1.4\n', ...objects.map((object, i) => `${i + 1} 0 obj${object}endobj\n`)];
  const offsets = objects.map((_, i) => parts.slice(0, i + 1).join('').length);
  const body = parts.join('');
  const table = ['0000000000 65535 f \n', ...offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`)].join('');
  return Buffer.from(`${body}xref\n0 4\n${table}trailer<</Size 4/Root 1 0 R>>\nstartxref\n${body.length}\n%%EOF\n`, 'latin1');
}

/** A film of half a second, made by the browser itself. */
async function webm(): Promise<Buffer> {
  const maker = await browser.open(stage.origin);
  const base64 = await maker.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
    const context = canvas.getContext('2d')!;
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' });
    const parts: Blob[] = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const stopped = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start();
    for (let i = 0; i < 15; i++) {
      context.fillStyle = `rgb(${i * 16} 97 82)`;
      context.fillRect(0, 0, 320, 180);
      await new Promise((resolve) => requestAnimationFrame(resolve));
      await new Promise((resolve) => setTimeout(resolve, 40)); // the recorder samples in real time
    }
    recorder.stop();
    await stopped;
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  });
  await maker.close();
  return Buffer.from(base64, 'base64');
}

describe('previews', () => {
  test('show images, films and text as what they are, in a frame without scripts, and cost no download', async () => {
    const text = `${'Zeile für Zeile ☂\n'.repeat(70_000)}the end`;
    const link = await sendFiles({
      'picture.png': png(300, 200),
      'film.webm': await webm(),
      'long.txt': Buffer.from(text),
      'program.exe': Buffer.from('MZ\0\0'),
      'not a picture.png': Buffer.from('MZ\0\0'),
    });
    page = await browser.open(link);
    await untilHeading(page, say('receive.title', 5));
    expect(await button(page, say('preview.open', 'program.exe')).count()).toBe(0);

    await open('picture.png');
    await untilIt(() =>
      frame()
        .locator('img')
        .evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight]),
    ).toEqual([300, 200]);
    expect(await dialog().locator('iframe').getAttribute('sandbox')).toBe('allow-same-origin');
    await look(page, 'preview-image');
    await close();

    await open('film.webm');
    await untilIt(() =>
      frame()
        .locator('video')
        .evaluate((video: HTMLVideoElement) => [video.videoWidth, video.videoHeight]),
    ).toEqual([320, 180]);
    await look(page, 'preview-video');
    await close();

    await open('long.txt');
    const region = dialog().getByRole('region');
    await region.waitFor();
    expect((await region.textContent())!.length).toBeLessThan(1_048_576);
    await button(page, say('preview.more')).click();
    await button(page, say('preview.more')).waitFor({ state: 'detached' });
    expect(await region.textContent()).toBe(text);
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });

    await open('not a picture.png');
    await page.getByText(say('preview.none')).waitFor();
    await close();

    await page.goto('about:blank');
    const { status } = await openTransfer(link, webDeps());
    expect(status.downloads.committed).toBe(0);
  });

  test('of sound go to its end without what lies between', async () => {
    page = await browser.open(await sendFiles({ 'hour.wav': wav(SOUND_BYTES) }));
    const before = proxy.requests.length;
    await button(page, say('preview.look')).click();
    const audio = frame().locator('audio');
    await untilIt(() => audio.evaluate((element: HTMLAudioElement) => Math.round(element.duration))).toBe(SOUND_BYTES / 96_000);
    await audio.evaluate((element: HTMLAudioElement) => (element.currentTime = element.duration - 1));
    // No event would be heard: nothing in this frame runs.
    await untilIt(() => audio.evaluate(({ seeking, readyState, HAVE_CURRENT_DATA }: HTMLAudioElement) => !seeking && readyState >= HAVE_CURRENT_DATA)).toBe(true);
    await look(page, 'preview-audio');
    proxy.requests.splice(0, before);
    const asked = segmentsAsked();
    const count = Math.ceil(SOUND_BYTES / SEGMENT_BYTES);
    expect(asked).toContain(0);
    expect(asked).toContain(count - 1);
    expect(asked.length).toBeLessThan(count / 2);
  });

  test('of a PDF open in a tab of the viewer that the browser has, which the policy of this site does not stop', async () => {
    page = await browser.open(await sendFiles({ 'sheet.pdf': pdf() }));
    await button(page, say('preview.look')).click();
    const opened = browser.context.waitForEvent('page');
    await page.getByRole('link', { name: say('preview.pdf') }).click();
    const tab = await opened;
    expect(tab.url()).toMatch(/^blob:/);
    // The viewer is a program of the browser's, in a frame of its own; the innermost one holds the sheet.
    await untilIt(async () => tab.frames().map((each) => new URL(each.url()).protocol)).toEqual(['blob:', 'chrome-extension:', 'blob:']);
    await tab.close();
  });

  test('of what would attack run none of it: an SVG is a picture, a page is text, and neither opens in a tab of this site', async () => {
    const attack = "fetch('/attacked');parent.postMessage('attacked','*');top.attacked=true;alert(1)";
    page = await browser.open(
      await sendFiles({
        'logo.svg': Buffer.from(
          `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80" onload="${attack}"><script>${attack}</script><image href="/attacked.png"/><foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="javascript:${attack}"/></foreignObject><rect width="120" height="80" fill="#0b6152"/></svg>`,
        ),
        'page.html': Buffer.from(`<!doctype html><script>${attack}</script><img src=/attacked onerror="${attack}"><h1>hello</h1>`),
        'page.png': Buffer.from(`<html><script>${attack}</script></html>`),
      }),
    );
    const dialogs: string[] = [];
    page.on('dialog', (shown) => {
      dialogs.push(shown.message());
      void shown.dismiss();
    });
    await open('logo.svg');
    await untilIt(() =>
      frame()
        .locator('img')
        .evaluate((image: HTMLImageElement) => image.naturalWidth),
    ).toBe(120);
    const address = await frame()
      .locator('img')
      .evaluate((image: HTMLImageElement) => image.src);
    const tab = await browser.newPage();
    await expect(tab.goto(address)).rejects.toThrow('ERR_HTTP_RESPONSE_CODE_FAILURE');
    await tab.close();
    await close();
    for (const name of ['page.html', 'page.png']) {
      await open(name);
      expect(await dialog().getByRole('region').textContent()).toContain('<script>fetch');
      await close();
    }
    expect(dialogs).toEqual([]);
    expect(await page.evaluate(() => 'attacked' in globalThis)).toBe(false);
    expect(proxy.requests.filter(({ url }) => url.includes('attacked'))).toEqual([]);
  });

  test('run no script in their frame, even where one is put into it', async () => {
    page = await browser.open(await sendFiles({ 'a.png': png(4, 4) }));
    await button(page, say('preview.look')).click();
    await frame().locator('img').waitFor();
    const ran = await page.evaluate(async () => {
      const { contentDocument } = document.querySelector('iframe')!;
      const image = contentDocument!.createElement('img');
      image.setAttribute('onerror', 'top.attacked = true');
      const failed = new Promise((resolve) => image.addEventListener('error', resolve));
      image.src = '/_preview/file/unknown';
      contentDocument!.body.append(image);
      await failed;
      return 'attacked' in globalThis;
    });
    expect(ran).toBe(false);
    browser.complaints.length = 0; // the browser says that it blocked what the test put there
  });

  test('reach the service worker from a frame of this site alone: one without an origin gets nothing of it', async () => {
    page = await browser.open(await sendFiles({ 'a.png': png(4, 4) }));
    await button(page, say('preview.look')).click();
    await frame().locator('img').waitFor();
    const leftTheBrowser = (): string[] => proxy.requests.filter(({ url }) => url.includes('/_preview/')).map(({ url }) => new URL(url).pathname);
    expect(leftTheBrowser()).toEqual([]);
    await page.evaluate(
      () =>
        new Promise((resolve) => {
          const alone = document.createElement('iframe');
          alone.setAttribute('sandbox', '');
          alone.onload = resolve;
          alone.src = '/_preview/frame/image/alone';
          document.body.append(alone);
        }),
    );
    expect(leftTheBrowser()).toEqual(['/_preview/frame/image/alone']);
    browser.complaints.length = 0; // the browser says that it framed nothing of the server's, as it shall
  });

  test('are off where downloads are counted, and the page says why', async () => {
    page = await browser.open(await sendFiles({ 'a.png': png(4, 4), 'b.txt': Buffer.from('b') }, '--downloads', '3'));
    await page.getByText(say('preview.off')).waitFor();
    expect(await button(page, say('preview.open', 'a.png')).count()).toBe(0);
  });

  test('that cannot be had now are asked for again', async () => {
    page = await browser.open(await sendFiles({ 'a.txt': Buffer.from('words') }));
    await Promise.all(stage.network.nodes.slice(0, 4).map((node) => node.kill()));
    await button(page, say('preview.look')).click();
    await button(page, say('preview.retry')).waitFor();
    await Promise.all(stage.network.nodes.slice(0, 4).map((node) => node.start()));
    await stage.untilOnline(6);
    await button(page, say('preview.retry')).click();
    await dialog().getByText('words').waitFor();
  });
});

test('no page complained', () => {
  expect(browser.ownComplaints).toEqual([]);
});
