/**
 * Every screen in every language, and in two that nobody speaks: longer words, and letters from right to left. Narrow, as
 * there is no room to spare there.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestBrowser } from '../support/browser.ts';
import type { Gallery } from './screens/main.ts';
import { openGallery, press } from './test-screens.ts';
import { picture } from './look.ts';

declare const gallery: Gallery;

const PAGES = ['sender', 'recipient', 'sends'];
const SPOKEN = ['de', 'es', 'fr', 'long', 'mirrored'] as const;
/** Of these, pictures are kept in each language. */
const PICTURES: ReadonlySet<string> = new Set(['chosen-options', 'done', 'list', 'receiving', 'unlock', 'open']);

let browser: TestBrowser;
let page: Page;
beforeAll(async () => {
  browser = await TestBrowser.launch();
  page = await openGallery(browser);
  await page.setViewportSize({ width: 360, height: 800 });
});
afterAll(() => browser?.close());

const text = (): Promise<string> => page.locator('body').innerText();

test.each(PAGES)(
  'the screens of the %s fit into 360 pixels in every language, and follow a change of it',
  async (name) => {
    for (const screen of await page.evaluate((name) => gallery.names(name), name)) {
      await page.evaluate(() => gallery.speak('en'));
      const labels = await page.evaluate(([name, screen]) => gallery.show(name!, screen!), [name, screen]);
      await press(page, labels);
      const english = await text();
      for (const spoken of SPOKEN) {
        await page.evaluate((spoken) => gallery.speak(spoken), spoken);
        expect(await page.evaluate(whatSticksOut), `${name}-${screen} in ${spoken}`).toEqual([]);
        if (PICTURES.has(screen)) await picture(page, `${name}-${screen}-360-${spoken}`);
      }
      await page.evaluate(() => gallery.speak('en'));
      expect(await text(), `${name}-${screen} after other languages`).toBe(english);
    }
  },
  10 * 60_000,
);

test('no page complained', () => {
  expect(browser.complaints).toEqual([]);
});

/** Runs in the page. @returns texts that lie outside of what they stand in, or of the window. Names are cut by design. */
function whatSticksOut(): string[] {
  const boxes = 'button, a.button, select, .state, .notice, .sheet, .intro, .aside, header, footer';
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found: string[] = [];
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const parent = text.parentElement!;
    if (text.textContent!.trim() === '' || !parent.checkVisibility() || parent.closest('.file-name, .visually-hidden, option, textarea, progress, pre')) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const inside = range.getBoundingClientRect();
    const box = parent.closest(boxes)?.getBoundingClientRect() ?? { left: 0, right: innerWidth };
    if (inside.left < Math.max(box.left, 0) - 1 || inside.right > Math.min(box.right, innerWidth) + 1) found.push(text.textContent!.trim());
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls sideways');
  return found;
}
