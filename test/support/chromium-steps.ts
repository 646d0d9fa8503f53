/** What a person does on the pages in a Chromium that nobody records (chromium.ts), in the words that they read there. */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { vi } from 'vitest';
import { say } from '../../shared/ui/messages.ts';
import type { Chromium, Page } from './chromium.ts';
import { buttonNamed, nodeAt } from './webdriver.ts';

/** A browser copies a staged file to its folder after the page is done with it. */
const COPIED_WITHIN_MS = 10 * 60_000;

const headingIs = (text: string): string => `document.querySelector('h1')?.innerText.trim() === ${JSON.stringify(text)}`;

/** @throws Error with all that the page says, where it says that it failed. */
export async function untilHeading(page: Page, text: string): Promise<void> {
  await page.until([text, say('sendFailed.title'), say('receiveFailed.title')].map(headingIs).join(' || '));
  if (!(await page.evaluate<boolean>(headingIs(text)))) throw new Error(`the page never said "${text}" but: ${await page.evaluate<string>('document.body.innerText')}`);
}

/** Waits until the button is there. */
export async function press(page: Page, button: string): Promise<void> {
  await page.until(nodeAt(buttonNamed(button)));
  await page.evaluate(`${nodeAt(buttonNamed(button))}.click()`);
}

/** A page with the file chosen. */
export async function choose(browser: Chromium, origin: string, file: string): Promise<Page> {
  const page = await browser.open(origin);
  await page.until(`document.querySelector('input[type=file]')`);
  await page.setFiles('input[type=file]', [file]);
  await page.until(nodeAt(buttonNamed(say('send.start'))));
  return page;
}

/** @returns the link, once it serves a recipient. */
export async function untilSent(page: Page): Promise<string> {
  await untilHeading(page, say('done.title'));
  return page.evaluate(`[...document.querySelectorAll('input')].map(({ value }) => value).find((value) => value.includes('#'))`);
}

/** From now on, what the browser downloads goes there. */
export async function downloadTo(browser: Chromium, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await browser.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
}

/** Waits until the file lies there whole. @returns its path. */
export async function untilSaved(folder: string, name: string, bytes: number): Promise<string> {
  const file = path.join(folder, name);
  await vi.waitUntil(async () => (await stat(file).catch(() => null))?.size === bytes, { timeout: COPIED_WITHIN_MS, interval: 100 });
  return file;
}
