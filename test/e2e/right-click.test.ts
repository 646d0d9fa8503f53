/** "Send securely" on everything, in Chromium: what can be had, as what, and with which rights. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { say } from '../../shared/ui/messages.ts';
import { GIF, largeSum, PICTURE, REPORT } from '../support/capture-site.ts';
import { look } from './look.ts';
import { expectArrives, rights, storedFiles, untilFetched, useScene } from './right-clicking.ts';
import { sha256Of } from './stage.ts';
import { button, send, untilHeading } from './steps.ts';

const LARGE_BYTES = 400_000_000;
/** A tab's own, and what is under way. */
const MAX_GROWTH_BYTES = 250_000_000;
const LARGE_PATIENCE_MS = 150_000;

const scene = useScene(22_000);

describe('what can be had comes with the person’s rights:', () => {
  test('an image that only the site’s visitors may see, with the page’s own cookies', async () => {
    await expectArrives(scene, await scene.rightClick({ mediaType: 'image', srcUrl: `${scene.site.origin}/members/picture` }), 'picture.png', PICTURE);
  });

  test('an image that the site gives to its own pages alone', async () => {
    await expectArrives(scene, await scene.rightClick({ mediaType: 'image', srcUrl: `${scene.site.origin}/hotlink/picture.png` }), 'picture.png', PICTURE);
  });

  test('a link that leads on to a file with a name of its own', async () => {
    await expectArrives(scene, await scene.rightClick({ linkUrl: `${scene.site.origin}/report` }), 'annual report.pdf', REPORT);
  });

  test('a sound in a data: address', async () => {
    const url = `data:audio/wav;base64,${PICTURE.toString('base64')}`;
    await expectArrives(scene, await scene.rightClick({ mediaType: 'audio', srcUrl: url }), 'audio.wav', PICTURE);
  });

  test('a video behind a blob: address, which the page alone has', async () => {
    const url = await scene.page.evaluate(async () => URL.createObjectURL(await (await fetch('/large/5000000')).blob()));
    const got = await scene.sendAndGet(await scene.rightClick({ mediaType: 'video', srcUrl: url }));
    expect(got.name).toBe('video.mp4');
    expect(await sha256Of(got.file)).toBe(largeSum(5_000_000));
  });

  test('an image of another site that lets anyone read it', async () => {
    await expectArrives(scene, await scene.rightClick({ mediaType: 'image', srcUrl: `${scene.site.elsewhere}/open/picture.png` }), 'picture.png', PICTURE);
  });
});

test('a large video goes to the disk and not into memory, and goes with its tab', async () => {
  const { result: tab, peakBytes } = await scene.sender.peakOverNow(async () => {
    const tab = await scene.rightClick({ mediaType: 'video', srcUrl: `${scene.site.elsewhere}/open/large/${LARGE_BYTES}` });
    await button(tab, say('send.start')).waitFor({ timeout: LARGE_PATIENCE_MS });
    return tab;
  });
  expect(peakBytes).toBeLessThan(MAX_GROWTH_BYTES);
  expect(await storedFiles(tab)).toBe(1);
  await tab.close();
  const next = await scene.sender.open(`${scene.extension}/send.html`);
  await expect.poll(() => storedFiles(next)).toBe(0);
  await next.close();
});

test('what was sent is not kept', async () => {
  const tab = await scene.rightClick({ linkUrl: `${scene.site.origin}/report` });
  await untilFetched(tab);
  expect(await storedFiles(tab)).toBe(1);
  await send(tab);
  await expect.poll(() => storedFiles(tab)).toBe(0);
  await tab.close();
});

describe('a text becomes a note, which its sender sees first:', () => {
  async function expectNote(tab: Page, text: string): Promise<void> {
    const note = tab.getByLabel(say('note.label'));
    await note.waitFor();
    expect(await note.inputValue()).toBe(text);
    const link = await send(tab);
    await tab.close();
    const received = await scene.recipient.open(link);
    await untilHeading(received, say('note.title'));
    await button(received, say('note.show')).click();
    await untilHeading(received, say('note.shown.title'));
    expect(await received.getByLabel(say('note.text'), { exact: true }).inputValue()).toBe(text);
    await received.close();
  }

  const select = (): Promise<void> => scene.page.evaluate(() => getSelection()!.selectAllChildren(document.querySelector('#text')!));

  test('a selection, with its line breaks and where it is from', async () => {
    await select();
    const tab = await scene.rightClick({ selectionText: 'First line second line' });
    await tab.getByLabel(say('note.label')).waitFor();
    await look(tab, 'capture-selection');
    await expectNote(tab, `First line\nsecond line\n\nFrom: ${scene.site.origin}/page\n`);
  });

  test('what is selected when the key is pressed', async () => {
    await select();
    await expectNote(await scene.pressKey(), `First line\nsecond line\n\nFrom: ${scene.site.origin}/page\n`);
  });

  test('what is typed after the word in the address bar', async () => {
    await expectNote(await scene.typeWords(' the door opens with 4711 '), 'the door opens with 4711');
  });
});

test('the address bar takes an address too, and the browser knows the key', async () => {
  expect(await scene.sender.inBackground(`chrome.commands.getAll().then((all) => all.find(({ name }) => name === 'send-this').shortcut)`)).toBe('Alt+Shift+S');
  await expectArrives(scene, await scene.typeWords(`${scene.site.elsewhere}/open/picture.png`), 'picture.png', PICTURE);
});

describe('a page becomes one file', () => {
  test('with its styles, pictures and fonts, and nothing that runs or loads', async () => {
    const tab = await scene.rightClick({});
    await button(tab, say('capture.partly.keep')).waitFor();
    await tab.getByText(say('capture.partly.text', 1)).waitFor();
    await look(tab, 'capture-partly');
    await button(tab, say('capture.partly.keep')).click();
    const { name, file } = await scene.sendAndGet(tab);
    expect(name).toBe('A site.html');
    const html = await readFile(file, 'utf8');
    expect(html).not.toMatch(/<script|onload=|javascript:|srcset|shardsend-[0-9a-f]{8}-/);
    expect(html).toContain(`<meta name="saved-from" content="${scene.site.origin}/page">`);

    const asked: string[] = [];
    const opened = await scene.recipient.newPage();
    opened.on('request', (request) => asked.push(request.url()));
    await opened.setContent(html);
    expect(
      await opened.evaluate(() => [getComputedStyle(document.querySelector('#text')!).color, document.querySelector<HTMLImageElement>('#host + img, img#own')!.src.slice(0, 22)]),
    ).toEqual(['rgb(1, 2, 3)', 'data:image/png;base64,']);
    expect(await opened.evaluate(() => document.querySelector('#host')!.shadowRoot!.querySelector('img')!.naturalWidth)).toBe(1);
    expect(await opened.evaluate(() => getComputedStyle(document.body).backgroundImage)).toBe(`url("data:image/gif;base64,${GIF.toString('base64')}")`);
    expect(html).toContain(`data:font/woff2;base64,${Buffer.from('a font').toString('base64')}`);
    expect(await opened.evaluate(() => document.querySelector<HTMLAnchorElement>('#next')!.href)).toBe(`${scene.site.origin}/next`);
    expect(await opened.evaluate(() => document.querySelectorAll('iframe, canvas').length)).toBe(0);
    expect(asked.filter((url) => !url.startsWith('data:'))).toEqual([]);
    await opened.close();
  });

  test('and is taken again whole once the sites of its parts are allowed', async () => {
    // The browser's own question can't be answered without a screen: what is allowed beforehand is not asked for again.
    await scene.allow(scene.site.elsewhere);
    const tab = await scene.rightClick({});
    await button(tab, say('capture.partly.allow')).click();
    await button(tab, say('capture.partly.allow')).waitFor({ state: 'detached' });
    await untilFetched(tab);
    await expect.poll(() => rights(tab)).toEqual([]);
    const { file } = await scene.sendAndGet(tab);
    expect(await readFile(file, 'utf8')).toContain(`<img id="other" alt="other" src="data:image/gif;base64,${GIF.toString('base64')}"`);
  });

  test('where the tab shows a file instead, that file is sent', async () => {
    await scene.page.goto(`${scene.site.origin}/hotlink/picture.png`, { referer: `${scene.site.origin}/page` });
    await scene.page.goto(`${scene.site.origin}/pixel.gif`);
    await expectArrives(scene, await scene.pressKey(), 'pixel.gif', GIF);
  });
});

test('no page complained', () => {
  expect(scene.sender.ownComplaints).toEqual([]);
  expect(scene.recipient.complaints).toEqual([]);
});
