/** The extension as it is built, in a real browser: from the toolbar or a right-click to a recipient without it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatBytes } from '../../shared/ui/format.ts';
import { say } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { look } from './look.ts';
import { noise, sha256Of, startStage, type Stage } from './stage.ts';
import { button, chooseFiles, download, heading, linkOn, send, untilHeading, untilSent } from './steps.ts';

let stage: Stage;
let sender: TestBrowser;
let recipient: TestBrowser;
let extension: string;

beforeAll(async () => {
  stage = await startStage(24);
  [sender, recipient] = await Promise.all([stage.launchBrowser({ extension: true }), stage.launchBrowser()]);
  extension = (await sender.background()).origin;
});
afterAll(() => stage?.stop());

/** @returns how often a person clicked since. */
async function countClicks(page: Page): Promise<() => Promise<number>> {
  const clicks = await page.evaluateHandle(() => {
    const seen: Event[] = [];
    addEventListener('click', (event) => event.isTrusted && seen.push(event), true);
    return seen;
  });
  return () => clicks.evaluate((seen) => seen.length);
}

test('the options take the address of a coordinator, and tell whether one answers', async () => {
  const page = await sender.open(`${extension}/options.html`);
  const address = page.getByLabel(say('options.coordinator'));
  await address.fill('send.example.org');
  await button(page, say('options.save')).click();
  await page.getByText(say('options.coordinator.invalid')).waitFor();
  await look(page, 'options-invalid');
  await address.fill('http://localhost:1');
  await button(page, say('options.check')).click();
  await page.getByText(say('options.unreachable')).waitFor();
  await look(page, 'options-unreachable');
  await address.fill(stage.origin);
  await button(page, say('options.save')).click();
  await page.getByText(say('options.saved')).waitFor();
  await button(page, say('options.check')).click();
  await page.getByText(say('options.online', 24, 24)).waitFor();
  await look(page, 'options');
  await page.close();
});

test('from the toolbar to a recipient without the extension, byte for byte', async () => {
  const site = await sender.open(stage.origin);
  const popup = await sender.pressToolbarButton(site);
  await expect.poll(() => popup.text(), { timeout: 60_000 }).toContain(new URL(stage.origin).host);
  const opened = sender.context.waitForEvent('page');
  await popup.click(say('popup.send'));
  const page = await opened;
  expect(page.url()).toBe(`${extension}/send.html`);
  await look(page, 'extension-picking');

  const source = await stage.newFile('holiday film.mp4', 12_345_678);
  await chooseFiles(page, source);
  await look(page, 'extension-chosen');
  const link = await send(page);
  expect(link).toMatch(new RegExp(String.raw`^${stage.origin}/d/[\w-]{22}#[\w-]{50}$`));
  await look(page, 'extension-done');
  await Promise.all([page.close(), site.close()]);

  const received = await recipient.newPage();
  let downloads = 0;
  received.on('download', () => downloads++);
  await received.goto(link);
  await untilHeading(received, say('receive.title', 1));
  const row = received.getByRole('list', { name: say('receive.files') }).getByRole('listitem');
  expect(await row.innerText()).toContain('holiday film.mp4');
  expect(await row.innerText()).toContain(formatBytes(12_345_678));
  expect(downloads).toBe(0);
  const { name, file } = await download(received);
  expect(name).toBe('holiday film.mp4');
  expect(await sha256Of(file)).toBe(await sha256Of(source));
  await received.close();
});

test('a new user has a link after three clicks in the extension, and its recipient has the file after one', async () => {
  const source = await stage.newFile('first try.pdf', 3_000_000);
  const site = await sender.open(stage.origin);
  const startedAt = performance.now();
  const popup = await sender.pressToolbarButton(site);
  await expect.poll(() => popup.text(), { timeout: 60_000 }).toContain(say('popup.send'));
  const opened = sender.context.waitForEvent('page');
  await popup.click(say('popup.send'));
  const page = await opened;
  const clicksInTab = await countClicks(page);
  await chooseFiles(page, source);
  await button(page, say('send.start')).click();
  await page.getByLabel(say('done.link'), { exact: true }).waitFor();
  const shownAfter = performance.now() - startedAt;
  // The popup took the first one.
  expect(1 + (await clicksInTab())).toBe(3);

  const received = await recipient.open(await linkOn(page));
  const openedAt = performance.now();
  const clicks = await countClicks(received);
  expect(await sha256Of((await download(received)).file)).toBe(await sha256Of(source));
  expect(await clicks()).toBe(1);
  const seconds = [shownAfter, performance.now() - openedAt].map((ms) => (ms / 1000).toFixed(1));
  console.info(`from the toolbar to a link in ${seconds[0]} s, from the link's page to the file in ${seconds[1]} s`);
  await untilSent(page);
  await Promise.all([page.close(), site.close(), received.close()]);
});

test('its list has what its send tab sent, and the alarm tells of a download without a name', async () => {
  const page = await sender.open(`${extension}/sends.html`);
  const row = page.getByRole('list', { name: say('sends.list') }).getByRole('article', { name: 'holiday film.mp4' });
  await row.getByText(say('sends.downloads.free', 1), { exact: true }).waitFor();
  await row.getByText(say('sends.state.ready'), { exact: true }).waitFor();
  await button(page, say('sends.detailsOf', 'holiday film.mp4')).click();
  const link = await row.getByLabel(say('done.link'), { exact: true }).inputValue();
  await row.getByLabel(say('sends.notify')).check();
  const { worker } = await sender.background();
  await expect.poll(() => worker.evaluate(async () => (await chrome.alarms.getAll()).map(({ name, periodInMinutes }) => [name, periodInMinutes]))).toEqual([['downloads', 1]]);
  await look(page, 'extension-sends');
  await page.close();

  const received = await recipient.open(link);
  await download(received);
  await received.close();
  await worker.evaluate(() => {
    // What a notification said can't be asked for afterwards.
    const said = ((globalThis as { said?: unknown[] }).said = [] as unknown[]);
    const create = chrome.notifications.create.bind(chrome.notifications) as (id: string, options: object) => Promise<string>;
    chrome.notifications.create = ((id: string, options: object) => {
      said.push(options);
      return create(id, options);
    }) as typeof chrome.notifications.create;
    return chrome.alarms.create('downloads', { when: Date.now() });
  });
  await expect.poll(() => worker.evaluate(async () => Object.keys(await chrome.notifications.getAll()))).toContain('downloaded');
  expect(await worker.evaluate(() => (globalThis as { said?: unknown[] }).said)).toEqual([
    { type: 'basic', iconUrl: `${extension}/icon/128.png`, title: say('sends.notify.title'), message: say('sends.notify.text', 1) },
  ]);
  // The next look comes by itself again.
  await expect.poll(() => worker.evaluate(async () => (await chrome.alarms.get('downloads'))?.periodInMinutes)).toBe(1);
});

test('an unfinished send whose tab was closed is offered in the send tab, and continues under its link', async () => {
  const source = await stage.newFile('long film.mp4', 60_000_000);
  const closed = await sender.open(`${extension}/send.html`);
  await chooseFiles(closed, source);
  await button(closed, say('send.start')).click();
  await button(closed, say('sending.pause')).click();
  await button(closed, say('sending.proceed')).waitFor();
  const link = await linkOn(closed);
  await closed.close();

  const page = await sender.open(`${extension}/send.html`);
  await chooseFiles(page, source, say('unfinished.continue', 'long film.mp4'));
  expect(await untilSent(page)).toBe(link);
  await page.close();
  const received = await recipient.open(link);
  expect(await sha256Of((await download(received)).file)).toBe(await sha256Of(source));
  await received.close();
});

test('the popup alone, in a tab', async () => {
  const page = await sender.open(`${extension}/popup.html`);
  await look(page, 'popup');
  await page.close();
});

/**
 * A menu of the browser can't be clicked without a screen. The toolbar button is pressed instead, which gives the same right to
 * the page (activeTab), and the click is handed to the background where the browser would hand it over.
 */
describe('a right-click', () => {
  const picture = noise('picture', 300_000);
  const report = noise('report', 2_000_000);
  let server: Server;
  let site: string;
  /** What was asked at `/slow` is answered when the test says so. */
  let held = (): void => undefined;
  let asked: PromiseWithResolvers<void>;
  /** The same server by its other name, which is another site to a browser. */
  let elsewhere: string;

  beforeAll(async () => {
    server = createServer(answer);
    server.listen(0);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    site = `http://localhost:${port}`;
    elsewhere = `http://127.0.0.1:${port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const bytes = (type: string, body: Buffer | string, headers: Record<string, string> = {}): void => {
      response.writeHead(200, { 'Content-Type': type, ...headers }).end(body);
    };
    const knows = request.headers.cookie?.includes('session=open') ?? false;
    switch (request.url) {
      case '/page':
        return bytes('text/html', PAGE, { 'Set-Cookie': 'session=open; Path=/; SameSite=Lax' });
      case '/members/picture':
        return knows ? bytes('image/png', picture) : void response.writeHead(403).end();
      case '/report':
        return void response.writeHead(302, { Location: '/files/final' }).end();
      case '/files/final':
        return bytes('application/pdf', report, { 'Content-Disposition': 'attachment; filename="annual report.pdf"' });
      case '/open/picture.png':
        return bytes('image/png', picture, { 'Access-Control-Allow-Origin': '*' });
      case '/slow':
        held = () => bytes('application/pdf', report);
        return asked.resolve();
      case '/closed/picture.png':
        return bytes('image/png', picture);
      default:
        return void response.writeHead(404).end('not here');
    }
  }
  const PAGE = `<!doctype html><title>A site</title><p id="text">First line<br>second <b>line</b></p><p>${'and more '.repeat(20)}</p>`;

  /** What the browser tells about a click. */
  interface Click {
    readonly mediaType?: string;
    readonly srcUrl?: string;
    readonly linkUrl?: string;
    readonly selectionText?: string;
  }

  /** @returns the send tab that opens. */
  async function rightClick(page: Page, click: Click): Promise<Page> {
    await sender.pressToolbarButton(page);
    const { worker } = await sender.background();
    const opened = sender.context.waitForEvent('page', (one) => one.url().includes('/send.html'));
    await worker.evaluate(
      async ({ click, url }) => {
        const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
        const told = { menuItemId: 'send', editable: false, frameId: 0, pageUrl: url, ...click };
        const { onClicked } = chrome.contextMenus as unknown as { onClicked: { dispatch(click: object, tab: object | undefined): void } };
        onClicked.dispatch(told, tab);
      },
      { click, url: page.url() },
    );
    return opened;
  }

  /** Sends what was fetched and downloads it. */
  async function sendAndGet(tab: Page): Promise<{ name: string; bytes: Buffer }> {
    await button(tab, say('send.start')).waitFor();
    const link = await send(tab);
    await tab.close();
    const page = await recipient.open(link);
    const { name, file } = await download(page);
    await page.close();
    return { name, bytes: await readFile(file) };
  }

  test('on an image that only the site’s visitors may see: fetched with the page’s own cookies', async () => {
    const page = await sender.open(`${site}/page`);
    const tab = await rightClick(page, { mediaType: 'image', srcUrl: `${site}/members/picture` });
    expect(await sendAndGet(tab)).toEqual({ name: 'picture.png', bytes: picture });
    await page.close();
  });

  test('on a link that leads on to a file with a name of its own', async () => {
    const page = await sender.open(`${site}/page`);
    const tab = await rightClick(page, { linkUrl: `${site}/report` });
    expect(await sendAndGet(tab)).toEqual({ name: 'annual report.pdf', bytes: report });
    await page.close();
  });

  test('on a link that is slow says where it fetches from', async () => {
    asked = Promise.withResolvers<void>();
    const page = await sender.open(`${site}/page`);
    const tab = await rightClick(page, { linkUrl: `${site}/slow` });
    await asked.promise;
    await tab.getByText(say('capture.from', new URL(site).host)).waitFor();
    await look(tab, 'capture-busy');
    held();
    await button(tab, say('send.start')).waitFor();
    await tab.close();
    await page.close();
  });

  test('on a selection: with its line breaks, and where it is from', async () => {
    const page = await sender.open(`${site}/page`);
    await page.evaluate(() => getSelection()!.selectAllChildren(document.querySelector('#text')!));
    const tab = await rightClick(page, { selectionText: 'First line second line' });
    const { name, bytes } = await sendAndGet(tab);
    expect(name).toBe('selection.txt');
    expect(bytes.toString()).toBe(`First line\nsecond line\n\nFrom: ${site}/page\n`);
    await page.close();
  });

  test('on a link to nothing says what the site answered, and lets go', async () => {
    const page = await sender.open(`${site}/page`);
    const tab = await rightClick(page, { linkUrl: `${site}/gone` });
    await tab.getByText(say('capture.failed.status', 404)).waitFor();
    await look(tab, 'capture-failed');
    await button(tab, say('capture.skip')).click();
    await button(tab, say('send.chooseFiles')).waitFor();
    await tab.close();
    await page.close();
  });

  test('on an image of another site that lets anyone read it', async () => {
    const page = await sender.open(`${site}/page`);
    const tab = await rightClick(page, { mediaType: 'image', srcUrl: `${elsewhere}/open/picture.png` });
    expect(await sendAndGet(tab)).toEqual({ name: 'picture.png', bytes: picture });
    await page.close();
  });

  test('on an image of a site that lets nobody read it: asks for that site alone, and gives the right back', async () => {
    const page = await sender.open(`${site}/page`);
    // The browser's own question can't be answered without a screen: the site is allowed beforehand, and is not asked for again.
    await sender.allowSite(`${elsewhere.replace(/:\d+$/, '')}/*`);
    const tab = await rightClick(page, { mediaType: 'image', srcUrl: `${elsewhere}/closed/picture.png` });
    const { host } = new URL(elsewhere);
    await tab.getByText(say('capture.permission.text', host)).waitFor();
    await look(tab, 'capture-permission');
    await button(tab, say('capture.permission.allow', host)).click();
    expect(await sendAndGet(tab)).toEqual({ name: 'picture.png', bytes: picture });
    const { worker } = await sender.background();
    expect(await worker.evaluate(async () => (await chrome.permissions.getAll()).origins)).not.toContain(`${elsewhere.replace(/:\d+$/, '')}/*`);
    await page.close();
  });

  test('on an image of a site that the person does not allow says what else can be done', async () => {
    const page = await sender.open(`${site}/page`);
    const tab = await rightClick(page, { mediaType: 'image', srcUrl: `${elsewhere}/closed/picture.png` });
    // The browser's question again: this is the answer that its "Deny" gives to the extension.
    await tab.evaluate(() => (chrome.permissions.request = (async () => false) as typeof chrome.permissions.request));
    await button(tab, say('capture.permission.allow', new URL(elsewhere).host)).click();
    await tab.getByText(say('capture.permission.denied')).waitFor();
    await look(tab, 'capture-denied');
    await tab.close();
    await page.close();
  });

  test('after the browser forgot it says so', async () => {
    const tab = await sender.open(`${extension}/send.html#job=00000000-0000-4000-8000-000000000000`);
    await tab.getByText(say('capture.lost')).waitFor();
    await look(tab, 'capture-lost');
    await tab.close();
  });
});

test('an error keeps what was chosen', async () => {
  const page = await sender.open(`${extension}/send.html`);
  const source = path.join(await stage.newFolder(), 'short lived.txt');
  await writeFile(source, 'here');
  await chooseFiles(page, source);
  await writeFile(source, 'changed meanwhile, and longer');
  await button(page, say('send.start')).click();
  await untilHeading(page, say('sendFailed.title'));
  await look(page, 'extension-failed');
  await button(page, say('sendFailed.change')).click();
  await page.getByText('short lived.txt').first().waitFor();
  expect(await heading(page, say('send.title')).count()).toBe(1);
  await page.close();
});

test('no page complained', () => {
  expect(sender.ownComplaints).toEqual([]);
  expect(recipient.complaints).toEqual([]);
  expect([...recipient.origins].filter((origin) => origin !== stage.origin && !stage.network.nodes.some(({ url }) => url === origin))).toEqual([]);
});
