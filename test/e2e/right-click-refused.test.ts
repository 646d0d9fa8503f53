/** "Send securely" where something stands in the way, in Chromium: permissions, refusals, a cancel, a closed tab, an ended background. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { explain, type Refusal } from '../../extension/refusals.ts';
import { say } from '../../shared/ui/messages.ts';
import { largeSum, PICTURE, REPORT } from '../support/capture-site.ts';
import { look } from './look.ts';
import { expectArrives, rights, storedFiles, untilFetched, useScene, type Click } from './right-clicking.ts';
import { sha256Of } from './stage.ts';
import { button, download, untilHeading } from './steps.ts';

const scene = useScene(24_000);

test('tells how far fetching is, and cancelling leaves nothing', async () => {
  const tab = await scene.rightClick({ linkUrl: `${scene.site.origin}/slow` });
  const { release } = await scene.site.slow();
  await tab.getByText(say('capture.from', new URL(scene.site.origin).host)).waitFor();
  await tab.getByRole('progressbar', { name: say('capture.title') }).waitFor();
  await look(tab, 'capture-busy');
  expect(await storedFiles(tab)).toBe(1);
  await button(tab, say('capture.cancel')).click();
  await button(tab, say('send.chooseFiles')).waitFor();
  await expect.poll(() => storedFiles(tab)).toBe(0);
  release();
  await tab.close();
});

describe('of a site that lets nobody read it', () => {
  async function untilAsked(tab: Page, host = new URL(scene.site.elsewhere).host): Promise<void> {
    await tab.getByText(say('capture.permission.text', host)).waitFor();
  }

  test('asks for that site alone, fetches with the person’s cookies there and as its pages do, and gives the right back', async () => {
    const visited = await scene.sender.open(`${scene.site.elsewhere}/page`);
    await visited.close();
    for (const path of ['/closed/picture.png', '/members/picture', '/hotlink/picture.png']) {
      await scene.allow(scene.site.elsewhere);
      const tab = await scene.rightClick({ mediaType: 'image', srcUrl: `${scene.site.elsewhere}${path}` });
      await untilAsked(tab);
      if (path === '/closed/picture.png') await look(tab, 'capture-permission');
      await button(tab, say('capture.permission.allow', new URL(scene.site.elsewhere).host)).click();
      await untilFetched(tab);
      await expect.poll(() => rights(tab)).toEqual([]);
      await expectArrives(scene, tab, 'picture.png', PICTURE);
    }
  });

  test('that the person does not allow says what else can be done', async () => {
    const tab = await scene.rightClick({ mediaType: 'image', srcUrl: `${scene.site.elsewhere}/closed/picture.png` });
    await untilAsked(tab);
    // The browser's question again: this is the answer that its "Deny" gives to the extension.
    await tab.evaluate(() => (chrome.permissions.request = (async () => false) as typeof chrome.permissions.request));
    await button(tab, say('capture.permission.allow', new URL(scene.site.elsewhere).host)).click();
    await tab.getByText(say('capture.permission.denied')).waitFor();
    await look(tab, 'capture-denied');
    await tab.close();
  });
});

describe('what is refused is said plainly:', () => {
  const cases: readonly (readonly [string, Click, Refusal])[] = [
    ['nothing there', { linkUrl: '/status/404' }, { reason: 'status', status: 404 }],
    ['for members', { linkUrl: '/status/401' }, { reason: 'status', status: 401 }],
    ['forbidden', { mediaType: 'image', srcUrl: '/status/403' }, { reason: 'status', status: 403 }],
    ['trouble at the site', { linkUrl: '/status/503' }, { reason: 'status', status: 503 }],
    ['a page to sign in on', { linkUrl: '/walled/report.pdf' }, { reason: 'signIn' }],
    ['an answer that breaks off', { linkUrl: '/broken' }, { reason: 'broken' }],
    ['more than can be sent', { mediaType: 'video', srcUrl: '/endless' }, { reason: 'tooLarge' }],
    ['an address that names no file', { linkUrl: 'mailto:somebody@example.org' }, { reason: 'scheme', scheme: 'mailto:' }],
    ['a blob that is gone', { mediaType: 'image', srcUrl: 'blob:/00000000-0000-4000-8000-000000000000' }, { reason: 'gone' }],
    ['a video that a player puts together', { mediaType: 'video', srcUrl: 'blob:/00000000-0000-4000-8000-000000000000' }, { reason: 'streamed' }],
  ];

  test.each(cases)('%s', async (_, { linkUrl, srcUrl, ...click }, refusal) => {
    const absolute = (url: string): string => (url.startsWith('blob:') ? `blob:${scene.site.origin}${url.slice(5)}` : new URL(url, scene.site.origin).href);
    const tab = await scene.rightClick({ ...click, ...(linkUrl ? { linkUrl: absolute(linkUrl) } : {}), ...(srcUrl ? { srcUrl: absolute(srcUrl) } : {}) });
    await tab.getByText(explain(refusal)).waitFor();
    if (refusal.reason === 'status' && refusal.status === 404) {
      await look(tab, 'capture-failed');
      await button(tab, say('capture.skip')).click();
      await button(tab, say('send.chooseFiles')).waitFor();
    }
    await tab.close();
  });

  test('a page that is closed before it gave its file', async () => {
    const tab = await scene.rightClick({ linkUrl: `${scene.site.origin}/slow` });
    const { release } = await scene.site.slow();
    await tab.getByRole('progressbar', { name: say('capture.title') }).waitFor();
    await scene.page.close();
    await tab.getByText(explain({ reason: 'gone' })).waitFor();
    release();
    await tab.close();
    scene.page = await scene.sender.open(`${scene.site.origin}/page`);
  });

  test('a page of the browser’s own', async () => {
    await scene.page.goto('chrome://version');
    const tab = await scene.rightClick({});
    await tab.getByText(explain({ reason: 'page' })).waitFor();
    await tab.close();
  });

  test('a job that the browser forgot', async () => {
    const tab = await scene.sender.open(`${scene.extension}/send.html#job=00000000-0000-4000-8000-000000000000`);
    await tab.getByText(say('capture.lost')).waitFor();
    await look(tab, 'capture-lost');
    await tab.close();
  });
});

test('a tab that is closed while it sends leaves a send that continues without choosing again', async () => {
  const tab = await scene.rightClick({ mediaType: 'video', srcUrl: `${scene.site.elsewhere}/open/large/150000000` });
  await untilFetched(tab);
  await button(tab, say('send.start')).click();
  await button(tab, say('sending.pause')).click();
  await button(tab, say('sending.proceed')).waitFor();
  await tab.close();
  const again = await scene.sender.open(`${scene.extension}/send.html`);
  await button(again, say('unfinished.continue', '150000000.mp4')).click();
  await untilHeading(again, say('done.title'));
  const received = await scene.recipient.open(await again.getByLabel(say('done.link'), { exact: true }).inputValue());
  expect(await sha256Of((await download(received)).file)).toBe(largeSum(150_000_000));
  await Promise.all([received.close(), again.close()]);
});

describe('the background is ended', () => {
  /** A job without a tab, and an alarm for it. */
  const waiting = (any: Page): Promise<readonly [jobs: number, alarms: number]> =>
    any.evaluate(async () => {
      const keys = Object.keys(await chrome.storage.session.get(null));
      const alarms = await chrome.alarms.getAll();
      return [keys.filter((key) => key.startsWith('waiting:')).length, alarms.filter(({ name }) => name === 'jobs').length] as const;
    });

  test.each([
    ['chrome.storage.session', 'set', true],
    ['chrome.alarms', 'create', true],
    ['chrome.tabs', 'create', false],
  ])('while it waits for %s.%s: the alarm opens the tab, and it finishes', async (place, name, isDone) => {
    const any = await scene.sender.open(`${scene.extension}/options.html`);
    await any.evaluate(() => chrome.runtime.sendMessage({ type: 'wake' }));
    await scene.page.bringToFront();
    const hang = `const real = ${place}.${name}.bind(${place}); ${place}.${name} = async (...args) => { ${isDone ? 'await real(...args);' : ''} await new Promise(() => undefined); };`;
    await scene.tellClick({ linkUrl: `${scene.site.origin}/report` }, hang);
    await expect.poll(() => waiting(any)).toEqual([1, 1]);
    await scene.sender.stopBackground(any);
    const opened = scene.untilSendTab();
    await any.evaluate(() => chrome.alarms.create('jobs', { when: Date.now() }));
    const tab = await opened;
    await expectArrives(scene, tab, 'annual report.pdf', REPORT);
    expect(await waiting(any)).toEqual([0, 0]);
    await any.close();
  });

  test('while its tab fetches and sends: the tab does not notice', async () => {
    const tab = await scene.rightClick({ linkUrl: `${scene.site.origin}/slow` });
    const { release } = await scene.site.slow();
    await scene.sender.stopBackground(tab);
    release();
    await untilFetched(tab);
    await button(tab, say('send.start')).click();
    await scene.sender.stopBackground(tab);
    await untilHeading(tab, say('done.title'));
    await tab.close();
  });
});

test('no page complained', () => {
  expect(scene.sender.ownComplaints).toEqual([]);
  expect(scene.recipient.complaints).toEqual([]);
});
