/** Links that open in the extension: the pages of their coordinator, which somebody took over here, see neither key nor fragment, and every byte arrives. */
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { say } from '../../shared/ui/messages.ts';
import { launchFirefox } from '../support/firefox.ts';
import { HostileCoordinator } from '../support/hostile-coordinator.ts';
import { runCommand } from '../support/network.ts';
import { RecordingProxy } from '../support/recording-proxy.ts';
import { launchChromium } from '../support/webdriver-chromium.ts';
import { firstTrue, newProfile, PATIENCE_MS, type EngineBrowser, type EnginePage, type Profile } from '../support/webdriver.ts';
import { readZip } from '../support/zip.ts';
import { sha256Of, startStage, type Stage } from './stage.ts';

const FIRST_PORT = 23_000;
const NODES = 6;
/** Several segments of three shards of 1 MiB. */
const FILE_BYTES = 20_000_000;
/** Of a shard that passed when an answer is held. */
const HELD_AFTER_BYTES = 1_300_000;

let stage: Stage;
let hostile: HostileCoordinator;
/** Another site, which holds links. */
let elsewhere: Server;
let site: string;
/** A link to one file, at the hostile coordinator. */
let link: string;
let source: string;

beforeAll(async () => {
  stage = await startStage(NODES, FIRST_PORT);
  hostile = await HostileCoordinator.start(stage.origin);
  elsewhere = createServer((_, response) => void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Another site</title><body>'));
  elsewhere.listen(0);
  await once(elsewhere, 'listening');
  site = `http://localhost:${(elsewhere.address() as AddressInfo).port}`;
  source = await stage.newFile('film.mp4', FILE_BYTES);
  link = await sendByCommand([source]);
});
afterAll(async () => {
  elsewhere?.closeAllConnections();
  elsewhere?.close();
  await hostile?.stop();
  await stage?.stop();
});

/** @returns a link whose coordinator is the hostile one: what a link confirms is its transfer and not its host. */
async function sendByCommand(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['send', ...args, '--coordinator', stage.origin]);
  expect(code, stderr).toBe(0);
  return stdout.trim().replace(stage.origin, hostile.origin);
}

describe.each([
  // A service worker hears of a link before the extension's rules are asked: none may be there.
  { engine: 'Chromium', launch: launchChromium, refusesWorkers: true },
  // The extension is asked before a service worker is.
  { engine: 'Firefox', launch: launchFirefox, refusesWorkers: false },
])('$engine', ({ engine, launch, refusesWorkers }) => {
  let proxy: RecordingProxy;
  let downloads: string;
  let profile: Profile;
  let browser: EngineBrowser;
  /** A page of the extension, for what only it can do. */
  let options: EnginePage;
  const pages: EnginePage[] = [];

  beforeAll(async () => {
    downloads = await mkdtemp(path.join(tmpdir(), 'shardsend-downloads-'));
    profile = await newProfile(engine.toLowerCase());
    proxy = await RecordingProxy.start();
    browser = await launch({ downloads, proxy: proxy.url, profile, extension: true });
    options = await browser.open(`${browser.extension}/options.html`);
    await setOptions(true);
  });
  afterAll(async () => {
    await browser?.close();
    await proxy?.stop();
    await profile?.remove();
    await rm(downloads, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  afterEach(async () => {
    proxy.releaseAll();
    for (const page of pages.splice(0)) await page.close();
    await closeReceiveTabs();
    for (const name of await readdir(downloads)) await rm(path.join(downloads, name), { recursive: true, force: true });
    hostile.heard.length = 0;
  });

  /** As a person does, on the options page. */
  async function setOptions(opensLinks: boolean): Promise<void> {
    await options.visit(`${browser.extension}/options.html`);
    await until(options, `document.querySelector('#coordinator')`);
    await options.evaluate(`(() => {
      const field = document.querySelector('#coordinator');
      field.value = ${JSON.stringify(hostile.origin)};
      field.dispatchEvent(new Event('input'));
      const box = document.querySelector('[role=switch]');
      if (box.checked !== ${opensLinks}) box.click();
    })()`);
    await options.press(say('options.save'));
    await until(options, `document.body.innerText.includes(${JSON.stringify(say('options.saved'))})`);
    await vi.waitUntil(() => options.evaluate<boolean>(rulesAreSet(opensLinks)), { timeout: PATIENCE_MS });
  }

  const openPage = async (url: string): Promise<EnginePage> => {
    const page = await browser.open(url);
    pages.push(page);
    return page;
  };

  /** Types a link into a new tab. @returns it, once its heading says this. */
  async function openLink(href: string, heading: string): Promise<EnginePage> {
    const page = await openPage('about:blank');
    await page.visit(href);
    await untilHeading(page, heading);
    expect(await page.evaluate('location.href')).toBe(`${browser.extension}/receive.html`);
    return page;
  }

  /** Of every tab that shows the receive page of the extension. */
  const receiveTitles = (): Promise<string[]> =>
    options.evaluate(`(globalThis.browser ?? chrome).tabs.query({}).then((tabs) => tabs.filter(({ url }) => url === location.origin + '/receive.html').map(({ title }) => title))`);
  const closeReceiveTabs = (): Promise<void> =>
    options.evaluate(
      `(globalThis.browser ?? chrome).tabs.query({}).then((tabs) => (globalThis.browser ?? chrome).tabs.remove(tabs.filter(({ url }) => url === location.origin + '/receive.html').map(({ id }) => id)))`,
    );
  const LISTED = `${say('receive.title', 1)} · ${say('app.name')}`;

  async function expectSaved(file: string): Promise<void> {
    const saved = path.join(downloads, path.basename(file));
    const { size } = await stat(file);
    await expect.poll(async () => (await stat(saved).catch(() => null))?.size, { timeout: PATIENCE_MS }).toBe(size);
    expect(await sha256Of(saved)).toBe(await sha256Of(file));
  }

  test('a typed link opens in the extension, and every byte of several segments arrives', async () => {
    const page = await openLink(link, say('receive.title', 1));
    await pressOnceThere(page, say('receive.download'));
    await untilHeading(page, say('received.title'));
    await expectSaved(source);
    expectNothingHeard();
    expect(hostile.pagesAsked).toEqual([]);
  });

  test('several files arrive as one ZIP; some of them as well', async () => {
    const sources = [await stage.newFile('one.bin', 5_000_000), await stage.newFile('none.bin', 0), await stage.newFile('two.bin', 100_000)];
    const page = await openLink(await sendByCommand(sources), say('receive.title', 3));
    await pressOnceThere(page, say('receive.downloadZip'));
    await untilHeading(page, say('received.title'));
    await expectZip(sources);
    await rm(path.join(downloads, 'shardsend.zip'));
    await pressOnceThere(page, say('receive.otherFiles'));
    await untilHeading(page, say('receive.title', 3));
    await page.evaluate(firstTrue(`((box) => box && (box.click(), true))([...document.querySelectorAll('label')].find((one) => one.innerText.trim() === 'none.bin'))`));
    await pressOnceThere(page, say('receive.downloadSome', 2));
    await untilHeading(page, say('received.title'));
    await expectZip([sources[0]!, sources[2]!]);
  });

  async function expectZip(sources: readonly string[]): Promise<void> {
    await expect.poll(() => readdir(downloads), { timeout: PATIENCE_MS }).toEqual(['shardsend.zip']);
    const expected = await Promise.all(sources.map(async (file) => [path.basename(file), (await readFile(file)).length] as const));
    await expect
      .poll(async () => readZip(await readFile(path.join(downloads, 'shardsend.zip'))).map(({ name, bytes }) => [name, bytes.length]), { timeout: PATIENCE_MS })
      .toEqual(expected);
    const entries = readZip(await readFile(path.join(downloads, 'shardsend.zip')));
    for (const [i, file] of sources.entries()) expect(entries[i]!.bytes.equals(await readFile(file))).toBe(true);
  }

  test('an interrupted download goes on where it was, also in another tab', async () => {
    const page = await openLink(link, say('receive.title', 1));
    const held = proxy.holdAnswers(({ url }) => url.includes('/v1/shards'), 3 * HELD_AFTER_BYTES);
    await pressOnceThere(page, say('receive.download'));
    await until(page, `document.querySelector('progress')?.value >= 15`);
    await pressOnceThere(page, say('receiving.pause'));
    await untilHeading(page, say('paused.title'));
    held.release();
    await closeReceiveTabs();
    pages.length = 0;
    const again = await openLink(link, say('receive.title', 1));
    await until(again, `/Continue \\((\\d+)%/.test(document.body.innerText)`);
    await again.evaluate(`[...document.querySelectorAll('button')].find((one) => one.innerText.startsWith('Continue')).click()`);
    await untilHeading(again, say('received.title'));
    await expectSaved(source);
  });

  test.each([
    ['clicked on another site', `document.querySelector('a').click()`],
    ['clicked there for a new tab', `Object.assign(document.querySelector('a'), { target: '_blank' }).click()`],
    ['opened there as a new window', `void window.open(LINK, '', 'popup,width=400,height=400')`],
  ])('a link that is %s opens in the extension', async (_, act) => {
    const page = await openPage(site);
    await page.evaluate(`(document.body.innerHTML = '<a href="' + ${JSON.stringify(link)} + '">film</a>', 0)`);
    await page.evaluate(`(setTimeout(() => { ${act.replace('LINK', JSON.stringify(link))} }), 0)`);
    await expect.poll(receiveTitles, { timeout: PATIENCE_MS }).toEqual([LISTED]);
    if (act.startsWith('document')) pages.length = 0;
    expectNothingHeard();
    expect(hostile.pagesAsked).toEqual([]);
  });

  test('in a frame, in a window that the hostile page has, or fetched ahead, a link tells nothing', async () => {
    const page = await openPage(site);
    await page.evaluate(`(() => {
      const link = ${JSON.stringify(link)};
      document.body.innerHTML = '<iframe src="' + link + '"></iframe>';
      const rules = document.createElement('script');
      rules.type = 'speculationrules';
      rules.textContent = JSON.stringify({ prerender: [{ urls: [link], eagerness: 'immediate' }], prefetch: [{ urls: [link + 'x'], eagerness: 'immediate' }] });
      document.head.append(rules);
      globalThis.held = window.open(${JSON.stringify(hostile.origin)}, 'held');
    })()`);
    await expect.poll(() => hostile.heard.some((line) => line.includes('"when":"load"')), { timeout: PATIENCE_MS }).toBe(true);
    await page.evaluate(`(window.open(${JSON.stringify(link)}, 'held'), 0)`);
    await expect.poll(receiveTitles, { timeout: PATIENCE_MS }).toEqual([LISTED]);
    expectNothingHeard();
    expect(hostile.pagesAsked).toEqual([]);
  });

  test('a page of the coordinator that waits in the tab, before or behind, learns nothing of a link that is pasted there', async () => {
    const page = await openPage(`${hostile.origin}/`);
    // What the tab showed less than a second before goes from its list with the link.
    await until(page, 'performance.now() > 2000');
    await page.visit(link);
    await untilHeading(page, say('receive.title', 1));
    await page.evaluate(`(setTimeout(() => history.back(), 0), 0)`);
    await until(page, `location.origin === ${JSON.stringify(hostile.origin)}`);
    await page.evaluate(`look('back')`);
    expect(hostile.heard.some((line) => line.includes('"when":"back"'))).toBe(true);
    expectNothingHeard();

    await page.evaluate(`(setTimeout(() => history.pushState(null, '', ${JSON.stringify(new URL(link).pathname)})), 0)`);
    await until(page, `location.href === ${JSON.stringify(`${browser.extension}/receive.html`)}`);
    await page.visit(link);
    await untilHeading(page, say('receive.title', 1));
    expectNothingHeard();
  });

  test('a service worker that the hostile page registered before is gone, and another one is refused', async () => {
    await setOptions(false);
    const page = await openPage(`${hostile.origin}/`);
    expect(await page.evaluate('plant()')).toContain('/spy.js at /');
    await page.visit(link);
    await until(page, `document.title === 'Shardsend' && location.pathname.startsWith('/d/')`);
    // So it is when links are not caught: the test sees what there is to be seen.
    await expect
      .poll(() => hostile.heard.filter((line) => line.includes(fragmentOf(link))).map(kindOf), { timeout: PATIENCE_MS })
      .toEqual(expect.arrayContaining(['page', 'worker']));
    // An answer that leads elsewhere takes the fragment along, to any site.
    await page.visit(`${hostile.origin}/d/away#${fragmentOf(link)}`);
    await until(page, `location.hostname === '127.0.0.1' && location.hash.length > 1`);
    await page.visit('about:blank');
    await setOptions(true);
    hostile.heard.length = 0;

    await openLink(link, say('receive.title', 1));
    expectNothingHeard();
    const other = await openPage(`${hostile.origin}/`);
    const planted = await other.evaluate<string[]>('plant()');
    hostile.heard.length = 0;
    await other.visit(link);
    await untilHeading(other, say('receive.title', 1));
    expectNothingHeard();
    if (refusesWorkers) expect(planted).toEqual([]);
  });

  test('after a reload the page says what to do, and the link lies nowhere', async () => {
    const page = await openLink(link, say('receive.title', 1));
    const kept = await options.evaluate<string>(`Promise.all(['local', 'session'].map((area) => (globalThis.browser ?? chrome).storage[area].get())).then(JSON.stringify)`);
    expect(kept).not.toContain(fragmentOf(link));
    await page.evaluate('(setTimeout(() => location.reload()), 0)');
    await untilHeading(page, say('state.keyGone.title'));
  });

  function expectNothingHeard(): void {
    const parts = partsOf(link);
    expect(hostile.heard.filter((line) => parts.some((part) => line.includes(part)))).toEqual([]);
  }
});

const fragmentOf = (href: string): string => href.split('#')[1]!;
const partsOf = (href: string): string[] => [0, 12, 24].map((from) => fragmentOf(href).slice(from, from + 12));
const kindOf = (line: string): string => (/"(?:fetched|clients|resulting)":/.test(line) ? 'worker' : 'page');

/** Whether Chromium obeys as the options say; Firefox asks each time. */
const rulesAreSet = (opensLinks: boolean): string =>
  `navigator.userAgent.includes('Firefox') || chrome.declarativeNetRequest.getDynamicRules().then((rules) => rules.length > 0 === ${opensLinks})`;

/** A page that is left answers nothing. */
const ANSWER_MS = 2_000;

/** Waits for what a page comes to, whichever pages it shows until then. */
async function until(page: EnginePage, expression: string): Promise<void> {
  try {
    await vi.waitUntil(() => Promise.race([page.evaluate<boolean>(`Boolean(${expression})`).catch(() => false), delay(ANSWER_MS, false)]), { timeout: PATIENCE_MS, interval: 100 });
  } catch (cause) {
    throw new Error(`never: ${expression}, but: ${await page.evaluate<string>('location.href + " " + document.body?.innerText').catch(String)}`, { cause });
  }
}

const untilHeading = (page: EnginePage, text: string): Promise<void> =>
  until(page, `[...document.querySelectorAll('h1')].some((one) => one.innerText.trim() === ${JSON.stringify(text)})`);

async function pressOnceThere(page: EnginePage, button: string): Promise<void> {
  await until(page, `[...document.querySelectorAll('button')].some((one) => one.innerText.trim() === ${JSON.stringify(button)})`);
  await page.press(button);
}
