/** The built pages and the extension in the languages of their people. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../shared/protocol/errors.ts';
import { languages, LANGUAGES, type Language } from '../../shared/ui/languages.ts';
import { extensionPageTexts } from '../../shared/ui/page-texts/extension.ts';
import { networkPageTexts } from '../../shared/ui/page-texts/network.ts';
import { say as sayInEnglish } from '../../shared/ui/messages.ts';
import { showLanguageOf, type Texts } from '../../shared/ui/shown-language.ts';
import { inEveryLanguage } from '../../shared/ui/built-in-texts.ts';
import type { TestBrowser } from '../support/browser.ts';
import { look, picture } from './look.ts';
import { startStage, type Stage } from './stage.ts';
import { button, chooseFiles, heading, sendFiles } from './steps.ts';

const PEOPLE: Readonly<Record<Language, string>> = { en: 'en-GB', de: 'de-AT', es: 'es-MX', fr: 'fr-CA' };

let stage: Stage;
let link: string;
let locked: string;

beforeAll(async () => {
  stage = await startStage(5);
  const browser = await stage.launchBrowser();
  const page = await browser.newPage();
  link = await sendFiles(page, stage.origin, [await stage.newFile('minutes.pdf', 120_000), await stage.newFile('plan.txt', 3000)]);
  locked = await sendFiles(page, stage.origin, [await stage.newFile('once.txt', 10)], { password: 'correct horse', limit: 1 });
  await browser.close();
});
afterAll(() => stage?.stop());

type Say = typeof sayInEnglish & ((code: ErrorCode) => string);

/** Says a text as a page in this language does. */
async function sayIn(language: Language): Promise<Say> {
  const sets = { ...(await extensionPageTexts[language]()), ...(await networkPageTexts[language]()) };
  const texts = Object.assign({}, ...Object.values(sets)) as Texts;
  return ((key: string, ...values: never[]) => {
    showLanguageOf(() => ({ locale: PEOPLE[language], direction: 'ltr', texts }));
    try {
      const text = texts[key]!;
      return typeof text === 'string' ? text : text(...values);
    } finally {
      showLanguageOf(() => ({ locale: 'en', direction: 'ltr', texts: {} }));
    }
  }) as Say;
}

const told = (page: Page): Promise<[string, string]> => page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);

/** With the keyboard on it, as somebody who hears the page. */
async function choose(page: Page, language: Language): Promise<void> {
  const control = page.locator('footer select');
  await control.focus();
  await control.selectOption(language);
}

// Everything else that is tested is in English.
describe.each(LANGUAGES.filter((language) => language !== 'en'))('somebody who reads %s', (language) => {
  let browser: TestBrowser;
  let page: Page;
  let say: Say;
  beforeAll(async () => {
    browser = await stage.launchBrowser({ locale: PEOPLE[language] });
    page = await browser.newPage();
    say = await sayIn(language);
  });
  afterAll(() => browser?.close());

  test('is asked in it for files', async () => {
    await page.goto(stage.origin);
    await heading(page, say('send.title')).waitFor();
    expect(await page.title()).toBe(`${say('send.title')} · Shardsend`);
    expect(await told(page)).toEqual([language, languages[language].direction]);
    await look(page, `send-${language}`);
  });

  test('reads in it what a link holds, asks for or lacks', async () => {
    await page.goto(link);
    await heading(page, say('receive.title', 2)).waitFor();
    await button(page, say('receive.downloadZip')).waitFor();
    await look(page, `receive-${language}`);
    await page.goto('about:blank');
    await page.goto(locked);
    await heading(page, say('unlock.title')).waitFor();
    await page.goto('about:blank');
    await page.goto(link.slice(0, -5));
    await heading(page, say('state.link_damaged.title')).waitFor();
    await page.getByText(say('link_damaged'), { exact: true }).waitFor();
  });

  test('sees in it how the network is', async () => {
    await page.goto(`${stage.origin}/network`);
    await page.getByText(say('network.day.title')).waitFor();
    await picture(page, `network-${language}`);
  });

  test('loads no other language', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(stage.origin);
    await heading(page, say('send.title')).waitFor();
    expect(asked.filter((file) => file.startsWith('/assets/send-'))).toHaveLength(1);
  });

  test('no page complained', () => {
    expect(browser.complaints).toEqual([]);
  });
});

test('another language loses nothing: what was chosen, typed and opened stays, and the choice is remembered', async () => {
  const browser = await stage.launchBrowser({ locale: 'nl-NL' });
  const page = await browser.open(stage.origin);
  // Whose language there is none of reads English.
  await heading(page, sayInEnglish('send.title')).waitFor();
  await chooseFiles(page, [await stage.newFile('minutes.pdf', 120_000), await stage.newFile('plan.txt', 3000)]);
  await page.getByLabel(sayInEnglish('send.password'), { exact: true }).fill('correct horse');
  await page.getByLabel(sayInEnglish('send.limit')).selectOption('5');
  await button(page, sayInEnglish('password.show')).click();
  const german = await sayIn('de');

  await choose(page, 'de');
  await heading(page, german('send.title')).waitFor();
  expect(await told(page)).toEqual(['de', 'ltr']);
  const password = page.getByLabel(german('send.password'), { exact: true });
  expect([await password.inputValue(), await password.getAttribute('type')]).toEqual(['correct horse', 'text']);
  expect(await page.getByLabel(german('send.limit')).inputValue()).toBe('5');
  expect(await page.locator('main').innerText()).toContain('minutes.pdf');
  // Whoever chose stays where the choice is.
  expect(await page.evaluate(() => document.activeElement?.matches('footer select'))).toBe(true);
  await button(page, german('send.start')).click();
  await heading(page, german('done.title')).waitFor();

  await page.reload();
  await heading(page, german('send.title')).waitFor();
  expect(await page.evaluate(() => Object.fromEntries(Object.entries(localStorage)))).toEqual({ language: 'de' });
  expect(browser.complaints).toEqual([]);
  await browser.close();
});

test('a language that cannot be loaded leaves the page as it is', async () => {
  const browser = await stage.launchBrowser();
  const page = await browser.open(stage.origin);
  await heading(page, sayInEnglish('send.title')).waitFor();
  await page.route('**/assets/send-*', (route) => route.abort());
  await choose(page, 'fr');
  await expect.poll(() => page.locator('footer select').inputValue()).toBe('en');
  await heading(page, sayInEnglish('send.title')).waitFor();
  expect(await told(page)).toEqual(['en', 'ltr']);
  await browser.close();
});

test('a link whose page comes without its language is opened by loading it again', async () => {
  const browser = await stage.launchBrowser();
  const page = await browser.newPage();
  await page.route('**/assets/receive-*', (route) => route.abort());
  await page.goto(link);
  await expect.poll(() => browser.complaints.length).toBeGreaterThan(0);
  await page.unroute('**/assets/receive-*');
  await page.reload();
  await heading(page, sayInEnglish('receive.title', 2)).waitFor();
  await browser.close();
});

test('without scripts a page says in every language what it needs', async () => {
  const html = await (await fetch(link.split('#')[0]!)).text();
  for (const { language, text } of inEveryLanguage('noscript.receive')) expect(html).toContain(`<p lang="${language}">${text}</p>`);
});

test('the extension speaks the browser’s language, and then the one that is chosen in its options', async () => {
  const browser = await stage.launchBrowser({ extension: true, locale: 'es-ES' });
  const { origin } = await browser.background();
  const page = await browser.open(`${origin}/options.html`);
  const [spanish, french] = [await sayIn('es'), await sayIn('fr')];
  await heading(page, spanish('options.title')).waitFor();
  await choose(page, 'fr');
  await page.getByLabel(french('options.coordinator')).waitFor();
  const popup = await browser.open(`${origin}/popup.html`);
  await button(popup, french('popup.send')).waitFor();
  expect(await told(popup)).toEqual(['fr', 'ltr']);
  await look(popup, 'popup-fr');
  await look(page, 'options-fr');
  expect(browser.complaints).toEqual([]);
  await browser.close();
});
