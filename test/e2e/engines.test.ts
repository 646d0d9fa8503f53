/** The pages in every engine that people have: what arrives on a disk, what is never left there, and what the page says meanwhile. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { say, sentenceOf, titleOf } from '../../shared/ui/messages.ts';
import { launchFirefox } from '../support/firefox.ts';
import { runCommand } from '../support/network.ts';
import { RecordingProxy, type Hold } from '../support/recording-proxy.ts';
import { launchChromium } from '../support/webdriver-chromium.ts';
import { firstTrue, PATIENCE_MS, type EngineBrowser, type EnginePage } from '../support/webdriver.ts';
import { launchWebKit } from '../support/webkit.ts';
import { readZip } from '../support/zip.ts';
import { noise, sha256Of, startStage, type Stage } from './stage.ts';

const FIRST_PORT = 21_000;
const NODES = 6;
/** Of six nodes: so many may be lost once hardening has run. */
const MAY_BE_LOST = 3;
/** More than sockets and their proxy buffer for every node, so that one that is killed is missed. */
const LARGE_BYTES = 60_000_000;
const MIDDLE_BYTES = 30_000_000;
/** Of a shard that passed when an answer is held. */
const HELD_AFTER_BYTES = 1_300_000;
/** One pixel. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAtiUgAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');

let stage: Stage;

beforeAll(async () => {
  stage = await startStage(NODES, FIRST_PORT);
});
afterAll(() => stage?.stop());

describe.each([
  { engine: 'Chromium', launch: launchChromium, sends: true, frames: true, keepsParts: false },
  // Beside the part that it keeps of a failed download, Firefox holds its name with an empty file.
  { engine: 'Firefox', launch: launchFirefox, sends: true, frames: true, keepsParts: true },
  { engine: 'WebKit', launch: launchWebKit, sends: false, frames: false, keepsParts: false },
])('$engine', ({ launch, sends, frames, keepsParts }) => {
  let proxy: RecordingProxy;
  let browser: EngineBrowser;
  let downloads: string;
  let page: EnginePage;
  const holds: Hold[] = [];

  beforeAll(async () => {
    downloads = await mkdtemp(path.join(tmpdir(), 'shardsend-downloads-'));
    proxy = await RecordingProxy.start();
    browser = await launch({ downloads, proxy: proxy.url });
  });
  afterAll(async () => {
    await browser?.close();
    await proxy?.stop();
    await rm(downloads, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  beforeEach(() => emptyFolder(downloads));
  afterEach(async () => {
    for (const held of holds.splice(0)) held.release();
    await page.close();
  });

  const untilHeading = (text: string): Promise<void> =>
    page.evaluate(firstTrue(`[...document.querySelectorAll('h1')].some((one) => one.innerText.trim() === ${JSON.stringify(text)})`));
  const untilText = (text: string): Promise<void> => page.evaluate(firstTrue(`document.body.innerText.includes(${JSON.stringify(text)})`));
  const pressOnceThere = async (button: string): Promise<void> => {
    await page.evaluate(firstTrue(`[...document.querySelectorAll('button')].some((one) => one.innerText.trim() === ${JSON.stringify(button)})`));
    await page.press(button);
  };

  /** Waits until the folder holds these files under their final names, and nothing else. */
  const untilSaved = (files: Record<string, number>): Promise<void> => expect.poll(() => sizesIn(downloads), { timeout: PATIENCE_MS }).toEqual(files);

  async function expectSaved(source: string): Promise<void> {
    const { size } = await stat(source);
    const name = path.basename(source);
    await untilSaved({ [name]: size });
    expect(await sha256Of(path.join(downloads, name))).toBe(await sha256Of(source));
  }

  /** Waits until nothing of a download lies under its name. */
  async function untilNothingSaved(name: string): Promise<void> {
    const under = async (): Promise<number> => (await sizesIn(downloads))[name] ?? 0;
    if (keepsParts) await expect.poll(under, { timeout: PATIENCE_MS }).toBe(0);
    else await untilSaved({});
    await emptyFolder(downloads);
  }

  /** Starts a download that stays in its middle. */
  async function startHeld(): Promise<Hold> {
    const held = proxy.holdAnswers(({ url }) => url.includes('/v1/shards'), HELD_AFTER_BYTES);
    holds.push(held);
    await pressOnceThere(say('receive.download'));
    await held.reached;
    return held;
  }

  test.each([
    { name: 'Übersicht (1), “fünf” ☂.txt', bytes: 5_000, shown: '5 kB' },
    { name: 'nothing.bin', bytes: 0, shown: '0 bytes' },
    { name: 'film.mp4', bytes: LARGE_BYTES, shown: '60 MB' },
  ])('shows $name and its size, and saves it with one click', async ({ name, bytes, shown }) => {
    const source = await stage.newFile(name, bytes);
    page = await browser.open(await sendByCommand([source]));
    await untilHeading(say('receive.title', 1));
    await untilText(name);
    await untilText(shown);
    await page.press(say('receive.download'));
    await untilHeading(say('received.title'));
    await expectSaved(source);
  });

  test('several files arrive as one ZIP, with their folders', async () => {
    const folder = path.join(await stage.newFolder(), 'photos');
    await mkdir(path.join(folder, 'älter'), { recursive: true });
    const files: Record<string, Buffer> = { 'a.jpg': noise('a', 3_000_000), 'älter/b.jpg': noise('b', 10), 'älter/empty': Buffer.alloc(0) };
    for (const [name, bytes] of Object.entries(files)) await writeFile(path.join(folder, name), bytes);
    page = await browser.open(await sendByCommand([folder]));
    await untilHeading(say('receive.title', 3));
    await pressOnceThere(say('receive.downloadZip'));
    await untilHeading(say('received.title'));
    await untilSaved({ 'shardsend.zip': expect.any(Number) as number });
    const entries = readZip(await readFile(path.join(downloads, 'shardsend.zip')));
    expect(Object.fromEntries(entries.map(({ name, bytes }) => [name, bytes.equals(files[name.slice('photos/'.length)]!)]))).toEqual({
      'photos/a.jpg': true,
      'photos/älter/b.jpg': true,
      'photos/älter/empty': true,
    });
  });

  test('two of three files are chosen, and arrive as a ZIP of just these', async () => {
    const sources = [await stage.newFile('one.bin', 10_000), await stage.newFile('two.bin', 20_000), await stage.newFile('three.bin', 30_000)];
    page = await browser.open(await sendByCommand(sources));
    await untilHeading(say('receive.title', 3));
    await page.evaluate(firstTrue(`((box) => box && (box.click(), true))([...document.querySelectorAll('label')].find((one) => one.innerText.trim() === 'two.bin'))`));
    await pressOnceThere(say('receive.downloadSome', 2));
    await untilHeading(say('received.title'));
    await untilSaved({ 'shardsend.zip': expect.any(Number) as number });
    const entries = readZip(await readFile(path.join(downloads, 'shardsend.zip')));
    expect(entries.map(({ name, bytes }) => [name, bytes.length])).toEqual([
      ['one.bin', 10_000],
      ['three.bin', 30_000],
    ]);
    expect(entries[1]!.bytes.equals(await readFile(sources[2]!))).toBe(true);
  });

  test.each([
    { what: 'a picture', name: 'dot.gif', bytes: GIF, looks: frames, shown: `document.querySelector('iframe')?.contentDocument?.querySelector('img')?.naturalWidth` },
    { what: 'a text', name: 'words.txt', bytes: Buffer.from('Wörter ☂'), looks: true, shown: `document.querySelector('dialog pre')?.innerText` },
  ])('$what is looked at without a download, or offered as a download alone', async ({ name, bytes, looks, shown }) => {
    const source = path.join(await stage.newFolder(), name);
    await writeFile(source, bytes);
    page = await browser.open(await sendByCommand([source]));
    if (!looks) {
      await untilText(say('receive.download'));
      expect(await page.evaluate(`document.body.innerText.includes(${JSON.stringify(say('preview.look'))})`)).toBe(false);
      return;
    }
    await pressOnceThere(say('preview.look'));
    expect(await page.evaluate(firstTrue(shown))).toBe(name === 'dot.gif' ? 1 : bytes.toString());
    expect(await sizesIn(downloads)).toEqual({});
  });

  test('a note that burns is shown once, after a click', async () => {
    const text = 'der Schlüssel: 4711 ☂';
    const link = await sendByCommand(['--note', '-', '--downloads', '1'], text);
    page = await browser.open(link);
    await untilHeading(say('note.title'));
    await pressOnceThere(say('note.show'));
    await untilHeading(say('note.shown.title'));
    expect(await page.evaluate(`document.querySelector('textarea').value`)).toBe(text);
    await page.close();
    page = await browser.open(link);
    await untilHeading(titleOf('transfer_used_up'));
  });

  test('a download that is cancelled in the middle leaves nothing under its name, costs nothing, and starts again', async () => {
    const source = await stage.newFile('wanted.bin', MIDDLE_BYTES);
    page = await browser.open(await sendByCommand([source, '--downloads', '1']));
    const held = await startHeld();
    await pressOnceThere(say('receiving.cancel'));
    await untilHeading(say('receive.title', 1));
    await untilNothingSaved('wanted.bin');
    held.release();
    await pressOnceThere(say('receive.download'));
    await untilHeading(say('received.title'));
    await expectSaved(source);
  });

  test('nodes killed in the middle: every byte arrives; more than may be lost: an error, and nothing under its name', async () => {
    const source = await stage.newFile('survivor.bin', LARGE_BYTES);
    const link = await sendByCommand([source]);
    page = await browser.open(link);
    const held = await startHeld();
    const [doomed, ...others] = servingFirst(stage, proxy);
    await doomed!.kill();
    held.release();
    await untilHeading(say('received.title'));
    await untilText('answered badly');
    await expectSaved(source);
    await page.close();

    await emptyFolder(downloads);
    page = await browser.open(link);
    const again = await startHeld();
    const more = others.slice(0, MAY_BE_LOST);
    await Promise.all(more.map((node) => node.kill()));
    again.release();
    await untilHeading(say('receiveFailed.title'));
    await untilText(sentenceOf('not_enough_shards'));
    await untilNothingSaved('survivor.bin');
    await Promise.all([doomed!, ...more].map((node) => node.start()));
    await stage.untilOnline(NODES);
  });

  test('a link that opens nothing says what is wrong with it', async () => {
    const source = await stage.newFile('once.txt', 100);
    const link = await sendByCommand([source, '--downloads', '1']);
    page = await browser.open(link.slice(0, -1));
    await untilHeading(titleOf('link_damaged'));
    await page.close();
    page = await browser.open(link);
    await pressOnceThere(say('receive.download'));
    await untilHeading(say('received.title'));
    await expectSaved(source);
    await page.close();
    page = await browser.open(link);
    await untilHeading(titleOf('transfer_used_up'));
    await untilText(sentenceOf('transfer_used_up'));
  });

  if (!sends) return;
  test('sends what is chosen: the link gives the same bytes to the command', async () => {
    const sources = [await stage.newFile('first.bin', MIDDLE_BYTES), await stage.newFile('zweite ☂.txt', 0)];
    page = await browser.open(stage.origin);
    await page.chooseFiles(sources);
    await pressOnceThere(say('send.start'));
    await untilHeading(say('done.title'));
    const link = await page.evaluate<string>(firstTrue(`[...document.querySelectorAll('input')].map(({ value }) => value).find((value) => value.includes('#'))`));
    const into = await stage.newFolder();
    expect(await runCommand(['get', link, '--out', into])).toMatchObject({ code: 0 });
    for (const source of sources) expect(await sha256Of(path.join(into, path.basename(source)))).toBe(await sha256Of(source));
  });
});

/** @returns the link. */
async function sendByCommand(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['send', ...args, '--coordinator', stage.origin], { input });
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

/** The nodes, those first that a download was last asked of. */
function servingFirst({ network }: Stage, proxy: RecordingProxy): Stage['network']['nodes'] {
  const asked = proxy.requests.filter(({ method, url }) => method === 'GET' && url.includes('/v1/shards')).map(({ url }) => new URL(url).origin);
  return network.nodes.toSorted((a, b) => asked.lastIndexOf(b.url) - asked.lastIndexOf(a.url));
}

async function sizesIn(folder: string): Promise<Record<string, number>> {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => [name, (await stat(path.join(folder, name)).catch(() => null))?.size] as const));
  return Object.fromEntries(sizes.filter((entry): entry is readonly [string, number] => entry[1] !== undefined));
}

async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(path.join(folder, name), { recursive: true, force: true });
}
