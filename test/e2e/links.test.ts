/** What a recipient is told of every link that does not simply open, and what opening one leaves behind. */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTransfer, webDeps } from '../../shared/client/index.ts';
import { asLinkSecret, asTransferId, encodeB64, encodeLink, ID_BYTES, KEY_BYTES, parseLink, type ErrorCode } from '../../shared/protocol/index.ts';
import { say, sentenceOf, titleOf } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { runCommand } from '../support/network.ts';
import { newerLink } from '../support/newer-link.ts';
import type { RecordingProxy } from '../support/recording-proxy.ts';
import { startStage, type Stage } from './stage.ts';
import { button, chooseFiles, download, linkOn, sendFiles, untilHeading, untilSent } from './steps.ts';

const NODES = 6;

let stage: Stage;
let proxy: RecordingProxy;
let browser: TestBrowser;
let page: Page;
let source: string;

beforeAll(async () => {
  stage = await startStage(NODES);
  proxy = await stage.startProxy();
  browser = await stage.launchBrowser({ proxy: proxy.url });
  source = await stage.newFile('letter.txt', 5_000);
});
afterAll(() => stage?.stop());
beforeEach(async () => {
  page = await browser.newPage();
});
afterEach(() => {
  proxy.releaseAll();
  return page.close();
});

const newLink = (choices?: { limit?: number }): Promise<string> => sendFiles(page, stage.origin, [source], choices);

async function expectState(code: ErrorCode, shown = page): Promise<void> {
  await untilHeading(shown, titleOf(code));
  expect(await shown.locator('main').innerText()).toContain(sentenceOf(code));
}

/** What the command says of the same link, and that it leaves nothing behind. */
async function expectCommandSays(code: ErrorCode, link: string): Promise<void> {
  const out = await stage.newFolder();
  const said = await runCommand(['get', link, '--out', out]);
  expect(said).toMatchObject({ code: 1, stdout: '' });
  expect(said.stderr).toContain(`shardsend: ${sentenceOf(code)}`);
  expect(said.stderr).not.toContain(link.slice(-40));
  expect(await readdir(out)).toEqual([]);
}

const keyOf = (link: string): string => link.slice(link.indexOf('#') + 1);
const withoutKey = (link: string): string => link.slice(0, link.indexOf('#'));
/** Requests that carry a text in their address or a header. */
const carrying = (text: string, from: number): string[] =>
  proxy.requests
    .slice(from)
    .flatMap(({ url, headers }) => ([url, ...headers].some((part) => part.includes(text)) ? [url.slice(stage.origin.length, stage.origin.length + 3)] : []));

/** Opens an address as if it had been clicked in a mail. */
async function follow(href: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(href);
}

describe('a link that was spoilt on its way', () => {
  let link: string;
  beforeAll(async () => {
    page = await browser.newPage();
    link = await newLink();
    await page.close();
  });

  test.each<[string, (link: string) => string]>([
    ['cut off', (text) => text.slice(0, -1)],
    ['in upper case', (text) => text.toUpperCase()],
    ['in lower case', (text) => text.toLowerCase()],
    ['shortened with an ellipsis', (text) => `${text.slice(0, -20)}…${text.slice(-10)}`],
    ['without its #', (text) => text.replace('#', '')],
    ['with its # written as %23, and cut off', (text) => text.replace('#', '%23').slice(0, -1)],
    ['without its key', (text) => withoutKey(text)],
    ['with one letter of its key changed', (text) => text.slice(0, -9) + (text.at(-9) === 'A' ? 'B' : 'A') + text.slice(-8)],
    ['with one letter of its id changed', (text) => text.replace(/.(?=.{9}#)/, (letter) => (letter === 'A' ? 'B' : 'A'))],
  ])('%s: damaged, and nothing is asked of the coordinator', async (_, spoil) => {
    const before = proxy.requests.length;
    await follow(spoil(link));
    await untilHeading(page, titleOf('link_damaged'));
    await page.getByText(sentenceOf('link_damaged')).waitFor();
    expect(proxy.requests.slice(before).filter(({ url }) => url.includes('/api/'))).toEqual([]);
    expect(page.url().slice(stage.origin.length)).toMatch(/^\/d\/([\w-]{22})?$/);
    await expectCommandSays('link_damaged', spoil(link));
  });

  test('looks damaged in every width and light', async () => {
    await page.goto(link.slice(0, -1));
    await expectState('link_damaged');
  });

  test.each<[string, (link: string) => string]>([
    ['its # written as %23', (text) => text.replace('#', '%23')],
    ['its # written as %2523', (text) => text.replace('#', '%2523')],
    ['its # written as %23, a soft hyphen and a full stop', (text) => `${text.slice(0, -5)}\u00ad${text.slice(-5)}.`.replace('#', '%23')],
    ['its # written as %23, and a tracking parameter', (text) => `${text.replace('#', '%23')}?utm_source=mail`],
    ['its slashes encoded as well', (text) => text.replace('/d/', '/d%2F').replace('#', '%23')],
  ])('with %s: opens all the same, and no request but the first carries the key', async (_, spoil) => {
    const before = proxy.requests.length;
    const answer = page.waitForResponse((response) => response.request().isNavigationRequest() && response.url().startsWith(stage.origin));
    await follow(spoil(link));
    expect((await answer).headers()).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    await untilHeading(page, say('receive.title', 1));
    expect(page.url()).toBe(withoutKey(link));
    expect(carrying(keyOf(link).slice(0, 30), before)).toEqual([expect.stringMatching(/^\/d[/%]$/)]);
    await page.reload();
    await untilHeading(page, say('state.keyGone.title'));
    expect(carrying(keyOf(link).slice(0, 30), before)).toHaveLength(1);
  });

  test.each<[string, (link: string) => string]>([
    ['a sentence around it', (text) => `(${text}).`],
    ['a tracking parameter before its #', (text) => text.replace('#', '?utm_source=mail#')],
    ['a tracking parameter behind its key', (text) => `${text}&fbclid=IwAR0_x-1`],
    ['percent-encoded letters', (text) => text.replace(/#../, ([, one, two]) => `#%${one!.charCodeAt(0).toString(16)}%${two!.charCodeAt(0).toString(16)}`)],
    ['another one behind it', (text) => text + text],
    ['an upper-case D', (text) => text.replace('/d/', '/D/')],
  ])('with %s: opens all the same, and no request carries the key', async (_, spoil) => {
    const before = proxy.requests.length;
    await follow(spoil(link).replace(/^\(/, ''));
    await untilHeading(page, say('receive.title', 1));
    expect(page.url()).toBe(withoutKey(link));
    expect(carrying(keyOf(link).slice(2, 30), before)).toEqual([]);
    const { stdout, code } = await runCommand(['get', spoil(link), '--out', await stage.newFolder()]);
    expect([code, stdout]).toEqual([0, 'letter.txt\n']);
  });

  test('leaves nothing of its key in the coordinator’s log', async () => {
    const logs = (await readdir(stage.dataDir, { recursive: true })).filter((name) => name.endsWith('.log'));
    const texts = await Promise.all(logs.map((name) => readFile(path.join(stage.dataDir, name), 'utf8')));
    expect(texts.join()).toContain('"route":"/d/*"');
    expect(texts.join()).not.toContain(keyOf(link).slice(0, 30));
    expect(texts.join()).not.toContain(withoutKey(link).slice(-22));
  });
});

test('a link of a newer version says so', async () => {
  const link = newerLink(await newLink());
  await page.goto(link);
  await expectState('link_version');
  await expectCommandSays('link_version', link);
});

test('a whole key that belongs to another transfer', async () => {
  const link = encodeLink({ ...parseLink(await newLink()), secret: asLinkSecret(new Uint8Array(KEY_BYTES).fill(7)) });
  await page.goto(link);
  await expectState('wrong_link');
  await expectCommandSays('wrong_link', link);
});

test('a transfer that never was, or is another coordinator’s', async () => {
  const link = encodeLink({ origin: stage.origin, transferId: asTransferId(new Uint8Array(ID_BYTES).fill(7)), secret: asLinkSecret(new Uint8Array(KEY_BYTES)), password: false });
  await page.goto(link);
  await expectState('transfer_unknown');
  await expectCommandSays('transfer_unknown', link);
});

test('an address that is another server’s: the command says that there is no Shardsend', async () => {
  const other = createServer((_request, answer) => answer.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>Not Found</h1>')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const link = parseLink(await newLink());
  await expectCommandSays('wrong_coordinator', encodeLink({ ...link, origin: `http://127.0.0.1:${(other.address() as AddressInfo).port}` }));
  other.close();
});

test('a transfer that is still being sent: its files are listed and can be had at once', async () => {
  await page.goto(stage.origin);
  await chooseFiles(page, source);
  const held = proxy.holdRequests(({ url }) => url.endsWith('/complete'));
  await button(page, say('send.start')).click();
  await held.reached;
  const link = await linkOn(page);
  const early = await browser.open(link);
  await early.getByRole('heading', { name: say('live.title', 100) }).waitFor();
  held.release();
  expect(await untilSent(page)).toBe(link);
  await download(early);
  await early.close();
});

test('a transfer whose downloads are used up', async () => {
  const link = await newLink({ limit: 1 });
  await page.goto(link);
  await download(page);
  const late = await browser.open(link);
  await expectState('transfer_used_up', late);
  await expectCommandSays('transfer_used_up', link);
  await late.close();
});

test('a transfer that its sender withdrew', async () => {
  const link = await newLink();
  await button(page, say('done.revoke')).click();
  await button(page, say('done.revoke.yes')).click();
  await untilHeading(page, say('done.revoked.title'));
  const late = await browser.open(link);
  await expectState('transfer_revoked', late);
  await expectCommandSays('transfer_revoked', link);
  await late.close();
});

test('a transfer that was withdrawn while its list was being looked at', async () => {
  const link = await newLink();
  const looking = await browser.open(link);
  await untilHeading(looking, say('receive.title', 1));
  await button(page, say('done.revoke')).click();
  await button(page, say('done.revoke.yes')).click();
  await untilHeading(page, say('done.revoked.title'));
  await button(looking, say('receive.download')).click();
  await untilHeading(looking, titleOf('transfer_revoked'));
  await looking.close();
});

test('a transfer that expired while the coordinator was down', async () => {
  const link = await newLink();
  // No expiry is shorter than five minutes: the coordinator's own record is set back while it is stopped.
  const { coordinator } = stage.network;
  await coordinator.stop();
  await setBackExpiry(path.join(stage.dataDir, 'coordinator'), encodeB64(parseLink(link).transferId));
  await coordinator.start();
  await stage.untilOnline(NODES);
  await page.goto(link);
  await expectState('transfer_expired');
  await expectCommandSays('transfer_expired', link);
});

test('the last download, while it runs elsewhere: refused until its place comes free', async () => {
  const link = await newLink({ limit: 1 });
  const first = await browser.open(link);
  const held = proxy.holdRequests(({ url }) => url.includes('/segments?'));
  await button(first, say('receive.download')).click();
  await held.reached;
  await page.goto(link);
  await button(page, say('receive.download')).click();
  await page.getByText(sentenceOf('downloads_in_progress')).waitFor();
  await page.getByText(titleOf('downloads_in_progress')).waitFor();

  await button(first, say('receiving.cancel')).click();
  await button(first, say('receive.download')).waitFor();
  held.release();
  await download(page, say('receiveFailed.retry'));
  await first.close();
});

test('no coordinator: says so, and opens by itself when there is one again', async () => {
  const link = await newLink();
  await page.goto('about:blank');
  const held = proxy.holdRequests(({ url }) => url.includes('/api/'));
  await Promise.all([page.goto(link), held.reached]);
  await stage.network.coordinator.stop();
  held.release();
  await expectState('offline');
  await stage.network.coordinator.start();
  await untilHeading(page, say('receive.title', 1));
  await stage.untilOnline(NODES);
});

describe('opening a link', () => {
  test('leaves the key in no address and no history, and asks for the link again after a reload', async () => {
    const link = await newLink();
    const key = link.slice(link.indexOf('#') + 1);
    await page.goto(link);
    await untilHeading(page, say('receive.title', 1));
    expect(page.url()).toBe(link.slice(0, link.indexOf('#')));
    const control = await browser.context.newCDPSession(page);
    const { entries } = await control.send('Page.getNavigationHistory');
    expect(entries.map(({ url }) => url).filter((url) => url.includes(key))).toEqual([]);
    const stored = await page.evaluate(async () =>
      JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), history.state, document.cookie, await caches.keys(), await indexedDB.databases()]),
    );
    expect(stored).not.toContain(key);

    await page.reload();
    await untilHeading(page, say('state.keyGone.title'));
    await page.goto(stage.origin);
    await page.goBack();
    await untilHeading(page, say('state.keyGone.title'));
    // Pasted into the same tab, only the fragment changes.
    await page.evaluate((key) => (location.hash = key), key);
    await untilHeading(page, say('receive.title', 1));
    expect(page.url()).toBe(link.slice(0, link.indexOf('#')));
  });

  test('consumes nothing: neither a preview without scripts nor looking at the list', async () => {
    const link = await newLink({ limit: 1 });
    for (let i = 0; i < 3; i++) {
      const preview = await fetch(link, { headers: { 'User-Agent': 'Slackbot-LinkExpanding 1.0', Range: 'bytes=0-32768' } });
      expect(preview.ok).toBe(true);
      expect(await preview.text()).not.toContain('letter.txt');
      await page.goto('about:blank');
      await page.goto(link);
      await untilHeading(page, say('receive.title', 1));
    }
    expect((await openTransfer(link, webDeps())).status.downloads).toEqual({ limit: 1, committed: 0, claimed: 0 });
    await download(page);
  });
});

test('no page complained', () => {
  expect(browser.ownComplaints).toEqual([]);
});

/** Makes a stored transfer one that should have ended a second ago. */
async function setBackExpiry(folder: string, transferId: string): Promise<void> {
  const objects = path.join(folder, 'do', 'coordinator-TransferObject');
  let changed = 0;
  for (const name of await readdir(objects)) {
    if (!name.endsWith('.sqlite') || name.startsWith('metadata')) continue;
    const database = new DatabaseSync(path.join(objects, name));
    const ids = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'transfer'").all();
    if (ids.length > 0) changed += Number(database.prepare('UPDATE transfer SET expiresAtMs = ? WHERE transferId = ?').run(Date.now() - 1000, transferId).changes);
    database.close();
  }
  expect(changed).toBe(1);
}
