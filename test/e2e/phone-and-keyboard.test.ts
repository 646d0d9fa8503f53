/** For people with a finger on a narrow screen, and for people with a keyboard alone: everything that a mouse does. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MAX_FILES, problemOf } from '../../shared/protocol/index.ts';
import { say, sentenceOf } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { cutOffNames } from './look.ts';
import { sha256Of, startStage, type Stage } from './stage.ts';
import { button, chooseFiles, linkOn, send, untilHeading, untilSent } from './steps.ts';

/** As large as a fingertip: 2.75rem. */
const TARGET_PX = 44;
/** Names as people who read from right to left give them: alone, with digits and Latin letters, and longer than any line. */
const NAMES_FROM_THE_RIGHT = [
  'صورة.jpg',
  'تقرير سنوي طويل جدا عن كل ما حدث في هذا العام وما لم يحدث فيه.docx',
  'תמונה ארוכה מאוד של המשפחה מהחופשה האחרונה בים המלח.png',
  'חשבונית 2026-11 (copy) final version for the accountant.pdf',
  'Quarterly report with a very long name, סופי.xlsx',
];

let stage: Stage;
let browser: TestBrowser;
let phone: TestBrowser;
let page: Page;

beforeAll(async () => {
  stage = await startStage(6);
  [browser, phone] = await Promise.all([stage.launchBrowser(), stage.launchBrowser({ phone: true })]);
});
afterAll(() => stage?.stop());
afterEach(() => page.close());

const chosen = (): Locator => page.getByRole('list', { name: say('send.chosen') }).getByRole('listitem');

/** What a finger is meant to hit and might miss. */
const smallTargets = (): Promise<string[]> =>
  page.locator('button:visible, a.button:visible, input:visible, select:visible').evaluateAll(
    (controls, least) =>
      controls.flatMap((control) => {
        const { width, height } = control.getBoundingClientRect();
        return Math.min(width, height) < least ? [`${control.textContent.trim()}: ${width} x ${height}`] : [];
      }),
    TARGET_PX,
  );

async function fitsAFinger(): Promise<void> {
  expect(await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth])).toEqual([360, 360]);
  expect(await smallTargets()).toEqual([]);
}

/** Hands files over as a paste does. */
async function paste(names: readonly string[]): Promise<void> {
  await page.evaluate((names) => {
    const clipboardData = new DataTransfer();
    for (const name of names) clipboardData.items.add(new File([name], name));
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, names);
}

describe('on a phone', () => {
  beforeEach(async () => {
    page = await phone.open(stage.origin);
  });

  test('nothing speaks of dropping, and taps alone send and receive', async () => {
    await page.getByText(say('send.drop.touch')).waitFor();
    expect(await page.getByText(say('send.drop')).isVisible()).toBe(false);
    expect(await page.getByText(say('send.drop.hint')).isVisible()).toBe(false);
    await fitsAFinger();

    const source = await stage.newFile('a photograph from the last evening of our holiday by the sea.jpg', 700_000);
    const asked = page.waitForEvent('filechooser');
    await button(page, say('send.chooseFiles')).tap();
    await (await asked).setFiles(source);
    await button(page, say('send.start')).waitFor();
    await fitsAFinger();
    await button(page, say('send.start')).tap();
    const link = await untilSent(page);
    await fitsAFinger();

    await page.goto(link);
    await untilHeading(page, say('receive.title', 1));
    await fitsAFinger();
    const started = page.waitForEvent('download');
    await button(page, say('receive.download')).tap();
    expect(await sha256Of(await (await started).path())).toBe(await sha256Of(source));
    await untilHeading(page, say('received.title'));
    await fitsAFinger();
  });

  test('names from right to left keep their ends in sight, for both sides', async () => {
    const folder = await stage.newFolder();
    const files = NAMES_FROM_THE_RIGHT.map((name) => path.join(folder, name));
    await Promise.all(files.map((file) => writeFile(file, file)));
    await chooseFiles(page, files);
    await expect.poll(() => chosen().count()).toBe(files.length);
    expect(await cutOffNames(chosen())).toEqual([]);
    const link = await send(page);
    await page.goto(link);
    await untilHeading(page, say('receive.title', files.length));
    const listed = page.getByRole('list', { name: say('receive.files') }).getByRole('listitem');
    expect(await listed.allTextContents()).toEqual(expect.arrayContaining(NAMES_FROM_THE_RIGHT.map((name) => expect.stringContaining(name) as unknown)));
    expect(await cutOffNames(listed)).toEqual([]);
  });

  test('the page of the network fits', async () => {
    await page.goto(`${stage.origin}/network`);
    await button(page, say('network.refresh')).waitFor();
    await fitsAFinger();
  });
});

describe('with a keyboard alone', () => {
  beforeEach(async () => {
    page = await browser.open(stage.origin);
  });

  /** Presses Tab until this has the focus, as often as one would at most. */
  async function tabTo(control: Locator): Promise<void> {
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press('Tab');
      if (await hasFocus(control)) return;
    }
    throw new Error(`Tab never came to ${String(control)}`);
  }
  const hasFocus = (control: Locator): Promise<boolean> => control.evaluate((element) => element === document.activeElement);
  const focused = (control: Locator): Promise<void> => expect.poll(() => hasFocus(control)).toBe(true);
  const h1 = (): Locator => page.getByRole('heading', { level: 1 });

  async function pick(files: string[], label: string): Promise<void> {
    const asked = page.waitForEvent('filechooser');
    await tabTo(button(page, label));
    await page.keyboard.press('Enter');
    await (await asked).setFiles(files);
  }

  test('files are chosen, sent, withdrawn and sent again; the focus is never lost', async () => {
    await pick([await stage.newFile('plan.pdf', 5_000)], say('send.chooseFiles'));
    await tabTo(button(page, say('send.start')));
    await page.keyboard.press('Enter');
    await untilSent(page);
    await focused(h1());

    await tabTo(button(page, say('done.revoke')));
    await page.keyboard.press('Enter');
    await focused(button(page, say('done.revoke.no')));
    await page.keyboard.press('Enter');
    await focused(button(page, say('done.revoke')));
    await page.keyboard.press('Enter');
    await focused(button(page, say('done.revoke.no')));
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await untilHeading(page, say('done.revoked.title'));
    await focused(h1());
    await tabTo(button(page, say('done.again')));
    await page.keyboard.press('Enter');
    await untilHeading(page, say('send.title'));
    await focused(h1());
  });

  test('what is taken out of a list leaves the focus beside it', async () => {
    await pick([await stage.newFile('a.txt', 10), await stage.newFile('b.txt', 10)], say('send.chooseFiles'));
    await tabTo(button(page, say('list.remove', 'a.txt')));
    await page.keyboard.press('Enter');
    await focused(button(page, say('list.remove', 'b.txt')));
    await page.keyboard.press('Enter');
    await focused(button(page, say('send.chooseFiles')));

    await paste(['a.txt', 'b.txt', 'c.txt']);
    await button(page, say('send.removeAll')).waitFor();
    await page.keyboard.press('Shift+Tab');
    while (!(await hasFocus(button(page, say('send.removeAll'))))) await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await focused(button(page, say('send.chooseFiles')));
  });

  test('10,000 files are a list that keys move through, and one more is refused beside them', async () => {
    await paste(Array.from({ length: MAX_FILES }, (_, i) => `photograph ${i}.jpg`));
    await tabTo(button(page, say('list.showAll', MAX_FILES)));
    await page.keyboard.press('Enter');
    const region = page.getByRole('region', { name: say('send.chosen') });
    await region.waitFor();
    // Nothing that the list hides makes the page itself longer.
    expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThan(3_000);
    expect(await region.evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
    expect(await region.getByRole('listitem').count()).toBeLessThan(60);
    // One stop for Tab, from which the arrow keys go on.
    await region.focus();
    await page.keyboard.press('Tab');
    const reached = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    while ((await reached()) !== say('list.remove', 'photograph 29.jpg')) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await focused(button(page, say('list.remove', 'photograph 28.jpg')));
    await page.keyboard.press('Tab');
    await focused(button(page, say('list.showFewer')));
    await page.keyboard.press('Shift+Tab');
    await focused(button(page, say('list.remove', 'photograph 28.jpg')));
    await region.focus();
    await page.keyboard.press('End');
    const last = region.locator(`[aria-posinset="${MAX_FILES}"]`);
    await last.waitFor();
    expect(await last.textContent()).toContain(`photograph ${MAX_FILES - 1}.jpg`);
    await paste(['one more.jpg']);
    await page.getByText(sentenceOf('too_many_files')).waitFor();
  });

  test('a link is copied, or selected where the browser does not let a page copy', async () => {
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stage.origin });
    await chooseFiles(page, await stage.newFile('plan.pdf', 5_000));
    const link = await send(page);
    await tabTo(button(page, say('done.copy')));
    await page.keyboard.press('Enter');
    await page.getByText(say('done.copied')).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);

    await browser.context.clearPermissions();
    await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'))));
    await page.keyboard.press('Enter');
    await page.getByText(say('done.copyFailed')).waitFor();
    expect(await page.evaluate(() => getSelection()!.toString())).toBe(await linkOn(page));
  });

  test('a transfer that cannot be withdrawn now is said to be there still', async () => {
    await chooseFiles(page, await stage.newFile('plan.pdf', 5_000));
    await send(page);
    const answer = Promise.withResolvers<void>();
    await page.route('**/api/transfers/*', async (route) => {
      if (route.request().method() !== 'DELETE') return route.continue();
      await answer.promise;
      return route.fulfill({ status: 403, contentType: 'application/problem+json', json: problemOf('wrong_owner') });
    });
    await button(page, say('done.revoke')).press('Enter');
    await button(page, say('done.revoke.yes')).press('Enter');
    await button(page, say('done.revoke.busy')).waitFor();
    answer.resolve();
    await page.getByText(sentenceOf('wrong_owner')).waitFor();
    await focused(button(page, say('done.revoke')));
    expect(await linkOn(page)).not.toBe('');
  });

  test('a link is opened and its files are downloaded', async () => {
    const source = await stage.newFile('plan.pdf', 5_000);
    await chooseFiles(page, source);
    await page.goto(await send(page));
    await untilHeading(page, say('receive.title', 1));
    await tabTo(button(page, say('receive.download')));
    const started = page.waitForEvent('download');
    await page.keyboard.press('Enter');
    expect(await sha256Of(await (await started).path())).toBe(await sha256Of(source));
    await untilHeading(page, say('received.title'));
    await focused(h1());
    await tabTo(button(page, say('received.again')));
  });
});

test('no page complained', () => {
  expect([...browser.ownComplaints, ...phone.ownComplaints]).toEqual([]);
});
