/** The extension as it is built, in a real browser: from the toolbar to a recipient without it. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatBytes } from '../../shared/ui/format.ts';
import { say } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { look } from './look.ts';
import { sha256Of, startStage, type Stage } from './stage.ts';
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
