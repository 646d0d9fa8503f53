/** Chromium as the other engines' tests know a browser, over its own protocol: its downloads go to a folder, under their names. */
import path from 'node:path';
import { Chromium } from './chromium.ts';
import { asJson, buttonNamed, firstTrue, nodeAt, type EngineBrowser, type EngineOptions, type EnginePage } from './webdriver.ts';

const BUILT = path.join(import.meta.dirname, '..', '..', 'dist', 'extension', 'chrome-mv3');

export async function launchChromium({ downloads, proxy, profile, extension = false }: EngineOptions): Promise<EngineBrowser> {
  const flags = [`--proxy-server=${proxy}`, '--proxy-bypass-list=<-loopback>'];
  const chromium = await Chromium.launch(extension ? [...flags, `--load-extension=${BUILT}`, `--disable-extensions-except=${BUILT}`] : flags, profile?.folder);
  await chromium.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: downloads });
  return {
    extension: extension ? await originOfExtension(chromium) : '',
    async open(url): Promise<EnginePage> {
      const page = await chromium.open(url);
      return {
        evaluate: async <T>(expression: string) => JSON.parse(await page.evaluate<string>(asJson(expression))) as T,
        visit: async (url) => void (await page.send('Page.navigate', { url })),
        press: (button) => page.evaluate(`${nodeAt(buttonNamed(button))}.click()`),
        async chooseFiles(files) {
          await page.evaluate(asJson(firstTrue(`document.querySelector('input[type=file]') !== null`))); // a page shows itself once it has its language
          await page.setFiles('input[type=file]', files);
        },
        close: () => page.close(),
      };
    },
    close: () => chromium.close(),
  };
}

/** Its background is started with the browser. */
function originOfExtension(chromium: Chromium): Promise<string> {
  return new Promise((resolve, reject) => {
    chromium.on(({ method, params }) => {
      const { type = '', url = '' } = (params?.['targetInfo'] ?? {}) as { type?: string; url?: string };
      if (method === 'Target.targetCreated' && type === 'service_worker' && url.startsWith('chrome-extension:')) resolve(`chrome-extension://${new URL(url).host}`);
    });
    chromium.send('Target.setDiscoverTargets', { discover: true }).catch(reject);
  });
}
