/** Chromium as the other engines' tests know a browser, over its own protocol: its downloads go to a folder, under their names. */
import { Chromium } from './chromium.ts';
import { asJson, buttonNamed, nodeAt, type EngineBrowser, type EngineOptions, type EnginePage } from './webdriver.ts';

export async function launchChromium({ downloads, proxy, profile }: EngineOptions): Promise<EngineBrowser> {
  const chromium = await Chromium.launch([`--proxy-server=${proxy}`, '--proxy-bypass-list=<-loopback>'], profile?.folder);
  await chromium.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: downloads });
  return {
    async open(url): Promise<EnginePage> {
      const page = await chromium.open(url);
      return {
        evaluate: async <T>(expression: string) => JSON.parse(await page.evaluate<string>(asJson(expression))) as T,
        press: (button) => page.evaluate(`${nodeAt(buttonNamed(button))}.click()`),
        chooseFiles: (files) => page.setFiles('input[type=file]', files),
        close: () => page.close(),
      };
    },
    close: () => chromium.close(),
  };
}
