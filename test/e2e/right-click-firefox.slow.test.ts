/** "Send securely" in Firefox, with the built extension: what comes through the page, what through the extension, and what is refused. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { explain, type Refusal } from '../../extension/refusals.ts';
import { say } from '../../shared/ui/messages.ts';
import { GIF, largeSum, PICTURE, REPORT, startCaptureSite, type CaptureSite } from '../support/capture-site.ts';
import type { FirefoxExtension, MenuClick } from '../support/firefox-extension.ts';
import { launchFirefox, type FirefoxBrowser } from '../support/firefox.ts';
import { runCommand } from '../support/network.ts';
import { RecordingProxy } from '../support/recording-proxy.ts';
import { buttonNamed, firstTrue, nodeAt, type EnginePage } from '../support/webdriver.ts';
import { sha256Of, startStage, type Stage } from './stage.ts';

const FIRST_PORT = 23_000;
const LARGE_BYTES = 60_000_000;

let stage: Stage;
let site: CaptureSite;
let proxy: RecordingProxy;
let downloads: string;
let browser: FirefoxBrowser;
let extension: FirefoxExtension;
let page: EnginePage;
let tab: EnginePage;

beforeAll(async () => {
  downloads = await mkdtemp(path.join(tmpdir(), 'shardsend-downloads-'));
  [stage, site, proxy] = await Promise.all([startStage(6, FIRST_PORT), startCaptureSite(), RecordingProxy.start()]);
  // The browser's own question can't be answered without a screen.
  browser = await launchFirefox({ downloads, proxy: proxy.url, preferences: { 'extensions.webextOptionalPermissionPrompts': false } });
  extension = await browser.installExtension();
  const options = await browser.open(`${extension.origin}/options.html`);
  await options.evaluate(`browser.storage.local.set({ settings: { coordinator: ${JSON.stringify(stage.origin)} } })`);
  await options.close();
});
afterAll(async () => {
  await browser?.close();
  await proxy?.stop();
  await stage?.stop();
  await site?.stop();
  await rm(downloads, { recursive: true, force: true });
});
beforeEach(async () => {
  page = await browser.open(`${site.origin}/page`);
});
afterEach(async () => {
  await tab.close();
  await page.close();
});

const rightClick = async (click: MenuClick): Promise<void> => void (tab = await extension.clickMenu(click, `${site.origin}/page`));
const untilButton = (name: string): Promise<unknown> => tab.evaluate(firstTrue(`!!${nodeAt(buttonNamed(name))}`));
const untilSaid = (text: string): Promise<unknown> => tab.evaluate(firstTrue(`document.body.innerText.includes(${JSON.stringify(text)})`));

/** @returns the link, once everything is sent. */
async function send(): Promise<string> {
  await untilButton(say('send.start'));
  await tab.press(say('send.start'));
  await untilSaid(say('done.title'));
  return tab.evaluate(`${nodeAt(`//input[@readonly]`)}.value`);
}

async function expectArrives(name: string, sha256: string): Promise<void> {
  const out = await mkdtemp(path.join(downloads, 'got-'));
  expect(await runCommand(['get', await send(), '--out', out])).toMatchObject({ code: 0 });
  expect(await sha256Of(path.join(out, name))).toBe(sha256);
}

const sumOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('what can be had comes with the person’s rights:', () => {
  test.each([
    ['an image for visitors', { mediaType: 'image', srcUrl: '/members/picture' }, 'picture.png', PICTURE],
    ['an image for the site’s own pages', { mediaType: 'image', srcUrl: '/hotlink/picture.png' }, 'picture.png', PICTURE],
    ['a link that leads on', { linkUrl: '/report' }, 'annual report.pdf', REPORT],
  ] as const)('%s', async (_, click, name, bytes) => {
    const absolute = Object.fromEntries(Object.entries(click).map(([key, value]) => [key, value.startsWith('/') ? site.origin + value : value]));
    await rightClick(absolute);
    await expectArrives(name, sumOf(bytes));
  });

  test('a sound in a data: address', async () => {
    await rightClick({ mediaType: 'audio', srcUrl: `data:audio/wav;base64,${GIF.toString('base64')}` });
    await expectArrives('audio.wav', sumOf(GIF));
  });

  test('a video behind a blob: address, which the page alone has', async () => {
    const url = await page.evaluate<string>(`fetch('/large/5000000').then((response) => response.blob()).then((blob) => URL.createObjectURL(blob))`);
    await rightClick({ mediaType: 'video', srcUrl: url });
    await expectArrives('video.mp4', largeSum(5_000_000));
  });

  test('a larger video, although the background is ended meanwhile', async () => {
    await rightClick({ mediaType: 'video', srcUrl: `${site.origin}/large/${LARGE_BYTES}` });
    await extension.endBackground();
    await expectArrives(`${LARGE_BYTES}.mp4`, largeSum(LARGE_BYTES));
  });

  test.each(['/closed/picture.png', '/members/picture', '/hotlink/picture.png'])(
    'an image of another site, once it is allowed, with the person’s cookies there and as its pages do: %s',
    async (file) => {
      const visited = await browser.open(`${site.elsewhere}/page`);
      await visited.close();
      await page.close();
      page = await browser.open(`${site.origin}/page`);
      await rightClick({ mediaType: 'image', srcUrl: site.elsewhere + file });
      const { host } = new URL(site.elsewhere);
      await untilSaid(say('capture.permission.text', host));
      await tab.press(say('capture.permission.allow', host));
      await expectArrives('picture.png', sumOf(PICTURE));
      expect(await tab.evaluate('browser.permissions.getAll().then(({ origins }) => origins)')).toEqual([]);
    },
  );

  test('a link that leads on to a site that nobody named, once any is allowed for it', async () => {
    await rightClick({ linkUrl: `${site.origin}/away` });
    await untilSaid(say('capture.permission.elsewhere', new URL(site.origin).host));
    await tab.press(say('capture.permission.allowAny'));
    await expectArrives('picture.png', sumOf(PICTURE));
  });
});

test('a selection becomes a note with its source', async () => {
  await page.evaluate(`getSelection().selectAllChildren(document.querySelector('#text'))`);
  await rightClick({ selectionText: 'First line second line' });
  await untilSaid(say('note.label'));
  expect(await runCommand(['get', await send()])).toMatchObject({ code: 0, stdout: `First line\nsecond line\n\nFrom: ${site.origin}/page\n` });
});

test('a page becomes one file, and is taken again whole once the sites of its parts are allowed', async () => {
  await rightClick({});
  await untilButton(say('capture.partly.allow'));
  await untilSaid(say('capture.partly.text', 1));
  await tab.press(say('capture.partly.allow'));
  await tab.evaluate(firstTrue(`!${nodeAt(buttonNamed(say('capture.partly.allow')))}`));
  const out = await mkdtemp(path.join(downloads, 'got-'));
  expect(await runCommand(['get', await send(), '--out', out])).toMatchObject({ code: 0 });
  const opened = await browser.open(`file://${path.join(out, 'A site.html')}`);
  expect(
    await opened.evaluate(`({
      color: getComputedStyle(document.querySelector('#text')).color,
      pictures: ['#own', '#other'].map((id) => document.querySelector(id).src.slice(0, 15)),
      shadow: document.querySelector('#host').shadowRoot.querySelector('img').naturalWidth,
      scripts: document.scripts.length,
    })`),
  ).toEqual({ color: 'rgb(1, 2, 3)', pictures: ['data:image/png;', 'data:image/gif;'], shadow: 1, scripts: 0 });
  await opened.close();
});

test.each([
  ['/status/404', { reason: 'status', status: 404 }],
  ['/walled/report.pdf', { reason: 'signIn' }],
  ['/broken', { reason: 'broken' }],
] as const satisfies readonly (readonly [string, Refusal])[])('what is refused is said plainly: %s', async (file, refusal) => {
  await rightClick({ linkUrl: site.origin + file });
  await untilSaid(explain(refusal));
});
