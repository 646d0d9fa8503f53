/** A link that asks for a password: from the sender who sets one to the recipient who mistypes it, in the page as people meet it. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { say, sentenceOf } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { runCommand } from '../support/network.ts';
import type { RecordingProxy } from '../support/recording-proxy.ts';
import { sha256Of, startStage, type Stage } from './stage.ts';
import { button, chooseFiles, download, send, sendFiles, untilHeading } from './steps.ts';

const PASSWORD = 'Grünkohl & Pinkel 77';

let stage: Stage;
let proxy: RecordingProxy;
let browser: TestBrowser;
let page: Page;
let source: string;

beforeAll(async () => {
  stage = await startStage(3);
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

const field = () => page.getByLabel(say('unlock.label'), { exact: true });
const apiRequests = (from: number) => proxy.requests.slice(from).filter(({ url }) => url.includes('/api/transfers/'));
const hasFocus = () => field().evaluate((element) => element === document.activeElement);

/** Types a password and presses Enter. */
async function tryPassword(password: string): Promise<void> {
  await field().fill(password);
  await field().press('Enter');
}

test('is set before sending, shown at a touch, and said beside the link', async () => {
  await page.goto(stage.origin);
  await chooseFiles(page, source);
  const choice = page.getByLabel(say('send.password'));
  await choice.fill(PASSWORD);
  expect(await choice.getAttribute('type')).toBe('password');
  await page.getByRole('button', { name: say('password.show') }).click();
  expect(await choice.getAttribute('type')).toBe('text');
  await page.getByRole('button', { name: say('password.hide') }).click();
  const link = await send(page);
  await page.getByText(say('done.locked')).waitFor();

  await page.goto('about:blank');
  const before = proxy.requests.length;
  await page.goto(link);
  await untilHeading(page, say('unlock.title'));
  expect(apiRequests(before), 'before the password nothing is asked').toEqual([]);
  expect(page.url()).toBe(link.slice(0, link.indexOf('#')));
  await expect.poll(hasFocus).toBe(true);

  // A wrong one is said in place, and the next is typed over it.
  const held = proxy.holdRequests(({ url }) => url.includes('/api/transfers/'));
  await tryPassword('Grünkohl');
  await page.getByRole('progressbar', { name: say('unlock.checking') }).waitFor();
  await held.reached;
  held.release();
  await page
    .getByRole('alert')
    .filter({ hasText: sentenceOf('wrong_password') })
    .waitFor();
  await expect.poll(hasFocus).toBe(true);
  expect(await field().evaluate((element: HTMLInputElement) => element.value.slice(element.selectionStart!, element.selectionEnd!))).toBe('Grünkohl');

  await page.keyboard.type(PASSWORD.normalize('NFD'));
  await button(page, say('unlock.open')).click();
  await untilHeading(page, say('receive.title', 1));
  const { file } = await download(page);
  expect(await sha256Of(file)).toBe(await sha256Of(source));
  const sent = JSON.stringify(proxy.requests.slice(before).map(({ url, headers, body }) => [url, headers, Buffer.concat(body).toString('latin1')]));
  for (const form of ['Pinkel', encodeURIComponent(PASSWORD), Buffer.from(PASSWORD).toString('base64url')]) expect(sent).not.toContain(form);

  const out = await stage.newFolder();
  const got = await runCommand(['get', link, '--out', out], { env: { SHARDSEND_PASSWORD: PASSWORD } });
  expect([got.code, got.stdout]).toEqual([0, 'letter.txt\n']);
});

describe('after many wrong ones', () => {
  test('the page counts down, lets nobody try meanwhile, and the coordinator has its own clock', async () => {
    const link = await sendFiles(page, stage.origin, [source], { password: PASSWORD });
    await page.goto('about:blank');
    await page.clock.install();
    await page.goto(link);
    for (let i = 0; i < 5; i++) {
      await tryPassword(`wrong ${i}`);
      await expect.poll(() => page.getByRole('button', { name: say('unlock.checking') }).count(), { timeout: 60_000 }).toBe(0);
      await page
        .getByRole('alert')
        .filter({ hasText: sentenceOf('wrong_password') })
        .waitFor();
    }
    await page
      .getByText(/You can try again in \d+ seconds?\./)
      .first()
      .waitFor();
    const before = proxy.requests.length;
    expect(await button(page, say('unlock.open')).isDisabled()).toBe(true);
    await tryPassword(PASSWORD);
    expect(apiRequests(before)).toEqual([]);
    await page.clock.fastForward(30_000);
    await page.getByText(say('unlock.again')).waitFor({ state: 'attached' });
    await tryPassword(PASSWORD);
    await page
      .getByRole('alert')
      .filter({ hasText: sentenceOf('password_wait') })
      .waitFor();
    await page
      .getByText(/You can try again in \d+ seconds?\./)
      .first()
      .waitFor();
  });
});

test('no page complained', () => {
  expect(browser.ownComplaints).toEqual([]);
});
