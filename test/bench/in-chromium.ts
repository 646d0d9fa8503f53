/** The bench's steps in Chromium: what a person does with our pages, and the same file sent and fetched plainly. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Chromium, type Page } from '../support/chromium.ts';

export interface BenchFile {
  readonly path: string;
  readonly bytes: number;
}

/** A page that is ready, so that its memory can be looked at before it runs. */
export interface Step<T> {
  run(): Promise<T>;
  end(): Promise<void>;
}

export interface Sent {
  readonly seconds: number;
  readonly link: string;
}

const button = (name: string): string => `[...document.querySelectorAll('button')].find((one) => one.textContent.trim() === '${name}')`;

export class BenchBrowser {
  readonly chromium: Chromium;
  readonly #origin: string;
  readonly #plainOrigin: string;
  readonly #downloads: string;

  private constructor(chromium: Chromium, origin: string, plainOrigin: string, downloads: string) {
    this.chromium = chromium;
    this.#origin = origin;
    this.#plainOrigin = plainOrigin;
    this.#downloads = downloads;
  }

  /** @param origin - of the coordinator. @param plainOrigin - of the ceiling server. @param downloads - folder that downloads go to. */
  static async launch(origin: string, plainOrigin: string, downloads: string): Promise<BenchBrowser> {
    const chromium = await Chromium.launch();
    await chromium.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: downloads, eventsEnabled: true });
    return new BenchBrowser(chromium, origin, plainOrigin, downloads);
  }

  close(): Promise<void> {
    return this.chromium.close();
  }

  /** @returns seconds. */
  async plainUpload(file: BenchFile): Promise<number> {
    const page = await this.chromium.open(this.#plainOrigin);
    await page.until(`document.querySelector('input')`);
    await page.setFiles('input', [file.path]);
    const ms = await page.evaluate<number>(`(async () => {
      const startedMs = performance.now();
      await (await fetch('/upload', { method: 'POST', body: document.querySelector('input').files[0] })).text();
      return performance.now() - startedMs;
    })()`);
    await page.close();
    return ms / 1000;
  }

  /** @returns seconds. */
  async plainDownload(file: BenchFile): Promise<number> {
    const page = await this.chromium.open(this.#plainOrigin);
    await page.until('document.body');
    const saved = this.#downloaded();
    const startedMs = performance.now();
    await page.evaluate(`(() => { const a = document.createElement('a'); a.href = '/file/${path.basename(file.path)}'; a.download = ''; document.body.append(a); a.click(); })()`);
    await saved;
    const seconds = (performance.now() - startedMs) / 1000;
    await page.close();
    await this.#forget();
    return seconds;
  }

  /** From the click to the moment the page says that the link is ready. */
  async upload(file: BenchFile): Promise<Step<Sent>> {
    const page = await this.choose(file);
    return { run: () => pressSend(page), end: () => page.close() };
  }

  /** From the click to the moment the file lies on the disk and the page says so. */
  async download(link: string): Promise<Step<{ seconds: number }>> {
    const page = await this.chromium.open(link);
    await page.until(button('Download'));
    const run = async (): Promise<{ seconds: number }> => {
      const saved = this.#downloaded();
      const startedMs = performance.now();
      await page.evaluate(`${button('Download')}.click()`);
      await page.until(`document.body.textContent.includes('Verified and saved') || document.body.textContent.includes('Not downloaded')`);
      if (!(await page.evaluate<boolean>(`document.body.textContent.includes('Verified and saved')`))) throw new Error('the page could not download');
      await saved;
      return { seconds: (performance.now() - startedMs) / 1000 };
    };
    const end = async (): Promise<void> => {
      await page.close();
      await this.#forget();
    };
    return { run, end };
  }

  /** Our page with a file chosen. */
  async choose(file: BenchFile): Promise<Page> {
    const page = await this.chromium.open(this.#origin);
    await page.until(`document.querySelector('input[type=file]')`);
    await page.setFiles('input[type=file]', [file.path]);
    await page.until(button('Send securely'));
    return page;
  }

  /** The browser's peak above the idle page. */
  async peakBytes<T>(step: Step<T>): Promise<{ result: T; peakBytes: number }> {
    try {
      return await this.chromium.peakOverNow(() => step.run());
    } finally {
      await step.end();
    }
  }

  /** Removes what was downloaded: the next download must not pay for writing it to the disk. */
  #forget(): Promise<void> {
    return rm(this.#downloads, { recursive: true, force: true });
  }

  /** Resolves when the next download lies on the disk. */
  #downloaded(): Promise<void> {
    return new Promise((resolve, reject) => {
      const off = this.chromium.on(({ method, params }) => {
        if (method !== 'Browser.downloadProgress') return;
        if (params!['state'] === 'completed') {
          off();
          resolve();
        }
        if (params!['state'] === 'canceled') {
          off();
          reject(new Error('the browser cancelled the download'));
        }
      });
    });
  }
}

export async function pressSend(page: Page): Promise<Sent> {
  const startedMs = await page.evaluate<number>(`(${button('Send securely')}.click(), performance.now())`);
  const endedMs = await page.until(`document.body.textContent.includes('Ready to share') || document.body.textContent.includes('Not sent yet')`);
  const link = await page.evaluate<string>(
    `document.querySelector('input[readonly], output, code, textarea')?.value ?? document.querySelector('input[readonly], output, code, textarea')?.textContent ?? document.body.textContent`,
  );
  if (!link.includes('/d/')) throw new Error(`the page shows no link: ${link.slice(0, 500)}`);
  return { seconds: (endedMs - startedMs) / 1000, link: link.trim() };
}
