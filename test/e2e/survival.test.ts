/** What a sender is told of how safely a transfer lies, by the page and by the command, beside what the coordinator says of it. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { say } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { runCommand } from '../support/network.ts';
import { startStage, type Stage } from './stage.ts';
import { chooseFiles, send } from './steps.ts';

// Any 3 of 6 shards rebuild a segment, and a sender stores 5: 2 can be lost at once, 3 when the sixth is rebuilt.
const NODES = 6;
const NOW = 2;
const SOON = 3;

let stage: Stage;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  stage = await startStage(NODES);
  browser = await stage.launchBrowser();
});
afterAll(() => stage?.stop());
beforeEach(async () => {
  page = await browser.open(stage.origin);
});
afterEach(() => page.close());

/** Sends with an answer of the coordinator changed, as one of another network would give it. */
async function sendWhere(change: { survives?: { nodes: number; operators: number }; relaxed?: string[] }): Promise<string> {
  await page.route('**/api/transfers/*', async (route) => {
    if (route.request().method() !== 'PUT') return route.continue();
    const response = await route.fetch();
    return route.fulfill({ response, json: { ...((await response.json()) as object), ...change } });
  });
  await chooseFiles(page, await stage.newFile('plan.pdf', 700_000));
  await send(page);
  return page.locator('main').innerText();
}

test('the page says beside the link what can fail, and what is weak about nodes on one machine', async () => {
  await chooseFiles(page, await stage.newFile('plan.pdf', 700_000));
  await send(page);
  const text = await page.locator('main').innerText();
  // Where hardening was quicker than the last answer, there is one number.
  expect(
    [say('done.survives.growing', NOW, SOON, NODES), say('done.survives', SOON, NODES)].some((sentence) => text.includes(sentence)),
    text,
  ).toBe(true);
  expect(text).toContain(`${say('done.small')} ${say('done.small.places')}`);
});

test('the page speaks of no weakness where every rule is kept', async () => {
  const text = await sendWhere({ relaxed: [] });
  expect(text).toContain(`of the ${NODES} computers that keep your files`);
  expect(text).not.toContain(say('done.small'));
});

test('the page finds room for every weakness', async () => {
  const text = await sendWhere({ survives: { nodes: SOON, operators: 0 }, relaxed: ['anchors', 'region', 'country', 'asn', 'unvetted', 'network', 'operator'] });
  expect(text).toContain([say('done.small'), say('done.small.operators', 0), say('done.small.places'), say('done.small.newcomers')].join(' '));
});

test('the command says it in one line, and in fields for scripts', async () => {
  const file = await stage.newFile('plan.pdf', 700_000);
  const told = await runCommand(['send', file, '--coordinator', stage.origin]);
  expect(told.code, told.stderr).toBe(0);
  expect(told.stderr).toMatch(
    /^Any (2 of its 6 nodes can fail now, soon any 3|3 of its 6 nodes can fail)\. The network is small: many nodes share a place or a provider[^\n]*\.$/m,
  );
  expect(told.stdout).toMatch(/^http\S+\n$/);

  const { stdout } = await runCommand(['send', file, '--coordinator', stage.origin, '--json']);
  const { survives, relaxed } = JSON.parse(stdout) as { survives: { now: number }; relaxed: string[] };
  expect(survives).toEqual({ now: expect.any(Number) as number, nodes: SOON, operators: SOON });
  expect([NOW, SOON]).toContain(survives.now);
  expect(relaxed).toContain('network');
});

test('no page complained', () => {
  expect(browser.ownComplaints).toEqual([]);
});
