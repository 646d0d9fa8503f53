/** What was sent from a browser: found again, looked after, ended; and kept so that nobody else reads it. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { parseLink, encodeB64, sentenceOf } from '../../shared/protocol/index.ts';
import { expiryText } from '../../shared/ui/choices.ts';
import { say } from '../../shared/ui/messages.ts';
import { TestBrowser } from '../support/browser.ts';
import { runCommand } from '../support/network.ts';
import { startStage, type Stage } from './stage.ts';
import { button, download, sendFiles, untilHeading } from './steps.ts';

const NAME = 'minutes of the meeting that nobody was to know of.pdf';

let stage: Stage;
let browser: TestBrowser;
let page: Page;
beforeAll(async () => {
  stage = await startStage(6);
  browser = await stage.launchBrowser();
});
afterAll(() => stage?.stop());
beforeEach(async () => {
  page = await browser.open(stage.origin);
  await page.evaluate(forgetEverything);
});
afterEach(() => page.close());

const sends = (): string => `${stage.origin}/sends`;
const rows = (): Locator => page.getByRole('list', { name: say('sends.list') }).getByRole('article');
const fact = (row: Locator, term: string): Locator => row.locator('dl > div', { hasText: term }).locator('dd');
const eventually = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 30_000 });
const named = (row: Locator, text: string): Locator => row.getByRole('button', { name: text, exact: true });

test('nothing sent yet is said, and leads to sending', async () => {
  await page.goto(sends());
  await page.getByRole('heading', { name: say('sends.empty.title') }).waitFor();
  await page.getByRole('link', { name: say('sends.new') }).click();
  await untilHeading(page, say('send.title'));
});

test('what is sent appears, is extended, counts its downloads, is withdrawn, and goes from the list', async () => {
  const link = await sendFiles(page, stage.origin, [await stage.newFile(NAME, 300_000)], { limit: 5 });
  await page.goto(sends());
  await eventually(() => rows().count()).toBe(1);
  const row = rows().first();
  await eventually(() => fact(row, say('sends.downloads')).textContent()).toBe(say('sends.downloads.of', 0, 5));
  await row.getByText(say('sends.state.ready')).waitFor();
  await eventually(() => fact(row, say('sends.health')).textContent()).toContain('of 6');

  // With the keyboard alone: open, extend, ask, keep.
  await named(row, say('sends.detailsOf', NAME)).focus();
  await page.keyboard.press('Enter');
  expect(await row.getByLabel(say('done.link'), { exact: true }).inputValue()).toBe(link);
  await row.getByLabel(say('sends.expiry'), { exact: true }).focus();
  await row.getByLabel(say('sends.expiry'), { exact: true }).selectOption(expiryText(30 * 86_400));
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await eventually(() => fact(row, say('sends.expires')).textContent()).toContain('in\u00a030\u00a0days');
  await row.getByLabel(say('sends.expiry'), { exact: true }).selectOption(expiryText(300));
  await button(page, say('sends.expiry.set')).click();
  await eventually(() => fact(row, say('sends.expires')).textContent()).toContain('in\u00a05\u00a0minutes');

  const other = await browser.open(link);
  await download(other);
  await other.close();
  await page.reload();
  await eventually(() => fact(rows().first(), say('sends.downloads')).textContent()).toBe(say('sends.downloads.of', 1, 5));

  await named(rows().first(), say('sends.detailsOf', NAME)).click();
  await button(page, say('sends.withdraw')).focus();
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe(say('sends.withdraw.no'));
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe(say('sends.withdraw'));
  await page.keyboard.press('Enter');
  await button(page, say('sends.withdraw.yes')).click();
  await rows().first().getByText(say('sends.state.revoked'), { exact: true }).waitFor();
  await named(rows().first(), say('sends.removeOf', NAME)).click();
  await page.getByRole('heading', { name: say('sends.empty.title') }).waitFor();
  await page.goto(link);
  await page.getByText(sentenceOf('transfer_revoked')).waitFor();
});

test('another link has a label, a limit and a password of its own, and goes on when the first one is withdrawn', async () => {
  const first = await sendFiles(page, stage.origin, [await stage.newFile(NAME, 1000)]);
  await page.goto(sends());
  await named(rows().first(), say('sends.detailsOf', NAME)).click();
  const group = (name: string): Locator => rows().first().getByRole('group', { name, exact: true });
  const act = (text: string, name: string): Locator => group(name).getByRole('button', { name: say('sends.link.actionOf', text, name) });
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
  const linkIn = (name: string): Promise<string> => group(name).getByLabel(say('done.link'), { exact: true }).inputValue();
  const [ONE, ADA] = [say('sends.link.number', 1), 'for Ada, who reads it on the train'];

  // With the keyboard alone.
  await button(page, say('sends.add')).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.type(ADA);
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Tab');
  await page.keyboard.type('leaves on the line');
  await page.keyboard.press('Enter');
  await group(ADA).waitFor();
  await eventually(focused).toContain(ADA);
  expect(await group(ADA).innerText()).toContain(say('sends.link.open', say('sends.downloads.of', 0, 1)));
  await act(say('sends.link.qr'), ADA).click();
  const second = await linkIn(ADA);
  expect(await linkIn(ONE)).toBe(first);

  // One without a password as well, whose limit is changed.
  await button(page, say('sends.add')).click();
  await page.keyboard.press('Enter');
  const THREE = say('sends.link.number', 3);
  await group(THREE).waitFor();
  await act(say('sends.link.limit'), THREE).click();
  await group(THREE).getByLabel(say('send.limit')).selectOption('2');
  await button(page, say('sends.link.limit.set')).click();
  await group(THREE)
    .getByText(say('sends.link.open', say('sends.downloads.of', 0, 2)))
    .waitFor();

  // Called otherwise, with the keyboard alone; what a screen reader says of it follows.
  const GRACE = 'for Grace';
  await act(say('sends.link.label'), THREE).focus();
  await page.keyboard.press('Enter');
  const label = group(THREE).getByLabel(say('sends.add.label'), { exact: true });
  await eventually(() => label.evaluate((field) => field === document.activeElement)).toBe(true);
  await page.keyboard.type(GRACE);
  await page.keyboard.press('Enter');
  await group(GRACE).waitFor();
  await act(say('sends.link.label'), GRACE).waitFor();
  await eventually(focused).toBe(say('sends.link.label'));
  await group(GRACE).getByText(say('sends.link.label.done')).waitFor({ state: 'attached' });

  await act(say('sends.link.withdraw'), ONE).focus();
  await page.keyboard.press('Enter');
  expect(await focused()).toBe(say('sends.link.withdraw.no'));
  await button(page, say('sends.link.withdraw.yes')).click();
  await group(ONE).getByText(say('sends.link.revoked', '0')).waitFor();
  await eventually(focused).toContain(ONE);
  const refused = await browser.open(first);
  await refused.getByText(sentenceOf('transfer_revoked')).waitFor();
  await refused.close();

  const other = await browser.open(second);
  await other.getByLabel(say('unlock.label'), { exact: true }).fill('leaves on the line');
  await button(other, say('unlock.open')).click();
  await download(other);
  await other.close();
  await page.reload();
  await named(rows().first(), say('sends.detailsOf', NAME)).click();
  await group(ADA)
    .getByText(say('sends.link.used_up', say('sends.downloads.of', 1, 1)))
    .waitFor();
  await rows().first().getByText(say('sends.state.ready'), { exact: true }).waitFor();
});

test('what the browser keeps holds no link, key, token or name; and an entry that is damaged is told of and removed', async () => {
  const link = await sendFiles(page, stage.origin, [await stage.newFile(NAME, 1000)]);
  await page.goto(sends());
  await eventually(() => rows().count()).toBe(1);
  const { transferId, secret } = parseLink(link);
  const texts = [encodeB64(secret), link, link.slice(link.indexOf('#') + 1), NAME];
  const kept = await page.evaluate(dumpDatabases);
  expect(kept.length).toBeGreaterThan(100);
  for (const text of texts) expect(kept.includes(Buffer.from(text).toString('latin1'))).toBe(false);
  expect(kept.includes(Buffer.from(secret).toString('latin1'))).toBe(false);
  expect(kept).toContain('key is not extractable');

  await page.evaluate(damageEntry, `sends/${encodeB64(transferId)}`);
  await page.reload();
  await page.getByText(say('sends.unreadable', 1)).waitFor();
  await button(page, say('sends.unreadable.remove')).click();
  await page.getByRole('heading', { name: say('sends.empty.title') }).waitFor();
});

test('without a connection the list stands as it was known last', async () => {
  await sendFiles(page, stage.origin, [await stage.newFile(NAME, 1000)]);
  await page.goto(sends());
  await rows().first().getByText(say('sends.state.ready')).waitFor();
  await page.route('**/api/**', (route) => route.abort());
  await page.reload();
  await page.getByText(say('sends.offline')).waitFor();
  expect(await rows().count()).toBe(1);
});

test('one browser keeps what it sends and what it receives, whichever came first', async () => {
  const file = await stage.newFile('both ways.bin', 300_000);
  const { code, stdout, stderr } = await runCommand(['send', file, '--coordinator', stage.origin]);
  expect(code, stderr).toBe(0);
  const own = await TestBrowser.launch();
  try {
    const receiving = await own.open(stdout.trim());
    await download(receiving);
    expect(await receiving.evaluate(countStaged), 'until the browser has copied it').toBe(1);
    const link = await sendFiles(receiving, stage.origin, [file]);
    await receiving.goto(sends());
    await receiving
      .getByRole('list', { name: say('sends.list') })
      .getByRole('article')
      .waitFor();
    await receiving.goto(link);
    await download(receiving);
    expect(await receiving.evaluate(countStaged)).toBe(2);
  } finally {
    await own.close();
  }
});

/** Runs in the page, before it has opened the database. */
async function forgetEverything(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const deleting = indexedDB.deleteDatabase('shardsend');
    deleting.onsuccess = () => resolve();
    deleting.onerror = () => reject(deleting.error!);
  });
}

/** Runs in the page: files that downloads have in the origin's private file system. */
async function countStaged(): Promise<number> {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('downloads');
  let count = 0;
  for await (const name of folder.keys()) if (name !== '') count++;
  return count;
}

/** Runs in the page: every byte that its databases hold, as Latin-1. */
async function dumpDatabases(): Promise<string> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const opening = indexedDB.open('shardsend');
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error!);
  });
  let text = '';
  for (const store of database.objectStoreNames) {
    const all = database.transaction(store).objectStore(store);
    const [keys, values] = await Promise.all(
      [all.getAllKeys(), all.getAll()].map(
        (request) =>
          new Promise<unknown[]>((resolve) => {
            request.onsuccess = () => resolve(request.result as unknown[]);
          }),
      ),
    );
    text += JSON.stringify(keys);
    for (const value of values!) {
      if (value instanceof CryptoKey)
        text += await crypto.subtle.exportKey('raw', value).then(
          () => 'EXPORTED',
          (error: Error) => error.message,
        );
      else text += String.fromCodePoint(...(value as Uint8Array));
    }
  }
  database.close();
  return text;
}

/** Runs in the page. */
async function damageEntry(name: string): Promise<void> {
  const database = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open('shardsend');
    opening.onsuccess = () => resolve(opening.result);
  });
  const entries = database.transaction('entries', 'readwrite').objectStore('entries');
  await new Promise<void>((resolve) => {
    const reading = entries.get(name);
    reading.onsuccess = () => {
      const box = reading.result as Uint8Array;
      box[20]! ^= 1;
      entries.put(box, name).onsuccess = () => resolve();
    };
  });
  database.close();
}
