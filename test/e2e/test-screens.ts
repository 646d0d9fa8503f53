/** Goes through the gallery: how every state of a page looks, what axe finds in it, and whether a keyboard reaches all of it. */
import path from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build, type Rolldown } from 'vite';
import { setSecurityHeaders } from '../../worker/http/headers.ts';
import { TestBrowser } from '../support/browser.ts';
import { expectKeyboardReaches, look } from './look.ts';
import type { Gallery } from './screens/main.ts';

const ORIGIN = 'https://send.example';
/** Some fifty screens, on a machine that has other things to do. */
const PATIENCE_MS = 15 * 60_000;
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** @returns the files by their names. */
async function buildScreens(): Promise<Map<string, Buffer>> {
  const built = (await build({
    configFile: false,
    root: path.join(import.meta.dirname, 'screens'),
    logLevel: 'warn',
    plugins: [svelte({ configFile: false })],
    worker: { format: 'es' },
    build: { write: false, target: 'es2023', assetsInlineLimit: 0, modulePreload: { polyfill: false }, rolldownOptions: { output: { codeSplitting: false } } },
  })) as Rolldown.RolldownOutput;
  return new Map(built.output.map((file) => [file.fileName, Buffer.from(file.type === 'chunk' ? file.code : file.source)]));
}

declare const gallery: Gallery;

/** @returns a page with the gallery. */
export async function openGallery(browser: TestBrowser): Promise<Page> {
  const files = await buildScreens();
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await browser.newPage();
  // With the policy of the real pages: a style or script that they would not run is missed in the pictures, and complained of.
  const headers = new Headers();
  setSecurityHeaders(headers, { secure: true, sharedHosts: false });
  await page.route(`${ORIGIN}/**`, (route) => {
    const name = new URL(route.request().url()).pathname.slice(1) || 'index.html';
    const body = files.get(name);
    return body === undefined ? route.abort() : route.fulfill({ body, contentType: TYPES[path.extname(name)]!, headers: Object.fromEntries(headers) });
  });
  await page.goto(ORIGIN);
  await page.waitForFunction(() => 'gallery' in globalThis);
  return page;
}

/** What a person does on a screen of the gallery to bring it where its picture is taken. */
export async function press(page: Page, labels: readonly string[]): Promise<void> {
  for (const label of labels)
    await page
      .getByRole('button', { name: label, exact: true })
      .or(page.getByRole('checkbox', { name: label, exact: true }))
      .click();
  // Nothing is shown as if a hand lay on it.
  await page.mouse.move(0, 0);
}

/** @param name - of a table of screens/main.ts. */
export function testScreens(name: string): void {
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    browser = await TestBrowser.launch();
    page = await openGallery(browser);
  });
  afterAll(() => browser?.close());

  test(
    'in no width and light is anything serious, scrolls sideways or lies out of a keyboard’s reach',
    async () => {
      const screens = await page.evaluate((name) => gallery.names(name), name);
      expect(screens.length).toBeGreaterThan(20);
      for (const screen of screens) {
        const labels = await page.evaluate(([name, screen]) => gallery.show(name!, screen!), [name, screen]);
        await press(page, labels);
        await look(page, `${name}-${screen}`);
        await expectKeyboardReaches(page, `${name}-${screen}`);
      }
    },
    PATIENCE_MS,
  );

  test('no page complained', () => {
    expect(browser.complaints).toEqual([]);
  });
}
