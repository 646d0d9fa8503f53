/** One person with two browsers: an identity of 24 words, and a list of sends that is the same in both. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sentenceOf } from '../../shared/protocol/index.ts';
import { say } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { look } from './look.ts';
import { startStage, type Stage } from './stage.ts';
import { button, chooseFiles, heading, send, untilHeading } from './steps.ts';

const NAME = 'minutes that nobody was to know of.pdf';
const DESK_PASSWORD = 'a rather long pass phrase';
const LAPTOP_PASSWORD = 'quite another pass phrase';

let stage: Stage;
let desk: TestBrowser;
let laptop: TestBrowser;
let words: string[];
let link: string;
beforeAll(async () => {
  stage = await startStage(3);
  [desk, laptop] = await Promise.all([stage.launchBrowser({ extension: true }), stage.launchBrowser({ extension: true })]);
  for (const browser of [desk, laptop]) {
    const page = await open(browser, 'options');
    await page.getByLabel(say('options.coordinator')).fill(stage.origin);
    await button(page, say('options.save')).click();
    await page.getByText(say('options.saved')).waitFor();
    await page.close();
  }
});
afterAll(() => stage?.stop());

const open = async (browser: TestBrowser, name: string): Promise<Page> => browser.open(`${(await browser.background()).origin}/${name}.html`);
const field = (page: Page, text: string) => page.getByLabel(text, { exact: true });
const upToDate = (page: Page): Promise<void> => page.getByText(say('identity.sync.done')).waitFor();

async function choosePassword(page: Page, password: string): Promise<void> {
  await untilHeading(page, say('identity.password.title'));
  await field(page, say('identity.password.field')).fill(password);
  await field(page, say('identity.password.again')).fill(password);
  await page.keyboard.press('Enter');
  await untilHeading(page, say('identity.open.title'));
  await upToDate(page);
}

/** Waits until the list of sends names the one link there is so. */
async function untilLabelled(browser: TestBrowser, label: string): Promise<void> {
  const page = await open(browser, 'sends');
  await page.getByRole('button', { name: say('sends.detailsOf', NAME), exact: true }).click();
  await page.getByRole('group', { name: label, exact: true }).waitFor();
  await page.close();
}

async function giveLabel(browser: TestBrowser, label: string): Promise<void> {
  const page = await open(browser, 'sends');
  const row = page.getByRole('list', { name: say('sends.list') }).getByRole('article');
  await row.getByRole('button', { name: say('sends.detailsOf', NAME), exact: true }).click();
  await row
    .getByRole('button', { name: say('sends.link.label') })
    .first()
    .click();
  await field(page, say('sends.add.label')).fill(label);
  await page.keyboard.press('Enter');
  await page.getByText(say('sends.link.label.done')).waitFor({ state: 'attached' });
  await page.close();
}

test('an identity is made from words that are asked back, and kept under a password', async () => {
  const page = await open(desk, 'identity');
  await look(page, 'identity-none');
  await button(page, say('identity.make')).click();
  await untilHeading(page, say('identity.words.title'));
  words = await page
    .getByRole('list', { name: say('identity.words.list') })
    .locator('[translate=no]')
    .allInnerTexts();
  expect(words).toHaveLength(24);
  await button(page, say('identity.words.done')).click();
  const asked = await page.getByLabel(/^Word \d+$/).all();
  expect(asked).toHaveLength(3);
  for (const answer of asked) await answer.fill('abandon');
  await button(page, say('identity.check.go')).click();
  await page.getByText(say('identity.check.wrong')).waitFor();
  await look(page, 'identity-check');
  for (const answer of asked) {
    const position = Number((await answer.evaluate((input) => (input as HTMLInputElement).labels![0]!.textContent)).replaceAll(/\D/g, ''));
    await answer.fill(` ${words[position - 1]!.toUpperCase()} `);
  }
  await button(page, say('identity.check.go')).click();
  await untilHeading(page, say('identity.password.title'));
  await field(page, say('identity.password.field')).fill('short');
  await button(page, say('identity.password.go')).click();
  await page.getByRole('alert').getByText(say('identity.password.short')).waitFor();
  await field(page, say('identity.password.field')).fill(DESK_PASSWORD);
  await field(page, say('identity.password.again')).fill(LAPTOP_PASSWORD);
  await button(page, say('identity.password.go')).click();
  await page.getByText(say('identity.password.different')).waitFor();
  await look(page, 'identity-password');
  await choosePassword(page, DESK_PASSWORD);
  await look(page, 'identity-open');
  await page.close();
});

test('what is sent on one appears on the other, where nothing but the words was entered', async () => {
  const sending = await open(desk, 'send');
  await chooseFiles(sending, await stage.newFile(NAME, 200_000));
  link = await send(sending);
  await sending.close();
  const there = await open(desk, 'identity');
  await upToDate(there);
  await there.close();

  const page = await open(laptop, 'identity');
  await button(page, say('identity.restore')).click();
  const entered = field(page, say('identity.restore.field'));
  await entered.fill([...words.slice(0, 23), 'abandonn'].join(' '));
  await button(page, say('identity.restore.go')).click();
  await page.getByText(say('identity.restore.unknown', 'abandonn')).waitFor();
  await look(page, 'identity-restore');
  await entered.fill([words[1], words[0], ...words.slice(2)].join(' '));
  await button(page, say('identity.restore.go')).click();
  await page.getByText(sentenceOf('words_wrong')).waitFor();
  await entered.fill(words.map((word, i) => `${i + 1}. ${word}`).join('\n'));
  await button(page, say('identity.restore.go')).click();
  await choosePassword(page, LAPTOP_PASSWORD);
  await page
    .getByRole('main')
    .getByRole('link', { name: say('identity.sends') })
    .click();
  await page.getByRole('button', { name: say('sends.detailsOf', NAME), exact: true }).click();
  expect(await field(page, say('done.link')).inputValue()).toBe(link);
  await page.close();
});

test('labels that both gave while they were apart are both kept, in both', async () => {
  for (const browser of [desk, laptop]) await browser.context.setOffline(true);
  await giveLabel(desk, 'for Ana');
  await giveLabel(laptop, 'for Ben');
  for (const browser of [desk, laptop]) await browser.context.setOffline(false);
  for (const browser of [desk, laptop, desk]) {
    const page = await open(browser, 'identity');
    await upToDate(page);
    await page.close();
  }
  for (const browser of [desk, laptop]) await untilLabelled(browser, 'for Ana / for Ben');
});

test('locked, it opens with this device’s password alone, and nothing on the disk tells the words', async () => {
  const page = await open(desk, 'identity');
  await button(page, say('identity.lock')).click();
  await untilHeading(page, say('identity.locked.title'));
  await field(page, say('identity.locked.field')).fill(LAPTOP_PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByText(sentenceOf('unlock_failed')).waitFor();
  await look(page, 'identity-locked');
  const profile = await desk.kill();
  const files = (await readdir(profile, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const key = link.slice(link.indexOf('#') + 1);
  const secrets = [words.join(' '), words.slice(4, 8).join(' '), DESK_PASSWORD, LAPTOP_PASSWORD, key, 'for Ana'].flatMap((text) => [
    Buffer.from(text),
    Buffer.from(text, 'utf16le'),
  ]);
  let isThere = false;
  for (const entry of files) {
    const bytes = await readFile(path.join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
    isThere ||= bytes.includes('"salt"');
    for (const secret of secrets) expect(bytes.includes(secret), `${secret.toString()} in ${entry.name}`).toBe(false);
  }
  expect(isThere, 'the locked identity was among what was searched').toBe(true);

  desk = await stage.launchBrowser({ extension: true, profile });
  const again = await open(desk, 'identity');
  await untilHeading(again, say('identity.locked.title'));
  await field(again, say('identity.locked.field')).fill(DESK_PASSWORD);
  await again.keyboard.press('Enter');
  await upToDate(again);
  await again.close();
});

test('removed from a device it leaves the others alone; deleted, the vault is gone, and the other device says so', async () => {
  const page = await open(laptop, 'identity');
  await upToDate(page);
  await button(page, say('identity.forget')).click();
  await look(page, 'identity-forget');
  await button(page, say('identity.forget.yes')).click();
  await untilHeading(page, say('identity.title'));
  await page.reload();
  await heading(page, say('identity.title')).waitFor();
  await button(page, say('identity.restore')).click();
  await field(page, say('identity.restore.field')).fill(words.join(' '));
  await button(page, say('identity.restore.go')).click();
  await choosePassword(page, LAPTOP_PASSWORD);
  await button(page, say('identity.erase')).click();
  await button(page, say('identity.erase.yes')).click();
  await untilHeading(page, say('identity.title'));
  await page.close();

  const there = await open(desk, 'identity');
  await there.getByText(sentenceOf('vault_replayed')).waitFor();
  await there.close();
  expect([...desk.ownComplaints, ...laptop.ownComplaints]).toEqual([]);
});
