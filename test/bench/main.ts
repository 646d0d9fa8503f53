/**
 * `npm run bench`: our upload and download beside a plain POST and a plain download of the same file, in Chromium and
 * in Node, and each stage alone. One run, one machine, real nodes writing to disk; what counts are the ratios. Each figure
 * is the median of some rounds in which plain and ours take turns; memory is looked at in a run of its own.
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
import { Network, runCommand, untilHardened } from '../support/network.ts';
import { BenchBrowser, pressSend, type BenchFile } from './in-chromium.ts';
import { measureStages, type StageFigures } from './stages.ts';
import { printReport, type Measured, type Report } from './report.ts';

const MB = 1_000_000;
const ROUNDS = 3;
/** A larger file is measured once. */
const LARGEST_REPEATED_BYTES = 1000 * MB;
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
  const browser = await BenchBrowser.launch(network.origin, ceiling.origin, path.join(folder, 'downloads'));
  try {
    for (const file of files) {
      say(`Chromium, ${file.bytes / MB} MB`);
      // Whoever sent last left nodes that still harden: nothing is timed until they are done.
      const up = await inTurns(file, async () => {
        const plainSeconds = await browser.plainUpload(file);
        const step = await browser.upload(file);
        const { seconds: ourSeconds, link } = await step.run();
        await step.end();
        await untilHardened(link, deps);
        return { plainSeconds, ourSeconds };
      });
      const { result: sent, peakBytes: upPeakBytes } = await browser.peakBytes(await browser.upload(file));
      await untilHardened(sent.link, deps);
      const down = await inTurns(file, async () => {
        const plainSeconds = await browser.plainDownload(file);
        const step = await browser.download(sent.link);
        const { seconds: ourSeconds } = await step.run();
        await step.end();
        return { plainSeconds, ourSeconds };
      });
      const { peakBytes: downPeakBytes } = await browser.peakBytes(await browser.download(sent.link));
      report.chromium.push(measured(file, 'up', up, upPeakBytes), measured(file, 'down', down, downPeakBytes));
    }
    say('Chromium, a hidden tab');
    report.hiddenTab = await hiddenRatio(browser, files.at(-1)!.bytes > 200 * MB && files.length > 1 ? files.at(-2)! : files.at(-1)!);
    say('Chromium, stages');
    const page = await browser.chromium.open(ceiling.origin);
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
    let link = '';
    const up = await inTurns(file, async () => {
      const plainSeconds = await seconds(async () => void (await (await fetch(`${ceiling.origin}/upload`, { method: 'POST', body: await openAsBlob(file.path) })).text()));
      const sent = await command<{ link: string; seconds: number }>(['send', file.path, '--coordinator', network.origin, '--json']);
      link = sent.link;
      await untilHardened(link, deps);
      return { plainSeconds, ourSeconds: sent.seconds };
    });
    const down = await inTurns(file, async () => {
      const plainSeconds = await seconds(async () => {
        const response = await fetch(`${ceiling.origin}/file/${path.basename(file.path)}`);
        await pipeline(Readable.fromWeb(response.body as never), createWriteStream(path.join(folder, 'plain')));
      });
      const got = path.join(folder, 'got');
      const { seconds: ourSeconds } = await command<{ seconds: number }>(['get', link, '--out', got, '--json']);
      rmSync(got, { recursive: true });
      return { plainSeconds, ourSeconds };
    });
    report.node.push(measured(file, 'up', up), measured(file, 'down', down));
  }
  say('Node, stages');
  report.stages['node'] = await measureStages(await openAsBlob(files.at(-1)!.path), ceiling.origin.replace('http', 'ws'));
}

interface Round {
  readonly plainSeconds: number;
  readonly ourSeconds: number;
}

/** Plain and ours one after the other, again and again, so that what slows the machine for a while slows both. */
async function inTurns(file: BenchFile, round: () => Promise<Round>): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (let i = 0; i < (file.bytes <= LARGEST_REPEATED_BYTES ? ROUNDS : 1); i++) rounds.push(await round());
  return rounds;
}

async function command<T>(args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runCommand(args);
  if (code !== 0) throw new Error(`shardsend ${args[0]} ended with ${code}: ${stdout}${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as T;
}

function measured(file: BenchFile, direction: 'up' | 'down', rounds: readonly Round[], peakBytes?: number): Measured {
  const rate = (times: readonly number[]): number => Math.round(file.bytes / MB / median(times));
  return {
    megabytes: file.bytes / MB,
    direction,
    plain: rate(rounds.map(({ plainSeconds }) => plainSeconds)),
    ours: rate(rounds.map(({ ourSeconds }) => ourSeconds)),
    ratio: Number(median(rounds.map(({ plainSeconds, ourSeconds }) => plainSeconds / ourSeconds)).toFixed(2)),
    ...(peakBytes === undefined ? {} : { memoryOverIdleMiB: Math.round(peakBytes / 1024 / 1024) }),
  };
}

/** Of an odd number. */
function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
}

/** Speed of a hidden tab as part of a visible one's. */
async function hiddenRatio(browser: BenchBrowser, file: BenchFile): Promise<number> {
  const visible = await browser.choose(file);
  const seen = await pressSend(visible);
  await untilHardened(seen.link, deps);
  await visible.close();
  const hidden = await browser.choose(file);
  const cover = await browser.chromium.open('about:blank');
  await browser.chromium.send('Target.activateTarget', { targetId: cover.targetId });
  await hidden.until(`document.visibilityState === 'hidden'`);
  const unseen = await pressSend(hidden);
  await untilHardened(unseen.link, deps);
  await Promise.all([hidden.close(), cover.close()]);
  return Number((seen.seconds / unseen.seconds).toFixed(2));
}
