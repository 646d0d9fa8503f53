/** The page `/network`: the real numbers of a real network, an operator's own node, and how every state of both looks. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadOrCreateNodeKey } from '../../node/identity/key-files.ts';
import { statusPage } from '../../node/identity/view-token.ts';
import { DISQUALIFY_AT, QUARANTINE_AT, SUSPEND_BELOW } from '../../shared/policy/judgement.ts';
import { encodeB64, networkSummarySchema, parseMessage, problemOf, type NetworkSummary } from '../../shared/protocol/index.ts';
import { say, sentenceOf } from '../../shared/ui/messages.ts';
import * as limits from '../../shared/ui/network/node-health.ts';
import { disqualifiedAt, nodeAt, quarantinedAt, summaryAt } from '../../shared/ui/network/testing/samples.ts';
import type { TestBrowser } from '../support/browser.ts';
import type { RecordingProxy } from '../support/recording-proxy.ts';
import { look } from './look.ts';
import { startStage, type Stage } from './stage.ts';
import { button, sendFiles, untilHeading } from './steps.ts';

const NODES = 6;
const PATIENCE_MS = 120_000;
/** Short enough for every node to be audited while the tests run. */
const EPOCH_MS = 10_000;
const SUMMARY = '**/api/network/summary';
const STATUS = '**/api/nodes/*';

let stage: Stage;
let proxy: RecordingProxy;
let browser: TestBrowser;
let page: Page;
/** Of the first node: its address for its operator, and what is secret in it. */
let nodePage: string;
let token: string;

beforeAll(async () => {
  vi.stubEnv('SHARDSEND_EPOCH_MS', String(EPOCH_MS));
  stage = await startStage(NODES);
  proxy = await stage.startProxy();
  browser = await stage.launchBrowser({ proxy: proxy.url });
  const { nodeId, viewToken } = await loadOrCreateNodeKey(stage.network.nodes[0]!.dataDir);
  nodePage = statusPage(stage.origin, nodeId, viewToken);
  token = encodeB64(viewToken);
});
afterAll(async () => {
  await stage?.stop();
  vi.unstubAllEnvs();
});
beforeEach(async () => {
  page = await browser.newPage();
});
afterEach(() => {
  proxy.releaseAll();
  return page.close();
});

const readSummary = async (): Promise<NetworkSummary> => parseMessage(networkSummarySchema, await (await fetch(`${stage.origin}/api/network/summary`)).json());
const untilSummary = (holds: (summary: NetworkSummary) => boolean): Promise<void> =>
  expect.poll(async () => holds(await readSummary()), { timeout: PATIENCE_MS, interval: 250 }).toBe(true);
const text = (): Promise<string> => page.locator('main').innerText();
const figure = (term: string) => page.locator('dl > div', { has: page.getByText(term, { exact: true }) }).locator('.value');

describe('for everyone', () => {
  test('is a link away from the send page, and shows the nodes that are there', async () => {
    await untilSummary(({ nodes }) => nodes.online === NODES);
    await page.goto(stage.origin);
    await page.getByRole('link', { name: say('app.network') }).click();
    await untilHeading(page, say('network.idle.title'));
    expect(new URL(page.url()).pathname).toBe('/network');
    expect(await figure(say('network.nodes.term', NODES)).innerText()).toBe(String(NODES));
    await look(page, 'network-real');
  });

  test('counts what was sent, once somebody asks again', async () => {
    await page.goto(`${stage.origin}/network`);
    await untilHeading(page, say('network.idle.title'));
    const sender = await browser.newPage();
    await sendFiles(sender, stage.origin, [await stage.newFile('plan.pdf', 700_000)]);
    await sender.close();
    await untilSummary(({ transfers }) => transfers.live === 1 && transfers.byMargin.some(({ margin }) => margin > 0));
    await button(page, say('network.refresh')).click();
    await untilHeading(page, say('network.well.title'));
    expect(await figure(say('network.transfers.term', 1)).innerText()).toBe('1');
    await look(page, 'network-real-holding');
  });

  test('says nothing of any single node', async () => {
    const published = JSON.stringify(await readSummary());
    const { nodeId } = await loadOrCreateNodeKey(stage.network.nodes[0]!.dataDir);
    expect(published).not.toContain(encodeB64(nodeId));
    expect(published).not.toContain(new URL(stage.network.nodes[0]!.url).host);
  });

  test.each([
    ['nothing', say('network.empty.title')],
    ['small', say('network.idle.title')],
    ['healthy', say('network.well.title')],
    ['dark', say('network.away.title')],
    ['troubled', say('network.waiting.title')],
    ['big', say('network.thin.title')],
  ] as const)('looks right with a network that is %s', async (name, title) => {
    await page.route(SUMMARY, (route) => route.fulfill({ json: summaryAt(name, Date.now() - 70_000) }));
    await page.goto(`${stage.origin}/network`);
    await untilHeading(page, title);
    await look(page, `network-${name}`);
  });

  test('calls old numbers old', async () => {
    await page.route(SUMMARY, (route) => route.fulfill({ json: summaryAt('healthy', Date.now() - 20 * 60_000) }));
    await page.goto(`${stage.origin}/network`);
    await untilHeading(page, say('network.stale.title'));
    expect(await text()).toContain(say('network.asOf', say('ago.minutes', 20)));
    await look(page, 'network-stale');
  });

  test('shows an outline until the first numbers are there', async () => {
    const held = proxy.holdRequests(({ url }) => url.endsWith('/api/network/summary'));
    await page.goto(`${stage.origin}/network`);
    await held.reached;
    await untilHeading(page, say('network.loading.title'));
    await look(page, 'network-loading');
    held.release();
    await untilHeading(page, say('network.well.title'));
  });

  test('without an answer says so, asks again on demand, and keeps numbers that it cannot renew', async () => {
    await page.route(SUMMARY, (route) => route.abort());
    await page.goto(`${stage.origin}/network`);
    await untilHeading(page, say('network.failed.title'));
    await page.getByText(sentenceOf('offline')).waitFor();
    await look(page, 'network-failed');

    await page.unroute(SUMMARY);
    await button(page, say('state.tryAgain')).click();
    await untilHeading(page, say('network.well.title'));

    await page.route(SUMMARY, (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', json: problemOf('unavailable') }));
    await button(page, say('network.refresh')).click();
    await page.getByText(say('network.unrenewed.title')).waitFor();
    expect(await figure(say('network.nodes.term', NODES)).innerText()).toBe(String(NODES));
    await look(page, 'network-unrenewed');
  });
});

describe('for the operator of a node', () => {
  test('shows the node, and leaves its token in no address, no history and no storage', async () => {
    const before = proxy.requests.length;
    await page.goto(nodePage);
    await untilHeading(page, say('node.title.unvetted'));
    await look(page, 'node-real');
    expect(page.url()).toBe(`${stage.origin}/network`);
    const control = await browser.context.newCDPSession(page);
    const { entries } = await control.send('Page.getNavigationHistory');
    expect(entries.filter(({ url }) => url.includes(token))).toEqual([]);
    const stored = await page.evaluate(async () =>
      JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), history.state, document.cookie, await caches.keys(), await indexedDB.databases()]),
    );
    expect(stored).not.toContain(token);

    const asked = proxy.requests.slice(before);
    expect(asked.filter(({ url, body }) => url.includes(token) || Buffer.concat(body).includes(token))).toEqual([]);
    const carriers = asked.filter(({ headers }) => headers.some((header) => header.includes(token)));
    expect(carriers.length).toBeGreaterThan(0);
    for (const { method, url, headers } of carriers) {
      expect([method, new URL(url).pathname.startsWith('/api/nodes/')]).toEqual(['GET', true]);
      expect(headers[headers.findIndex((header) => header.toLowerCase() === 'authorization') + 1]).toBe(`Shardsend-View ${token}`);
    }
  });

  test('shows the network after a reload, and says how to see the node again', async () => {
    await page.goto(nodePage);
    await untilHeading(page, say('node.title.unvetted'));
    await page.reload();
    await untilHeading(page, say('network.well.title'));
    await page.getByText(say('node.keyGone')).waitFor();
    await look(page, 'network-key-gone');
    // Pasted into the same tab, only the fragment changes.
    await page.evaluate((hash) => (location.hash = hash), new URL(nodePage).hash);
    await untilHeading(page, say('node.title.unvetted'));
    expect(page.url()).toBe(`${stage.origin}/network`);
  });

  test('tells a key that fits no node from one that was cut off', async () => {
    await page.goto(`${nodePage.slice(0, nodePage.indexOf('.', nodePage.indexOf('#')))}.${encodeB64(new Uint8Array(32))}`);
    await untilHeading(page, say('node.refused.title'));
    await look(page, 'node-refused');
    const before = proxy.requests.length;
    await page.goto('about:blank');
    await page.goto(nodePage.slice(0, -1));
    await untilHeading(page, say('node.damaged.title'));
    expect(proxy.requests.slice(before).filter(({ url }) => url.includes('/api/'))).toEqual([]);
    await look(page, 'node-damaged');
  });

  test.each([
    ['vetted', nodeAt, say('node.title.vetted'), []],
    ['leaving', (atMs: number) => nodeAt(atMs, { standing: 'leaving' }), say('node.title.leaving'), []],
    ['suspended', (atMs: number) => nodeAt(atMs, { standing: 'suspended', availability: 0.5812, speed: null }), say('node.title.suspended'), [say('node.concern.suspended.text')]],
    ['quarantined', quarantinedAt, say('node.title.quarantined'), [say('node.concern.quarantined.text'), say('node.concern.owed.title')]],
    [
      'disqualified',
      disqualifiedAt,
      say('node.title.disqualified'),
      [say('node.concern.disqualified.text'), say('node.concern.silent.title'), 'npm run -s shardsend -- node appeal --data DIR'],
    ],
  ] as const)('says of a %s node what it means, what to do and why', async (name, statusAt, title, said) => {
    const status = statusAt(Date.now());
    await page.route(STATUS, (route) => route.fulfill({ json: status }));
    await page.goto(nodePage);
    await untilHeading(page, title);
    const shown = await text();
    for (const words of [...said, say(`node.lead.${status.standing}`), ...status.history.map(({ sentence }) => sentence)]) expect(shown).toContain(words);
    await look(page, `node-${name}`);
  });
});

test('of a node, too, numbers that do not come are asked for again on demand', async () => {
  await page.route(STATUS, (route) => route.abort());
  await page.goto(nodePage);
  await untilHeading(page, say('network.failed.title'));
  await look(page, 'node-failed');
  await page.unroute(STATUS);
  await button(page, say('state.tryAgain')).click();
  await untilHeading(page, say('node.title.unvetted'));
});

describe('as the network lives', () => {
  test('audits are counted, and the page of a node counts its own', async () => {
    await untilSummary(({ lastDay }) => lastDay.audits.proved >= NODES);
    await page.goto(`${stage.origin}/network`);
    await untilHeading(page, say('network.well.title'));
    const { lastDay } = await readSummary();
    expect(lastDay.audits.wrong).toBe(0);
    await page.goto(nodePage);
    await untilHeading(page, say('node.title.unvetted'));
    expect(Number(await figure(say('node.proved')).innerText())).toBeGreaterThan(0);
  });

  test('nodes that go are missed, and are welcome when they return', async () => {
    const gone = stage.network.nodes.slice(2);
    await page.goto(`${stage.origin}/network`);
    await untilHeading(page, say('network.well.title'));
    await Promise.all(gone.map((node) => node.stop()));
    await untilSummary(({ nodes }) => nodes.online === 2);
    await button(page, say('network.refresh')).click();
    await untilHeading(page, say('network.few.title'));
    await look(page, 'network-few');
    await Promise.all(gone.map((node) => node.start()));
    await untilSummary(({ nodes, transfers }) => nodes.online === NODES && transfers.byMargin.every(({ margin }) => margin > 0));
    await button(page, say('network.refresh')).click();
    await untilHeading(page, say('network.well.title'));
  });
});

test('draws the limits that the network judges by', () => {
  expect([limits.QUARANTINE_AT, limits.DISQUALIFY_AT, limits.SUSPEND_BELOW]).toEqual([QUARANTINE_AT, DISQUALIFY_AT, SUSPEND_BELOW]);
});

test('no page complained', () => {
  expect(browser.ownComplaints).toEqual([]);
});
