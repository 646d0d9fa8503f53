/** An identity made in Firefox, whose list of sends another program has with nothing but the words. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { AccountApi, Identity, readWords, syncVault } from '../../shared/client/account/index.ts';
import { MemoryBoxes, Vault, VaultSendStore, generateEntryKey } from '../../shared/client/sends/index.ts';
import { sentenceOf } from '../../shared/protocol/index.ts';
import { say } from '../../shared/ui/messages.ts';
import { launchFirefox } from '../support/firefox.ts';
import { firstTrue, newProfile, type EngineBrowser, type EnginePage, type Profile } from '../support/webdriver.ts';
import { startStage, type Stage } from './stage.ts';

const PASSWORD = 'a rather long pass phrase';
const NAME = 'minutes.pdf';

let stage: Stage;
let downloads: string;
let profile: Profile;
let browser: EngineBrowser;
beforeAll(async () => {
  stage = await startStage(3, 23_300);
  downloads = await mkdtemp(path.join(tmpdir(), 'shardsend-downloads-'));
  profile = await newProfile('firefox-identity');
  const proxy = await stage.startProxy();
  browser = await launchFirefox({ downloads, proxy: proxy.url, profile, extension: true });
  const options = await open('options');
  await fill(options, '#coordinator', stage.origin);
  await options.press(say('options.save'));
  await untilSaid(options, say('options.saved'));
  await options.close();
});
afterAll(async () => {
  await browser?.close();
  await profile?.remove();
  await rm(downloads, { recursive: true, force: true });
  await stage?.stop();
});

const open = (name: string): Promise<EnginePage> => browser.open(`${browser.extension}/${name}.html`);
const untilSaid = (page: EnginePage, text: string): Promise<unknown> => page.evaluate(firstTrue(`document.body?.innerText.includes(${JSON.stringify(text)})`));

/** As if it was typed into every field that the selector finds, in their order. */
async function fill(page: EnginePage, selector: string, ...values: string[]): Promise<void> {
  await page.evaluate(firstTrue(`document.querySelectorAll(${JSON.stringify(selector)}).length === ${values.length}`));
  await page.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).forEach((field, i) => {
    field.value = ${JSON.stringify(values)}[i];
    field.dispatchEvent(new Event('input', { bubbles: true }));
  })`);
}

test('is made, keeps what is sent, locks, and opens with its password alone', async () => {
  const page = await open('identity');
  await untilSaid(page, say('identity.none.text'));
  await page.press(say('identity.make'));
  const words = await page.evaluate<string[]>(
    firstTrue(`(() => { const all = [...document.querySelectorAll('ol [translate=no]')]; return all.length === 24 && all.map((word) => word.textContent); })()`),
  );
  await page.press(say('identity.words.done'));
  const asked = await page.evaluate<string[]>(
    firstTrue(`(() => { const all = [...document.querySelectorAll('.asked label')]; return all.length === 3 && all.map((label) => label.textContent); })()`),
  );
  await fill(page, '.asked input', ...asked.map((label) => words[Number(label.replaceAll(/\D/g, '')) - 1]!));
  await page.press(say('identity.check.go'));
  await fill(page, 'input[type=password]', PASSWORD, PASSWORD);
  await page.press(say('identity.password.go'));
  await untilSaid(page, say('identity.sync.done'));

  const sending = await open('send');
  await untilSaid(sending, say('send.title'));
  await sending.chooseFiles([await stage.newFile(NAME, 100_000)]);
  await untilSaid(sending, NAME);
  await sending.press(say('send.start'));
  await untilSaid(sending, say('done.title'));
  const link = await sending.evaluate<string>(firstTrue(`document.querySelector('input[readonly]')?.value`));
  await sending.close();
  await page.press(say('identity.sync.again'));
  await untilSaid(page, say('identity.sync.done'));

  const identity = await Identity.from(readWords(words.join(' ')));
  const vault = new Vault(new MemoryBoxes(await generateEntryKey()));
  await syncVault({ vault, identity, api: new AccountApi(stage.origin, identity, nodeDeps()) });
  expect((await new VaultSendStore(vault).list()).map((record) => [record.title, record.links[0]?.link])).toEqual([[NAME, link]]);

  await page.press(say('identity.lock'));
  await fill(page, 'input[type=password]', 'another pass phrase');
  await page.press(say('identity.unlock'));
  await untilSaid(page, sentenceOf('unlock_failed'));
  await fill(page, 'input[type=password]', PASSWORD);
  await page.press(say('identity.unlock'));
  await untilSaid(page, say('identity.sync.done'));
  await page.close();
});
