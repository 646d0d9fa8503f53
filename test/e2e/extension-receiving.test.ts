/** The extension's receive page as people see it: notes, passwords, previews, the switch that turns it off, and what stays of a link. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { say } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { runCommand } from '../support/network.ts';
import { look } from './look.ts';
import { sha256Of, startStage, type Stage } from './stage.ts';
import { button, download, untilHeading } from './steps.ts';

const FIRST_PORT = 24_000;
/** One pixel. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAtiUgAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');

let stage: Stage;
let browser: TestBrowser;
let extension: string;

beforeAll(async () => {
  stage = await startStage(6, FIRST_PORT);
  browser = await stage.launchBrowser({ extension: true });
  extension = (await browser.background()).origin;
});
afterAll(() => stage?.stop());

async function sendByCommand(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['send', ...args, '--coordinator', stage.origin], { input });
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

async function setOptions(opensLinks: boolean, name?: string): Promise<void> {
  const page = await browser.open(`${extension}/options.html`);
  await page.getByLabel(say('options.coordinator'), { exact: true }).fill(stage.origin);
  await page.getByRole('switch', { name: say('options.opensLinks') }).setChecked(opensLinks);
  await button(page, say('options.save')).click();
  await page.getByText(say('options.saved')).waitFor();
  if (name !== undefined) await look(page, name);
  const { worker } = await browser.background();
  await expect
    .poll(() =>
      worker.evaluate(
        async (origin) => (await chrome.declarativeNetRequest.getDynamicRules()).some(({ condition }) => condition.regexFilter?.includes(origin)),
        new URL(stage.origin).host,
      ),
    )
    .toBe(opensLinks);
  await page.close();
}

async function openLink(link: string, heading: string): Promise<Page> {
  const page = await browser.open(link);
  await untilHeading(page, heading);
  expect(page.url()).toBe(`${extension}/receive.html`);
  return page;
}

test('the switch in the options turns it on and off', async () => {
  const link = await sendByCommand([await stage.newFile('a.txt', 100)]);
  await setOptions(false, 'options-links-off');
  const page = await browser.open(link);
  await untilHeading(page, say('receive.title', 1));
  expect(new URL(page.url()).origin).toBe(stage.origin);
  await page.close();
  await setOptions(true, 'options-links');
  await (await openLink(link, say('receive.title', 1))).close();
});

test('a file is shown and saved', async () => {
  const source = await stage.newFile('holiday film.mp4', 12_345_678);
  const page = await openLink(await sendByCommand([source]), say('receive.title', 1));
  await look(page, 'extension-receive');
  const { name, file } = await download(page);
  expect(name).toBe('holiday film.mp4');
  expect(await sha256Of(file)).toBe(await sha256Of(source));
  await look(page, 'extension-received');
  await page.close();
});

test('a picture is looked at without a download', async () => {
  const source = path.join(await stage.newFolder(), 'dot.gif');
  await writeFile(source, GIF);
  const page = await openLink(await sendByCommand([source]), say('receive.title', 1));
  await button(page, say('preview.look')).click();
  const picture = page.getByRole('dialog').getByRole('img');
  await picture.waitFor();
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
  await look(page, 'extension-preview');
  await page.close();
});

test('a note that asks for a password is read', async () => {
  const password = path.join(await stage.newFolder(), 'password');
  await writeFile(password, 'four words are better');
  const page = await openLink(await sendByCommand(['--note', '-', '--password-file', password], 'der Schlüssel: 4711 ☂'), say('unlock.title'));
  await page.getByLabel(say('unlock.label'), { exact: true }).fill('four words are better');
  await button(page, say('unlock.open')).click();
  await button(page, say('note.show')).click();
  await untilHeading(page, say('note.shown.title'));
  expect(await page.getByRole('textbox').inputValue()).toBe('der Schlüssel: 4711 ☂');
  await page.close();
});

test('after a reload the page says what to do', async () => {
  const page = await openLink(await sendByCommand([await stage.newFile('b.txt', 100)]), say('receive.title', 1));
  await page.reload();
  await untilHeading(page, say('state.keyGone.title'));
  await page.close();
});

test('links open when the background was stopped, those that a site leads to as well', async () => {
  const link = await sendByCommand([await stage.newFile('d.txt', 100)]);
  await browser.stopBackground();
  await (await openLink(link, say('receive.title', 1))).close();
  const page = await browser.open(`${stage.origin}/network`);
  await browser.stopBackground();
  await page.evaluate((href) => void setTimeout(() => (location.href = href)), link);
  await untilHeading(page, say('receive.title', 1));
  expect(page.url()).toBe(`${extension}/receive.html`);
  await page.close();
});

test('no page complained', () => expect(browser.ownComplaints).toEqual([]));

test('of a link that was opened nothing lies in the profile: in no list of visits, no session, no storage', async () => {
  const link = await sendByCommand([await stage.newFile('c.txt', 100)]);
  await openLink(link, say('receive.title', 1));
  const clicked = await browser.open(`${stage.origin}/network`);
  const opened = browser.context.waitForEvent('page');
  await clicked.evaluate((href) => Object.assign(document.createElement('a'), { href, target: '_blank' }).click(), link);
  await untilHeading(await opened, say('receive.title', 1));
  const [, fragment = ''] = link.split('#');
  expect(await filesWith(await browser.quit(), fragment.slice(0, 16))).toEqual([]);
});

async function filesWith(folder: string, text: string): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const found = await Promise.all(files.map(async (file) => (await readFile(file)).includes(text)));
  return files.filter((_, index) => found[index]).map((file) => path.relative(folder, file));
}
