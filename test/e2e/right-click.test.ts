/**
 * "Send securely" on everything, in Chromium. A menu of the browser can't be clicked without a screen: the toolbar button is
 * pressed instead, which gives the same right to the page (activeTab), and the click is handed to the background where the
 * browser would hand it over.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { say } from '../../shared/ui/messages.ts';
import { explain, type Refusal } from '../../extension/refusals.ts';
import type { TestBrowser } from '../support/browser.ts';
import { GIF, largeBytes, PICTURE, REPORT, startCaptureSite, type CaptureSite } from '../support/capture-site.ts';
import { look } from './look.ts';
import { sha256Of, startStage, type Stage } from './stage.ts';
import { button, download, send, untilHeading } from './steps.ts';

const FIRST_PORT = 22_000;
const LARGE_BYTES = 400_000_000;
/** A tab's own, and what is under way. */
const MAX_GROWTH_BYTES = 250_000_000;
const LARGE_PATIENCE_MS = 150_000;

let stage: Stage;
let site: CaptureSite;
let sender: TestBrowser;
let recipient: TestBrowser;
let extension: string;
let page: Page;

beforeAll(async () => {
  [stage, site] = await Promise.all([startStage(6, FIRST_PORT), startCaptureSite()]);
  [sender, recipient] = await Promise.all([stage.launchBrowser({ extension: true }), stage.launchBrowser()]);
  extension = (await sender.background()).origin;
  const options = await sender.open(`${extension}/options.html`);
  await options.getByLabel(say('options.coordinator')).fill(stage.origin);
  await button(options, say('options.save')).click();
  await options.getByText(say('options.saved')).waitFor();
  await options.close();
});
afterAll(async () => {
  await stage?.stop();
  await site?.stop();
});
beforeEach(async () => {
  page = await sender.open(`${site.origin}/page`);
});
afterEach(() => page.close());

/** What the browser tells about a click. */
interface Click {
  readonly mediaType?: string;
  readonly srcUrl?: string;
  readonly linkUrl?: string;
  readonly selectionText?: string;
}

const untilSendTab = (): Promise<Page> => sender.context.waitForEvent('page', (one) => one.url().includes('/send.html'));

/** @param before - what runs in the background first. */
async function tellClick(click: Click, before = ''): Promise<void> {
  await sender.pressToolbarButton(page);
  const told = { menuItemId: 'send', editable: false, frameId: 0, pageUrl: page.url(), ...click };
  await sender.inBackground(`(async () => {
    const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
    ${before}
    chrome.contextMenus.onClicked.dispatch(${JSON.stringify(told)}, tab);
  })()`);
}

/** @returns the send tab that opens. */
async function rightClick(click: Click): Promise<Page> {
  const opened = untilSendTab();
  await tellClick(click);
  return opened;
}

const untilFetched = (tab: Page): Promise<void> => button(tab, say('send.start')).waitFor();

/** Sends what was fetched and downloads it. */
async function sendAndGet(tab: Page): Promise<{ name: string; file: string }> {
  await untilFetched(tab);
  const link = await send(tab);
  await tab.close();
  const received = await recipient.open(link);
  const downloaded = await download(received);
  await received.close();
  return downloaded;
}

async function expectArrives(tab: Page, name: string, bytes: Buffer): Promise<void> {
  const got = await sendAndGet(tab);
  expect(got.name).toBe(name);
  expect((await readFile(got.file)).equals(bytes)).toBe(true);
}

describe('what can be had comes with the person’s rights:', () => {
  test('an image that only the site’s visitors may see, with the page’s own cookies', async () => {
    await expectArrives(await rightClick({ mediaType: 'image', srcUrl: `${site.origin}/members/picture` }), 'picture.png', PICTURE);
  });

  test('an image that the site gives to its own pages alone', async () => {
    await expectArrives(await rightClick({ mediaType: 'image', srcUrl: `${site.origin}/hotlink/picture.png` }), 'picture.png', PICTURE);
  });

  test('a link that leads on to a file with a name of its own', async () => {
    await expectArrives(await rightClick({ linkUrl: `${site.origin}/report` }), 'annual report.pdf', REPORT);
  });

  test('a sound in a data: address', async () => {
    const url = `data:audio/wav;base64,${PICTURE.toString('base64')}`;
    await expectArrives(await rightClick({ mediaType: 'audio', srcUrl: url }), 'audio.wav', PICTURE);
  });

  test('a video behind a blob: address, which the page alone has', async () => {
    const url = await page.evaluate(async () => URL.createObjectURL(await (await fetch('/large/5000000')).blob()));
    const got = await sendAndGet(await rightClick({ mediaType: 'video', srcUrl: url }));
    expect(got.name).toBe('video.mp4');
    expect(await sha256Of(got.file)).toBe(largeSum(5_000_000));
  });

  test('an image of another site that lets anyone read it', async () => {
    await expectArrives(await rightClick({ mediaType: 'image', srcUrl: `${site.elsewhere}/open/picture.png` }), 'picture.png', PICTURE);
  });
});

function largeSum(bytes: number): string {
  const hash = createHash('sha256');
  for (const piece of largeBytes(bytes)) hash.update(piece);
  return hash.digest('hex');
}

test('a large video goes to the disk and not into memory, and goes with its tab', async () => {
  const { result: tab, peakBytes } = await sender.peakOverNow(async () => {
    const tab = await rightClick({ mediaType: 'video', srcUrl: `${site.elsewhere}/open/large/${LARGE_BYTES}` });
    await button(tab, say('send.start')).waitFor({ timeout: LARGE_PATIENCE_MS });
    return tab;
  });
  expect(peakBytes).toBeLessThan(MAX_GROWTH_BYTES);
  expect(await storedFiles(tab)).toBe(1);
  await tab.close();
  const next = await sender.open(`${extension}/send.html`);
  await expect.poll(() => storedFiles(next)).toBe(0);
  await next.close();
});

test('what was sent is not kept', async () => {
  const tab = await rightClick({ linkUrl: `${site.origin}/report` });
  await untilFetched(tab);
  expect(await storedFiles(tab)).toBe(1);
  await send(tab);
  await expect.poll(() => storedFiles(tab)).toBe(0);
  await tab.close();
});

/** How many fetched files lie in the extension's own file system. */
const storedFiles = (tab: Page): Promise<number> =>
  tab.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('fetched', { create: true });
    let files = 0;
    for await (const _ of folder.keys()) files++;
    return files;
  });

test('tells how far fetching is, and cancelling leaves nothing', async () => {
  const tab = await rightClick({ linkUrl: `${site.origin}/slow` });
  const { release } = await site.slow();
  await tab.getByText(say('capture.from', new URL(site.origin).host)).waitFor();
  await tab.getByRole('progressbar', { name: say('capture.title') }).waitFor();
  await look(tab, 'capture-busy');
  expect(await storedFiles(tab)).toBe(1);
  await button(tab, say('capture.cancel')).click();
  await button(tab, say('send.chooseFiles')).waitFor();
  await expect.poll(() => storedFiles(tab)).toBe(0);
  release();
  await tab.close();
});

describe('a text becomes a note, which its sender sees first:', () => {
  async function expectNote(tab: Page, text: string): Promise<void> {
    const note = tab.getByLabel(say('note.label'));
    await note.waitFor();
    expect(await note.inputValue()).toBe(text);
    const link = await send(tab);
    await tab.close();
    const received = await recipient.open(link);
    await untilHeading(received, say('note.title'));
    await button(received, say('note.show')).click();
    await untilHeading(received, say('note.shown.title'));
    expect(await received.getByLabel(say('note.text'), { exact: true }).inputValue()).toBe(text);
    await received.close();
  }

  const select = (): Promise<void> => page.evaluate(() => getSelection()!.selectAllChildren(document.querySelector('#text')!));

  test('a selection, with its line breaks and where it is from', async () => {
    await select();
    const tab = await rightClick({ selectionText: 'First line second line' });
    await tab.getByLabel(say('note.label')).waitFor();
    await look(tab, 'capture-selection');
    await expectNote(tab, `First line\nsecond line\n\nFrom: ${site.origin}/page\n`);
  });

  test('what is selected when the key is pressed', async () => {
    await select();
    await expectNote(await pressKey(), `First line\nsecond line\n\nFrom: ${site.origin}/page\n`);
  });

  test('what is typed after the word in the address bar', async () => {
    await expectNote(await typeWords(' the door opens with 4711 '), 'the door opens with 4711');
  });
});

async function pressKey(): Promise<Page> {
  await sender.pressToolbarButton(page);
  const opened = untilSendTab();
  await sender.inBackground(`chrome.tabs.query({ active: true, lastFocusedWindow: true }).then(([tab]) => chrome.commands.onCommand.dispatch('send-this', tab))`);
  return opened;
}

async function typeWords(words: string): Promise<Page> {
  const opened = untilSendTab();
  await sender.inBackground(`chrome.omnibox.onInputEntered.dispatch(${JSON.stringify(words)}, 'currentTab')`);
  return opened;
}

test('the address bar takes an address too, and the browser knows the key', async () => {
  expect(await sender.inBackground(`chrome.commands.getAll().then((all) => all.find(({ name }) => name === 'send-this').shortcut)`)).toBe('Alt+Shift+S');
  await expectArrives(await typeWords(`${site.elsewhere}/open/picture.png`), 'picture.png', PICTURE);
});

describe('a page becomes one file', () => {
  test('with its styles, pictures and fonts, and nothing that runs or loads', async () => {
    const tab = await rightClick({});
    await button(tab, say('capture.partly.keep')).waitFor();
    await tab.getByText(say('capture.partly.text', 1)).waitFor();
    await look(tab, 'capture-partly');
    await button(tab, say('capture.partly.keep')).click();
    const { name, file } = await sendAndGet(tab);
    expect(name).toBe('A site.html');
    const html = await readFile(file, 'utf8');
    expect(html).not.toMatch(/<script|onload=|javascript:|srcset|shardsend-[0-9a-f]{8}-/);
    expect(html).toContain(`<meta name="saved-from" content="${site.origin}/page">`);

    const asked: string[] = [];
    const opened = await recipient.newPage();
    opened.on('request', (request) => asked.push(request.url()));
    await opened.setContent(html);
    expect(
      await opened.evaluate(() => [getComputedStyle(document.querySelector('#text')!).color, document.querySelector<HTMLImageElement>('#host + img, img#own')!.src.slice(0, 22)]),
    ).toEqual(['rgb(1, 2, 3)', 'data:image/png;base64,']);
    expect(await opened.evaluate(() => document.querySelector('#host')!.shadowRoot!.querySelector('img')!.naturalWidth)).toBe(1);
    expect(await opened.evaluate(() => getComputedStyle(document.body).backgroundImage)).toBe(`url("data:image/gif;base64,${GIF.toString('base64')}")`);
    expect(html).toContain(`data:font/woff2;base64,${Buffer.from('a font').toString('base64')}`);
    expect(await opened.evaluate(() => document.querySelector<HTMLAnchorElement>('#next')!.href)).toBe(`${site.origin}/next`);
    expect(await opened.evaluate(() => document.querySelectorAll('iframe, canvas').length)).toBe(0);
    expect(asked.filter((url) => !url.startsWith('data:'))).toEqual([]);
    await opened.close();
  });

  test('and is taken again whole once the sites of its parts are allowed', async () => {
    // The browser's own question can't be answered without a screen: what is allowed beforehand is not asked for again.
    await allow(site.elsewhere);
    const tab = await rightClick({});
    await button(tab, say('capture.partly.allow')).click();
    await button(tab, say('capture.partly.allow')).waitFor({ state: 'detached' });
    await untilFetched(tab);
    await expect.poll(() => rights(tab)).toEqual([]);
    const { file } = await sendAndGet(tab);
    expect(await readFile(file, 'utf8')).toContain(`<img id="other" alt="other" src="data:image/gif;base64,${GIF.toString('base64')}"`);
  });

  test('where the tab shows a file instead, that file is sent', async () => {
    await page.goto(`${site.origin}/hotlink/picture.png`, { referer: `${site.origin}/page` });
    await page.goto(`${site.origin}/pixel.gif`);
    await expectArrives(await pressKey(), 'pixel.gif', GIF);
  });
});

/** As the person does in the browser's own settings. */
const allow = (origin: string): Promise<void> => sender.allowSite(`${origin.replace(/:\d+$/, '')}/*`);

/** Sites that the extension may read. */
const rights = (tab: Page): Promise<string[]> => tab.evaluate(async () => (await chrome.permissions.getAll()).origins ?? []);

describe('of a site that lets nobody read it', () => {
  async function untilAsked(tab: Page, host = new URL(site.elsewhere).host): Promise<void> {
    await tab.getByText(say('capture.permission.text', host)).waitFor();
  }

  test('asks for that site alone, fetches with the person’s cookies there and as its pages do, and gives the right back', async () => {
    const visited = await sender.open(`${site.elsewhere}/page`);
    await visited.close();
    for (const path of ['/closed/picture.png', '/members/picture', '/hotlink/picture.png']) {
      await allow(site.elsewhere);
      const tab = await rightClick({ mediaType: 'image', srcUrl: `${site.elsewhere}${path}` });
      await untilAsked(tab);
      if (path === '/closed/picture.png') await look(tab, 'capture-permission');
      await button(tab, say('capture.permission.allow', new URL(site.elsewhere).host)).click();
      await untilFetched(tab);
      await expect.poll(() => rights(tab)).toEqual([]);
      await expectArrives(tab, 'picture.png', PICTURE);
    }
  });

  test('that the person does not allow says what else can be done', async () => {
    const tab = await rightClick({ mediaType: 'image', srcUrl: `${site.elsewhere}/closed/picture.png` });
    await untilAsked(tab);
    // The browser's question again: this is the answer that its "Deny" gives to the extension.
    await tab.evaluate(() => (chrome.permissions.request = (async () => false) as typeof chrome.permissions.request));
    await button(tab, say('capture.permission.allow', new URL(site.elsewhere).host)).click();
    await tab.getByText(say('capture.permission.denied')).waitFor();
    await look(tab, 'capture-denied');
    await tab.close();
  });
});

describe('what is refused is said plainly:', () => {
  const cases: readonly (readonly [string, Click, Refusal])[] = [
    ['nothing there', { linkUrl: '/status/404' }, { reason: 'status', status: 404 }],
    ['for members', { linkUrl: '/status/401' }, { reason: 'status', status: 401 }],
    ['forbidden', { mediaType: 'image', srcUrl: '/status/403' }, { reason: 'status', status: 403 }],
    ['trouble at the site', { linkUrl: '/status/503' }, { reason: 'status', status: 503 }],
    ['a page to sign in on', { linkUrl: '/walled/report.pdf' }, { reason: 'signIn' }],
    ['an answer that breaks off', { linkUrl: '/broken' }, { reason: 'broken' }],
    ['more than can be sent', { mediaType: 'video', srcUrl: '/endless' }, { reason: 'tooLarge' }],
    ['an address that names no file', { linkUrl: 'mailto:somebody@example.org' }, { reason: 'scheme', scheme: 'mailto:' }],
    ['a blob that is gone', { mediaType: 'image', srcUrl: 'blob:/00000000-0000-4000-8000-000000000000' }, { reason: 'gone' }],
    ['a video that a player puts together', { mediaType: 'video', srcUrl: 'blob:/00000000-0000-4000-8000-000000000000' }, { reason: 'streamed' }],
  ];

  test.each(cases)('%s', async (_, { linkUrl, srcUrl, ...click }, refusal) => {
    const absolute = (url: string): string => (url.startsWith('blob:') ? `blob:${site.origin}${url.slice(5)}` : new URL(url, site.origin).href);
    const tab = await rightClick({ ...click, ...(linkUrl ? { linkUrl: absolute(linkUrl) } : {}), ...(srcUrl ? { srcUrl: absolute(srcUrl) } : {}) });
    await tab.getByText(explain(refusal)).waitFor();
    if (refusal.reason === 'status' && refusal.status === 404) {
      await look(tab, 'capture-failed');
      await button(tab, say('capture.skip')).click();
      await button(tab, say('send.chooseFiles')).waitFor();
    }
    await tab.close();
  });

  test('a page that is closed before it gave its file', async () => {
    const tab = await rightClick({ linkUrl: `${site.origin}/slow` });
    const { release } = await site.slow();
    await tab.getByRole('progressbar', { name: say('capture.title') }).waitFor();
    await page.close();
    await tab.getByText(explain({ reason: 'gone' })).waitFor();
    release();
    await tab.close();
    page = await sender.open(`${site.origin}/page`);
  });

  test('a page of the browser’s own', async () => {
    await page.goto('chrome://version');
    const tab = await rightClick({});
    await tab.getByText(explain({ reason: 'page' })).waitFor();
    await tab.close();
  });

  test('a job that the browser forgot', async () => {
    const tab = await sender.open(`${extension}/send.html#job=00000000-0000-4000-8000-000000000000`);
    await tab.getByText(say('capture.lost')).waitFor();
    await look(tab, 'capture-lost');
    await tab.close();
  });
});

test('a tab that is closed while it sends leaves a send that continues without choosing again', async () => {
  const tab = await rightClick({ mediaType: 'video', srcUrl: `${site.elsewhere}/open/large/60000000` });
  await untilFetched(tab);
  await button(tab, say('send.start')).click();
  await button(tab, say('sending.pause')).click();
  await button(tab, say('sending.proceed')).waitFor();
  await tab.close();
  const again = await sender.open(`${extension}/send.html`);
  await button(again, say('unfinished.continue', '60000000.mp4')).click();
  await untilHeading(again, say('done.title'));
  const received = await recipient.open(await again.getByLabel(say('done.link'), { exact: true }).inputValue());
  expect(await sha256Of((await download(received)).file)).toBe(largeSum(60_000_000));
  await Promise.all([received.close(), again.close()]);
});

describe('the background is ended', () => {
  /** A job without a tab, and an alarm for it. */
  const waiting = (any: Page): Promise<readonly [jobs: number, alarms: number]> =>
    any.evaluate(async () => {
      const keys = Object.keys(await chrome.storage.session.get(null));
      const alarms = await chrome.alarms.getAll();
      return [keys.filter((key) => key.startsWith('waiting:')).length, alarms.filter(({ name }) => name === 'jobs').length] as const;
    });

  test.each([
    ['chrome.storage.session', 'set', true],
    ['chrome.alarms', 'create', true],
    ['chrome.tabs', 'create', false],
  ])('while it waits for %s.%s: the alarm opens the tab, and it finishes', async (place, name, isDone) => {
    const any = await sender.open(`${extension}/options.html`);
    await any.evaluate(() => chrome.runtime.sendMessage({ type: 'wake' }));
    await page.bringToFront();
    const hang = `const real = ${place}.${name}.bind(${place}); ${place}.${name} = async (...args) => { ${isDone ? 'await real(...args);' : ''} await new Promise(() => undefined); };`;
    await tellClick({ linkUrl: `${site.origin}/report` }, hang);
    await expect.poll(() => waiting(any)).toEqual([1, 1]);
    await sender.stopBackground(any);
    const opened = untilSendTab();
    await any.evaluate(() => chrome.alarms.create('jobs', { when: Date.now() }));
    const tab = await opened;
    await expectArrives(tab, 'annual report.pdf', REPORT);
    expect(await waiting(any)).toEqual([0, 0]);
    await any.close();
  });

  test('while its tab fetches and sends: the tab does not notice', async () => {
    const tab = await rightClick({ linkUrl: `${site.origin}/slow` });
    const { release } = await site.slow();
    await sender.stopBackground(tab);
    release();
    await untilFetched(tab);
    await button(tab, say('send.start')).click();
    await sender.stopBackground(tab);
    await untilHeading(tab, say('done.title'));
    await tab.close();
  });
});

test('no page complained', () => {
  expect(sender.ownComplaints).toEqual([]);
  expect(recipient.complaints).toEqual([]);
});
