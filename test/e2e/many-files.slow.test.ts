/** As many files as one transfer takes, through the page. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAX_FILES } from '../../shared/protocol/index.ts';
import { say, sentenceOf } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { readZip } from '../support/zip.ts';
import { startStage, type Stage } from './stage.ts';
import { button, chooseFiles, chooseFolder, download, send } from './steps.ts';

let stage: Stage;
let browser: TestBrowser;

beforeAll(async () => {
  stage = await startStage(6);
  browser = await stage.launchBrowser();
});
afterAll(() => stage?.stop());

test('10,000 small files arrive, and one more is refused without losing the others', async () => {
  const folder = path.join(await stage.newFolder(), 'many');
  await mkdir(folder);
  for (let i = 0; i < MAX_FILES; i++) await writeFile(path.join(folder, `${i}.txt`), `file ${i}`);
  const page = await browser.open(stage.origin);
  await chooseFolder(page, folder);
  await button(page, say('list.showAll', MAX_FILES)).waitFor();
  await chooseFiles(page, await stage.newFile('one more.txt', 1), say('send.addFiles'));
  await page.getByText(sentenceOf('too_many_files')).waitFor();
  await button(page, say('list.showAll', MAX_FILES)).click();
  expect(
    await page
      .getByRole('region', { name: say('send.chosen') })
      .getByRole('listitem')
      .count(),
  ).toBeLessThan(60);
  const received = await browser.open(await send(page));
  const { file } = await download(received, say('receive.downloadZip'));
  const entries = readZip(await readFile(file));
  expect(entries).toHaveLength(MAX_FILES);
  expect(entries.every(({ name, bytes }) => bytes.toString() === `file ${name.slice('many/'.length, -'.txt'.length)}`)).toBe(true);
  expect(browser.complaints).toEqual([]);
});
