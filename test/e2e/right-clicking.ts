/** What tests of "Send securely" share: a site to click on, a browser with the built extension, and a recipient without it. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { say } from '../../shared/ui/messages.ts';
import type { TestBrowser } from '../support/browser.ts';
import { startCaptureSite, type CaptureSite } from '../support/capture-site.ts';
import { startStage, type Stage } from './stage.ts';
import { button, download, send, type Downloaded } from './steps.ts';

/** What the browser tells about a click. */
export interface Click {
  readonly mediaType?: string;
  readonly srcUrl?: string;
  readonly linkUrl?: string;
  readonly selectionText?: string;
}

/**
 * A menu of the browser can't be clicked without a screen: the toolbar button is pressed instead, which gives the same right to
 * the page (activeTab), and the click is handed to the background where the browser would hand it over.
 */
export class Scene {
  stage!: Stage;
  site!: CaptureSite;
  sender!: TestBrowser;
  recipient!: TestBrowser;
  /** Address of the extension. */
  extension!: string;
  /** Of the site; a new one for each test. */
  page!: Page;

  untilSendTab(): Promise<Page> {
    return this.sender.context.waitForEvent('page', (one) => one.url().includes('/send.html'));
  }

  /** @param before - what runs in the background first. */
  async tellClick(click: Click, before = ''): Promise<void> {
    await this.sender.pressToolbarButton(this.page);
    const told = { menuItemId: 'send', editable: false, frameId: 0, pageUrl: this.page.url(), ...click };
    await this.sender.inBackground(`(async () => {
      const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
      ${before}
      chrome.contextMenus.onClicked.dispatch(${JSON.stringify(told)}, tab);
    })()`);
  }

  /** @returns the send tab that opens. */
  async rightClick(click: Click): Promise<Page> {
    const opened = this.untilSendTab();
    await this.tellClick(click);
    return opened;
  }

  async pressKey(): Promise<Page> {
    await this.sender.pressToolbarButton(this.page);
    const opened = this.untilSendTab();
    await this.sender.inBackground(`chrome.tabs.query({ active: true, lastFocusedWindow: true }).then(([tab]) => chrome.commands.onCommand.dispatch('send-this', tab))`);
    return opened;
  }

  /** After the extension's word in the address bar. */
  async typeWords(words: string): Promise<Page> {
    const opened = this.untilSendTab();
    await this.sender.inBackground(`chrome.omnibox.onInputEntered.dispatch(${JSON.stringify(words)}, 'currentTab')`);
    return opened;
  }

  /** Allows the extension a site, as the person does in the browser's own settings: its question can't be answered without a screen, and is not asked again. */
  allow(origin: string): Promise<void> {
    return this.sender.allowSite(`${origin.replace(/:\d+$/, '')}/*`);
  }

  /** Sends what was fetched and downloads it. */
  async sendAndGet(tab: Page): Promise<Downloaded> {
    await untilFetched(tab);
    const link = await send(tab);
    await tab.close();
    const received = await this.recipient.open(link);
    const downloaded = await download(received);
    await received.close();
    return downloaded;
  }
}

/** Sends what was fetched: it comes to a recipient under this name. */
export async function expectArrives(scene: Scene, tab: Page, name: string, bytes: Buffer): Promise<void> {
  const got = await scene.sendAndGet(tab);
  expect(got.name).toBe(name);
  expect((await readFile(got.file)).equals(bytes)).toBe(true);
}

/** Before and after all tests of a file. @param firstPort - of its network. */
export function useScene(firstPort: number): Scene {
  const scene = new Scene();
  beforeAll(async () => {
    [scene.stage, scene.site] = await Promise.all([startStage(6, firstPort), startCaptureSite()]);
    [scene.sender, scene.recipient] = await Promise.all([scene.stage.launchBrowser({ extension: true }), scene.stage.launchBrowser()]);
    scene.extension = (await scene.sender.background()).origin;
    const options = await scene.sender.open(`${scene.extension}/options.html`);
    await options.getByLabel(say('options.coordinator')).fill(scene.stage.origin);
    await button(options, say('options.save')).click();
    await options.getByText(say('options.saved')).waitFor();
    await options.close();
  });
  afterAll(async () => {
    await scene.stage?.stop();
    await scene.site?.stop();
  });
  beforeEach(async () => {
    scene.page = await scene.sender.open(`${scene.site.origin}/page`);
  });
  afterEach(() => scene.page.close());
  return scene;
}

export const untilFetched = (tab: Page): Promise<void> => button(tab, say('send.start')).waitFor();

/** How many fetched files lie in the extension's own file system. */
export const storedFiles = (tab: Page): Promise<number> =>
  tab.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('fetched', { create: true });
    let files = 0;
    for await (const _ of folder.keys()) files++;
    return files;
  });

/** Sites that the extension may read. */
export const rights = (tab: Page): Promise<string[]> => tab.evaluate(async () => (await chrome.permissions.getAll()).origins ?? []);
