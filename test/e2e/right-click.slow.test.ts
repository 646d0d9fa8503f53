/** A video of 2 GB, fetched through the page and by the extension itself: memory stays flat. */
import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { say } from '../../shared/ui/messages.ts';
import { TestBrowser } from '../support/browser.ts';
import { PIECE, startCaptureSite, type CaptureSite } from '../support/capture-site.ts';
import { buildAll } from './stage.ts';
import { button } from './steps.ts';

const BYTES = 2_000_000_000;
/** A tab's own, what is under way, and what no collector has taken back yet: a quarter of the file, whatever it weighs. */
const MAX_GROWTH_BYTES = 500_000_000;
const PATIENCE_MS = 15 * 60_000;

let site: CaptureSite;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  await buildAll();
  site = await startCaptureSite();
  browser = await TestBrowser.launch({ extension: true });
  page = await browser.open(`${site.origin}/page`);
});
afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

const sumOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Runs in the send tab. @returns of the fetched file the SHA-256 of its pieces, of those that follow each other and are equal once. */
async function readStored(pieceBytes: number): Promise<{ bytes: number; sums: string[] }> {
  const root = await navigator.storage.getDirectory();
  const all = await root.getDirectoryHandle('fetched');
  let handle: FileSystemFileHandle | undefined;
  for await (const id of all.keys()) {
    const own = await all.getDirectoryHandle(id);
    for await (const name of own.keys()) handle = await own.getFileHandle(name);
  }
  const file = await handle!.getFile();
  const sums: string[] = [];
  for (let at = 0; at < file.size; at += pieceBytes) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.slice(at, at + pieceBytes).arrayBuffer()));
    const sum = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (sums.at(-1) !== sum) sums.push(sum);
  }
  return { bytes: file.size, sums };
}

test.each(['page', 'extension'] as const)('2 GB are fetched by the %s', async (who) => {
  const url = who === 'page' ? `${site.origin}/large/${BYTES}` : `${site.elsewhere}/open/large/${BYTES}`;
  const startedAt = performance.now();
  const { result: tab, peakBytes } = await browser.peakOverNow(async () => {
    await browser.pressToolbarButton(page);
    const opened = browser.context.waitForEvent('page', (one) => one.url().includes('/send.html'));
    const told = { menuItemId: 'send', editable: false, frameId: 0, pageUrl: page.url(), mediaType: 'video', srcUrl: url };
    await browser.inBackground(
      `chrome.tabs.query({ active: true, lastFocusedWindow: true }).then(([tab]) => chrome.contextMenus.onClicked.dispatch(${JSON.stringify(told)}, tab))`,
    );
    const tab = await opened;
    await button(tab, say('send.start')).waitFor({ timeout: PATIENCE_MS });
    return tab;
  });
  console.info(`2 GB by the ${who} in ${Math.round((performance.now() - startedAt) / 1000)} s, with ${Math.round(peakBytes / 1e6)} MB of memory at most`);
  expect(peakBytes).toBeLessThan(MAX_GROWTH_BYTES);
  const sums = { whole: sumOf(PIECE), last: sumOf(PIECE.subarray(0, BYTES % PIECE.length)) };
  expect(await tab.evaluate(readStored, PIECE.length)).toEqual({ bytes: BYTES, sums: [sums.whole, sums.last] });
  await tab.close();
});
