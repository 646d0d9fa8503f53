/** What a person does on the pages, in the words that they read there. */
import type { Page } from 'playwright-core';
import { say } from '../../shared/ui/messages.ts';

export const heading = (page: Page, text: string) => page.getByRole('heading', { level: 1, name: text, exact: true });
export const button = (page: Page, text: string) => page.getByRole('button', { name: text, exact: true });

/** Waits until the page says this at its head. @throws Error with what it said instead. */
export async function untilHeading(page: Page, text: string): Promise<void> {
  try {
    await heading(page, text).waitFor();
  } catch (cause) {
    throw new Error(`the page never said "${text}" but: ${await page.locator('body').innerText()}`, { cause });
  }
}

/** With the page's own button and the browser's file chooser. */
export async function chooseFiles(page: Page, files: string | string[], label = say('send.chooseFiles')): Promise<void> {
  const asked = page.waitForEvent('filechooser');
  await button(page, label).click();
  await (await asked).setFiles(files);
}

export const chooseFolder = (page: Page, folder: string): Promise<void> => chooseFiles(page, folder, say('send.chooseFolder'));

/** Presses the button that sends. @returns the link, once it serves a recipient. */
export async function send(page: Page): Promise<string> {
  await button(page, say('send.start')).click();
  return untilSent(page);
}

export async function untilSent(page: Page): Promise<string> {
  await untilHeading(page, say('done.title'));
  return linkOn(page);
}

export const linkOn = (page: Page): Promise<string> => page.getByLabel(say('done.link'), { exact: true }).inputValue();

/** From `/` to a link. */
export async function sendFiles(page: Page, origin: string, files: string[], choices: { limit?: number; password?: string } = {}): Promise<string> {
  await page.goto(origin);
  await chooseFiles(page, files);
  if (choices.limit !== undefined) await page.getByLabel(say('send.limit')).selectOption(String(choices.limit));
  if (choices.password !== undefined) await page.getByLabel(say('send.password')).fill(choices.password);
  return send(page);
}

export interface Downloaded {
  readonly name: string;
  /** Where the browser put it. */
  readonly file: string;
}

/** Presses the download button and waits until the page says that all was verified. */
export async function download(page: Page, label = say('receive.download')): Promise<Downloaded> {
  const started = page.waitForEvent('download');
  await button(page, label).click();
  const download = await started;
  const file = await download.path();
  await untilHeading(page, say('received.title'));
  return { name: download.suggestedFilename(), file };
}
