/**
 * `npm run bench`: our upload and download beside a plain POST and a plain download of the same file, in Chromium and
 * in Node, and each stage alone. One run, one machine, real nodes writing to disk; what counts are the ratios.
 *
 * `--sizes 10,100,1000` in MB (10^6 bytes); `--json` prints one object; `--only chromium|node`.
 */
import { fork } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { createWriteStream, mkdtempSync, openAsBlob, rmSync, writeSync, openSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { nodeDeps } from '../../cli/deps.ts';
import { Chromium, type Page } from '../support/chromium.ts';
import { Network, runCommand, untilHardened } from '../support/network.ts';
import { measureStages, type StageFigures } from './stages.ts';
import { printReport, type Measured, type Report } from './report.ts';

const MB = 1_000_000;
const SAMPLE_MS = 100;
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    sizes: { type: 'string', default: '10,100,1000' },
    only: { type: 'string' },
    port: { type: 'string', default: '18787' },
  },
});
const sizes = values.sizes.split(',').map((text) => Number(text) * MB);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const button = (name: string): string => `[...document.querySelectorAll('button')].find((one) => one.textContent.trim() === '${name}')`;

const folder = mkdtempSync(path.join(tmpdir(), 'shardsend-bench-'));
const deps = nodeDeps();
const report: Report = { chromium: [], node: [], stages: {} };
const network = await Network.start({ port: Number(values.port), nodes: 24, data: path.join(folder, 'network') });
const ceiling = await startCeiling();
try {
  const files = sizes.map((bytes) => makeFile(bytes));
  if (values.only !== 'node') await benchChromium(files);
  if (values.only !== 'chromium') await benchNode(files);
} finally {
  await network.stop();
  ceiling.stop();
  rmSync(folder, { recursive: true, force: true });
}
if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
else printReport(report);
process.exit(0);

interface BenchFile {
  readonly path: string;
  readonly bytes: number;
}

function makeFile(bytes: number): BenchFile {
  const file = { path: path.join(folder, `random-${bytes}.bin`), bytes };
  const block = randomFillSync(new Uint8Array(8 * 1024 * 1024));
  const handle = openSync(file.path, 'w');
  for (let at = 0; at < bytes; at += block.length) {
    block[0] = (block[0]! + 1) & 255; // no two blocks alike
    writeSync(handle, block, 0, Math.min(block.length, bytes - at));
  }
  closeSync(handle);
  return file;
}

async function startCeiling(): Promise<{ origin: string; stop(): void }> {
  const child = fork(path.join(import.meta.dirname, 'ceiling-server.ts'), [folder], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const port = await new Promise<string>((resolve) => child.stdout!.once('data', (data) => resolve(String(data).trim())));
  return { origin: `http://127.0.0.1:${port}`, stop: () => void child.kill() };
}

async function benchChromium(files: readonly BenchFile[]): Promise<void> {
  const browser = await Chromium.launch();
  try {
    const downloads = path.join(folder, 'downloads');
    await browser.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: downloads, eventsEnabled: true });
    for (const file of files) {
      say(`Chromium, ${file.bytes / MB} MB`);
      const plainUp = await plainUpload(browser, file);
      const up = await withPeak(browser, () => upload(browser, file));
      await untilHardened(up.result.link, deps);
      const plainDown = await plainDownload(browser, file);
      const down = await withPeak(browser, () => download(browser, up.result.link));
      report.chromium.push(measured(file, 'up', plainUp, up.result.seconds, up.peakBytes), measured(file, 'down', plainDown, down.result.seconds, down.peakBytes));
    }
    say('Chromium, a hidden tab');
    report.hiddenTab = await hiddenRatio(browser, files.at(-1)!.bytes > 200 * MB && files.length > 1 ? files.at(-2)! : files.at(-1)!);
    say('Chromium, stages');
    const page = await browser.open(ceiling.origin);
    await page.until(`globalThis.measureStages && document.readyState === 'complete'`);
    await page.setFiles('input', [files.at(-1)!.path]);
    report.stages['chromium'] = await page.evaluate<StageFigures>(`measureStages(document.querySelector('input').files[0], '${ceiling.origin.replace('http', 'ws')}')`);
  } finally {
    await browser.close();
  }
}

async function benchNode(files: readonly BenchFile[]): Promise<void> {
  for (const file of files) {
    say(`Node, ${file.bytes / MB} MB`);
    const plainUp = await seconds(async () => void (await (await fetch(`${ceiling.origin}/upload`, { method: 'POST', body: await openAsBlob(file.path) })).text()));
    const sent = await command<{ link: string; seconds: number }>(['send', file.path, '--coordinator', network.origin, '--json']);
    await untilHardened(sent.link, deps);
    const plainDown = await seconds(async () => {
      const response = await fetch(`${ceiling.origin}/file/${path.basename(file.path)}`);
      await pipeline(Readable.fromWeb(response.body as never), createWriteStream(path.join(folder, 'plain')));
    });
    const got = await command<{ seconds: number }>(['get', sent.link, '--out', path.join(folder, 'got'), '--json']);
    report.node.push(measured(file, 'up', plainUp, sent.seconds), measured(file, 'down', plainDown, got.seconds));
  }
  say('Node, stages');
  report.stages['node'] = await measureStages(await openAsBlob(files.at(-1)!.path), ceiling.origin.replace('http', 'ws'));
}

async function command<T>(args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runCommand(args);
  if (code !== 0) throw new Error(`shardsend ${args[0]} ended with ${code}: ${stdout}${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as T;
}

function measured(file: BenchFile, direction: 'up' | 'down', plainSeconds: number, ourSeconds: number, peakBytes?: number): Measured {
  const rate = (time: number): number => Math.round(file.bytes / MB / time);
  return {
    megabytes: file.bytes / MB,
    direction,
    plain: rate(plainSeconds),
    ours: rate(ourSeconds),
    ratio: Number((plainSeconds / ourSeconds).toFixed(2)),
    ...(peakBytes === undefined ? {} : { memoryOverIdleMiB: Math.round(peakBytes / 1024 / 1024) }),
  };
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
}

async function plainUpload(browser: Chromium, file: BenchFile): Promise<number> {
  const page = await browser.open(ceiling.origin);
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

async function chooseFile(browser: Chromium, file: BenchFile): Promise<Page> {
  const page = await browser.open(network.origin);
  await page.until(`document.querySelector('input[type=file]')`);
  await page.setFiles('input[type=file]', [file.path]);
  await page.until(button('Send securely'));
  return page;
}

async function pressSend(page: Page): Promise<{ seconds: number; link: string }> {
  const startedMs = await page.evaluate<number>(`(${button('Send securely')}.click(), performance.now())`);
  const endedMs = await page.until(`document.body.textContent.includes('Ready to share') || document.body.textContent.includes('Not sent yet')`);
  const link = await page.evaluate<string>(
    `document.querySelector('input[readonly], output, code, textarea')?.value ?? document.querySelector('input[readonly], output, code, textarea')?.textContent ?? document.body.textContent`,
  );
  if (!link.includes('/d/')) throw new Error(`the page shows no link: ${link.slice(0, 500)}`);
  return { seconds: (endedMs - startedMs) / 1000, link: link.trim() };
}

/** From the click to the moment the page says that the link is ready. The idle page is the base of its memory. */
async function upload(browser: Chromium, file: BenchFile): Promise<Measurement<{ seconds: number; link: string }>> {
  const page = await chooseFile(browser, file);
  return { idle: () => Promise.resolve(), run: () => pressSend(page), end: () => page.close() };
}

async function download(browser: Chromium, link: string): Promise<Measurement<{ seconds: number }>> {
  const page = await browser.open(link);
  await page.until(button('Download'));
  const run = async (): Promise<{ seconds: number }> => {
    const saved = downloaded(browser);
    const startedMs = await page.evaluate<number>(`(${button('Download')}.click(), performance.now())`);
    const endedMs = await page.until(`document.body.textContent.includes('Verified and saved') || document.body.textContent.includes('Not downloaded')`);
    if (!(await page.evaluate<boolean>(`document.body.textContent.includes('Verified and saved')`))) throw new Error('the page could not download');
    const afterMs = await seconds(() => saved);
    return { seconds: (endedMs - startedMs) / 1000 + afterMs };
  };
  return { idle: () => Promise.resolve(), run, end: () => page.close() };
}

async function plainDownload(browser: Chromium, file: BenchFile): Promise<number> {
  const page = await browser.open(ceiling.origin);
  await page.until('document.body');
  const saved = downloaded(browser);
  const time = await seconds(async () => {
    await page.evaluate(`(() => { const a = document.createElement('a'); a.href = '/file/${path.basename(file.path)}'; a.download = ''; document.body.append(a); a.click(); })()`);
    await saved;
  });
  await page.close();
  return time;
}

/** Resolves when the next download lies on the disk. */
function downloaded(browser: Chromium): Promise<void> {
  return new Promise((resolve, reject) => {
    const off = browser.on(({ method, params }) => {
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

interface Measurement<T> {
  idle(): Promise<void>;
  run(): Promise<T>;
  end(): Promise<void>;
}

/** Runs what `prepare` set up and finds the browser's peak above its idle page, sampled. */
async function withPeak<T>(browser: Chromium, prepare: () => Promise<Measurement<T>>): Promise<{ result: T; peakBytes: number }> {
  const measurement = await prepare();
  await measurement.idle();
  const idleBytes = browser.residentBytes();
  let peakBytes = 0;
  const timer = setInterval(() => (peakBytes = Math.max(peakBytes, browser.residentBytes() - idleBytes)), SAMPLE_MS);
  try {
    return { result: await measurement.run(), peakBytes };
  } finally {
    clearInterval(timer);
    await measurement.end();
  }
}

/** Speed of a hidden tab as part of a visible one's. */
async function hiddenRatio(browser: Chromium, file: BenchFile): Promise<number> {
  const visible = await chooseFile(browser, file);
  const seen = await pressSend(visible);
  await untilHardened(seen.link, deps);
  await visible.close();
  const hidden = await chooseFile(browser, file);
  const cover = await browser.open('about:blank');
  await browser.send('Target.activateTarget', { targetId: cover.targetId });
  await hidden.until(`document.visibilityState === 'hidden'`);
  const unseen = await pressSend(hidden);
  await untilHardened(unseen.link, deps);
  await Promise.all([hidden.close(), cover.close()]);
  return Number((seen.seconds / unseen.seconds).toFixed(2));
}
