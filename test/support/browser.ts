/** A Chromium with a profile of its own, driven as a person would, that writes down whatever a page complains about. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type BrowserContext, type CDPSession, type Page, type Worker } from 'playwright-core';
import { browserOfProfile, CHROMIUM_FLAGS, findChromium, peakOverNow, type Peak } from './chromium.ts';

const PATIENCE_MS = 60_000;
const extensionFolder = path.join(import.meta.dirname, '..', '..', 'dist', 'extension', 'chrome-mv3');

export interface BrowserOptions {
  /** With the built extension. */
  readonly extension?: boolean;
  /** Everything, loopback included, goes through this proxy. */
  readonly proxy?: string;
  /** A profile from an earlier browser, which `kill` left; it goes with this one. */
  readonly profile?: string;
  /** A narrow screen that fingers touch, and no mouse. */
  readonly phone?: boolean;
  /** Of its person, the dearest language: `de-AT`. */
  readonly locale?: string;
}

export class TestBrowser {
  readonly context: BrowserContext;
  /** Errors on a console, uncaught errors and violations of the content policy, of every page and worker. */
  readonly complaints: string[] = [];
  /** Origins that pages and service workers asked anything of. */
  readonly origins = new Set<string>();
  readonly #profile: string;
  #control: CDPSession | undefined;

  private constructor(context: BrowserContext, profile: string) {
    this.context = context;
    this.#profile = profile;
  }

  static async launch({ extension = false, proxy, phone = false, locale, profile: kept }: BrowserOptions = {}): Promise<TestBrowser> {
    const profile = kept ?? (await mkdtemp(path.join(tmpdir(), 'shardsend-profile-')));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: findChromium(),
      headless: true,
      reducedMotion: 'reduce',
      ...(locale === undefined ? {} : { locale }),
      ...(proxy ? { proxy: { server: proxy } } : {}),
      ...(phone ? { hasTouch: true, isMobile: true, viewport: { width: 360, height: 740 } } : {}),
      ...(extension
        ? {
            args: [...CHROMIUM_FLAGS, '--enable-unsafe-extension-debugging', `--load-extension=${extensionFolder}`, `--disable-extensions-except=${extensionFolder}`],
            ignoreDefaultArgs: ['--disable-extensions'],
          }
        : { args: CHROMIUM_FLAGS }),
    });
    const browser = new TestBrowser(context, profile);
    await browser.#watch();
    return browser;
  }

  newPage(): Promise<Page> {
    return this.context.newPage();
  }

  /** A page that shows this address. */
  async open(url: string): Promise<Page> {
    const page = await this.newPage();
    await page.goto(url);
    return page;
  }

  /** Ends it as a crash would. @returns its profile, as it lies on the disk. */
  async kill(): Promise<string> {
    const closed = new Promise<void>((resolve) => this.context.once('close', () => resolve()));
    const control = await this.#controls();
    control.send('Browser.crash').catch(() => undefined); // nobody is left to answer
    await closed;
    return this.#profile;
  }

  async close(): Promise<void> {
    await this.context.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  /** Complaints but those that a browser itself makes of every refusal: the page shows these in its own words. */
  get ownComplaints(): string[] {
    const said = /^Failed to load resource:|^Access to fetch at |^WebSocket connection to '[^']*' failed/;
    return this.complaints.filter((text) => !said.test(text));
  }

  /** The extension's background, and its address. */
  async background(): Promise<{ worker: Worker; origin: string }> {
    const worker = this.context.serviceWorkers().find((one) => one.url().startsWith('chrome-extension:')) ?? (await this.context.waitForEvent('serviceworker'));
    return { worker, origin: `chrome-extension://${new URL(worker.url()).host}` };
  }

  /**
   * Ends the extension's background, as the browser does when it is idle or short of memory. `background` knows only the first
   * one: the next is reached by `inBackground`.
   *
   * @param page - any of the extension.
   */
  async stopBackground(page: Page): Promise<void> {
    const control = await this.context.newCDPSession(page);
    const stopped = new Promise<void>((resolve) => {
      control.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
        if (versions.some(({ runningStatus }) => runningStatus === 'stopped')) resolve();
      });
    });
    await control.send('ServiceWorker.enable');
    await control.send('ServiceWorker.stopAllWorkers');
    await stopped;
    await control.detach();
  }

  /** Runs an expression in the extension's background, which runs. @returns it as a string. */
  async inBackground(expression: string): Promise<string> {
    const control = await this.#controls();
    const { targetInfos } = await control.send('Target.getTargets', { filter: [{ type: 'service_worker' }] });
    const target = targetInfos.find(({ url }) => url.startsWith('chrome-extension:'));
    if (!target) throw new Error('the background does not run');
    return evaluateIn(control, target.targetId, expression);
  }

  /** The most that it held in memory above what it holds now, while something runs. */
  peakOverNow<T>(work: () => Promise<T>): Promise<Peak<T>> {
    return peakOverNow(browserOfProfile(this.#profile), work);
  }

  /**
   * Presses the extension's button in the toolbar while a page is in front: its real popup opens, and the extension gets
   * the same right to the page (activeTab) that a click on its menu entry gives.
   */
  async pressToolbarButton(page: Page): Promise<Popup> {
    const control = await this.#controls();
    await page.bringToFront();
    const { targetInfos } = await control.send('Target.getTargets', { filter: [{ type: 'tab' }] });
    const tab = targetInfos.findLast(({ url }) => url === page.url());
    if (!tab) throw new Error(`no tab shows ${page.url()}`);
    const { origin } = await this.background();
    const opened = new Promise<string>((resolve) => {
      control.on('Target.targetInfoChanged', ({ targetInfo }) => {
        if (targetInfo.url === `${origin}/popup.html`) resolve(targetInfo.targetId);
      });
    });
    // Not in the protocol's published types yet.
    await (control.send as (method: string, params: object) => Promise<unknown>)('Extensions.triggerAction', { id: new URL(origin).host, targetId: tab.targetId });
    return new Popup(control, await opened);
  }

  /** Allows the extension one site, on the browser's own page for it, as a person may before they are asked. */
  async allowSite(pattern: string): Promise<void> {
    const { origin } = await this.background();
    const page = await this.open('chrome://extensions');
    await page.evaluate(
      async ({ extensionId, pattern }) => {
        const { developerPrivate } = chrome as unknown as { developerPrivate: Record<string, (...args: unknown[]) => Promise<void>> };
        await developerPrivate['updateExtensionConfiguration']!({ extensionId, hostAccess: 'ON_SPECIFIC_SITES' });
        await developerPrivate['addHostPermission']!(extensionId, pattern);
      },
      { extensionId: new URL(origin).host, pattern },
    );
    await page.close();
  }

  async #controls(): Promise<CDPSession> {
    if (!this.#control) {
      this.#control = await this.context.browser()!.newBrowserCDPSession();
      await this.#control.send('Target.setDiscoverTargets', { discover: true });
    }
    return this.#control;
  }

  async #watch(): Promise<void> {
    const { context, complaints } = this;
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} forbids ${event.blockedURI}`));
    });
    // Chromium's own picker of handles cannot be answered without a screen: pages fall back to the file input, which can.
    await context.addInitScript(() => void Reflect.deleteProperty(globalThis, 'showOpenFilePicker'));
    context.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(String(error.error())));
    context.on('request', (request) => this.origins.add(new URL(request.url()).origin));
  }
}

/** The extension's real popup, which belongs to no tab: reached by the browser's debugging protocol alone. */
export class Popup {
  readonly #control: CDPSession;
  readonly #targetId: string;

  constructor(control: CDPSession, targetId: string) {
    this.#control = control;
    this.#targetId = targetId;
  }

  text(): Promise<string> {
    return this.#evaluate('document.body.innerText');
  }

  /** With the rights of a person's click. */
  async click(name: string): Promise<void> {
    await this.#evaluate(`[...document.querySelectorAll('button')].find((button) => button.innerText === ${JSON.stringify(name)}).click()`);
  }

  #evaluate(expression: string): Promise<string> {
    return evaluateIn(this.#control, this.#targetId, expression);
  }
}

let lastId = 0;

async function evaluateIn(control: CDPSession, targetId: string, expression: string): Promise<string> {
  const { sessionId } = await control.send('Target.attachToTarget', { targetId, flatten: false });
  const id = ++lastId;
  const answered = new Promise<string>((resolve) => {
    control.on('Target.receivedMessageFromTarget', (event) => {
      const answer = JSON.parse(event.message) as { id?: number; result?: { result?: { value?: string } } };
      if (event.sessionId === sessionId && answer.id === id) resolve(answer.result?.result?.value ?? '');
    });
  });
  const message = JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression, userGesture: true, awaitPromise: true } });
  await control.send('Target.sendMessageToTarget', { sessionId, message });
  return answered;
}
