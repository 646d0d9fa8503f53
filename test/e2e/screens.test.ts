/** How every state of the sender's and the recipient's pages looks, what axe finds in it, and whether a keyboard reaches all of it. */
import path from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build, type Rolldown } from 'vite';
import { setSecurityHeaders } from '../../worker/http/headers.ts';
import { TestBrowser } from '../support/browser.ts';
import { expectKeyboardReaches, look } from './look.ts';

const ORIGIN = 'https://send.example';
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  const files = await buildScreens();
  browser = await TestBrowser.launch();
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  page = await browser.newPage();
  // With the policy of the real pages: a style or script that they would not run is missed in the pictures, and complained of.
  const headers = new Headers();
  setSecurityHeaders(headers, { secure: true, sharedHosts: false });
  await page.route(`${ORIGIN}/**`, (route) => {
    const name = new URL(route.request().url()).pathname.slice(1) || 'index.html';
    const body = files.get(name);
    return body === undefined ? route.abort() : route.fulfill({ body, contentType: TYPES[path.extname(name)]!, headers: Object.fromEntries(headers) });
  });
});
afterAll(() => browser?.close());

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

/** @returns what the page says of the screen: see screens/main.ts. */
async function open(address: string): Promise<string[]> {
  await page.goto(`${ORIGIN}/?${address}`);
  const screens = await page.locator('html[data-screens]').getAttribute('data-screens');
  return JSON.parse(screens!) as string[];
}

test.each(['sender', 'recipient', 'sends'])('of the %s: nothing serious in any width and light, no sideways scrolling, and no control out of reach', async (name) => {
  const names = await open(name);
  expect(names.length).toBeGreaterThan(20);
  for (const screen of names) {
    const address = `${name}/${screen}`;
    for (const label of await open(address))
      await page
        .getByRole('button', { name: label, exact: true })
        .or(page.getByRole('checkbox', { name: label, exact: true }))
        .click();
    await look(page, address.replace('/', '-'));
    await expectKeyboardReaches(page, address);
  }
});

test('no page complained', () => {
  expect(browser.complaints).toEqual([]);
});
