/** Notes, from the one who writes to the one who reads: nothing is shown before it is asked for, and what is burnt is gone. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { say, sentenceOf, titleOf } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { runCommand } from '../support/network.ts';
import { startStage, type Stage } from './stage.ts';
import { button, send, untilHeading } from './steps.ts';

const TEXT = 'Das Tor öffnet mit 4711 ☂\n<b onclick=alert(1)>no markup</b>\n\tthe end';

let stage: Stage;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  stage = await startStage(6);
  browser = await stage.launchBrowser();
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stage.origin });
});
afterAll(() => stage?.stop());
beforeEach(async () => {
  page = await browser.open(stage.origin);
});
afterEach(() => page.close());

async function writeNote(text: string, burn = false): Promise<void> {
  await button(page, say('note.write')).click();
  await page.getByLabel(say('note.label')).fill(text);
  if (burn) await page.getByRole('switch', { name: say('note.burn') }).check();
}

const shown = () => page.getByLabel(say('note.text'), { exact: true });

test('a note that burns is shown once, after a click, copied, hidden and shown again; then the link is used up', async () => {
  await button(page, say('note.write')).click();
  expect(await page.getByLabel(say('note.label')).evaluate((area) => area === document.activeElement)).toBe(true);
  expect(await button(page, say('send.start')).isDisabled()).toBe(true);
  await page.getByLabel(say('note.label')).fill(TEXT);
  await page.getByRole('switch', { name: say('note.burn') }).check();
  expect(await page.getByLabel(say('send.limit')).count()).toBe(0);
  const link = await send(page);
  await page.getByText(say('note.burn.fact')).waitFor();

  await page.goto(link);
  await untilHeading(page, say('note.title'));
  await page.getByText(say('note.once')).waitFor();
  expect(await page.content()).not.toContain('4711');
  await button(page, say('note.show')).click();
  await untilHeading(page, say('note.shown.title'));
  expect(await shown().inputValue()).toBe(TEXT);
  await page.getByText(say('note.burnt')).waitFor();
  await button(page, say('note.copy')).click();
  await page.getByText(say('note.copied')).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(TEXT);
  await button(page, say('note.hide')).click();
  expect(await page.content()).not.toContain('4711');
  await button(page, say('note.showAgain')).click();
  expect(await shown().inputValue()).toBe(TEXT);

  const late = await browser.open(link);
  await untilHeading(late, titleOf('transfer_used_up'));
  await late.close();
});

test('a note without burning is read as often as one likes, by the page and by the command', async () => {
  await writeNote(TEXT);
  const link = await send(page);
  for (let i = 0; i < 2; i++) {
    await page.goto('about:blank');
    await page.goto(link);
    await button(page, say('note.show')).click();
    await untilHeading(page, say('note.shown.title'));
    await page.getByText(say('note.stays')).waitFor();
  }
  expect(await runCommand(['get', link])).toMatchObject({ code: 0, stdout: TEXT });
});

test('a note that is too long is not sent, and one that is put away leaves files to be chosen', async () => {
  await writeNote('x'.repeat(1024 * 1024 + 1));
  await page.getByText(say('note.tooLong', '1 MB')).waitFor();
  expect(await button(page, say('send.start')).isDisabled()).toBe(true);
  await button(page, say('note.files')).click();
  await button(page, say('send.chooseFiles')).waitFor();
});

test('a note that cannot be read now says so, costs nothing, and is read at the next try', async () => {
  await writeNote(TEXT, true);
  const link = await send(page);
  await Promise.all(stage.network.nodes.slice(0, 4).map((node) => node.kill()));
  await page.goto(link);
  await button(page, say('note.show')).click();
  await page.getByText(sentenceOf('not_enough_shards')).waitFor();
  await Promise.all(stage.network.nodes.slice(0, 4).map((node) => node.start()));
  await stage.untilOnline(6);
  await button(page, say('receiveFailed.retry')).click();
  await untilHeading(page, say('note.shown.title'));
  expect(await shown().inputValue()).toBe(TEXT);
});

test('no page complained', () => {
  expect(browser.ownComplaints).toEqual([]);
});
