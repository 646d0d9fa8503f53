/** What every end-to-end test stands on: the built programs, a network of their own, browsers, and folders that vanish. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { startNetwork, type RunningNetwork } from '../../cli/network/network.ts';
import { probePort } from '../../cli/network/ports.ts';
import { TestBrowser, type BrowserOptions } from '../support/browser.ts';
import { RecordingProxy } from '../support/recording-proxy.ts';
import { bytesOf } from '../vectors/source/reference.ts';

const FIRST_PORT = 19_000;
/** Test files that run at the same time keep to ports of their own. */
const PORTS_A_WORKER = 500;
const OWN_PORTS = PORTS_A_WORKER * (Number(process.env['VITEST_POOL_ID'] ?? 1) % 2);
/** Nodes prefer the ports behind their coordinator's. */
const PORTS_A_NETWORK = 50;
const PATIENCE_MS = 120_000;

export interface Stage {
  readonly network: RunningNetwork;
  /** Of the coordinator. */
  readonly origin: string;
  /** Everything that the network writes. */
  readonly dataDir: string;
  newFolder(): Promise<string>;
  /** A file of bytes that no compression could shrink. @returns its path. */
  newFile(name: string, bytes: number): Promise<string>;
  /** Waits until the coordinator counts so many nodes: some time after it or they were stopped or started. */
  untilOnline(count: number): Promise<void>;
  /** Ends with the stage. */
  launchBrowser(options?: BrowserOptions): Promise<TestBrowser>;
  /** Ends with the stage. */
  startProxy(): Promise<RecordingProxy>;
  stop(): Promise<void>;
}

/** @param firstPort - networks are looked for a place from here on. */
export async function startStage(nodes: number, firstPort = FIRST_PORT): Promise<Stage> {
  await buildAll();
  const base = await mkdtemp(path.join(tmpdir(), 'shardsend-e2e-'));
  const dataDir = path.join(base, 'network');
  const network = await startNetwork({ port: await freePort(firstPort), nodes, dataDir, onLost: () => undefined });
  let folders = 0;
  /** What the network must outlive, in the order in which it began. */
  const ends: (() => Promise<void>)[] = [];
  const newFolder = async (): Promise<string> => {
    const folder = path.join(base, `work-${folders++}`);
    await mkdir(folder);
    return folder;
  };
  return {
    network,
    origin: network.origin,
    dataDir,
    newFolder,
    async newFile(name, bytes) {
      const file = path.join(await newFolder(), name);
      await writeFile(file, noise(name, bytes));
      return file;
    },
    untilOnline: (count) => expect.poll(() => onlineNodes(network.origin), { timeout: PATIENCE_MS, interval: 250 }).toBe(count),
    async launchBrowser(options) {
      const browser = await TestBrowser.launch(options);
      ends.push(() => browser.close());
      return browser;
    },
    async startProxy() {
      const proxy = await RecordingProxy.start();
      ends.push(() => proxy.stop());
      return proxy;
    },
    async stop() {
      for (const end of ends.toReversed()) await end();
      await network.stop();
      await rm(base, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Bytes that follow from a name. */
export function noise(name: string, bytes: number): Buffer {
  const piece = Buffer.from(bytesOf(name, Math.min(bytes, 1_000_003)));
  return bytes === 0 ? piece : Buffer.alloc(bytes, piece);
}

export const sha256Of = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

async function onlineNodes(origin: string): Promise<number> {
  const { nodes } = (await (await fetch(`${origin}/api/network`)).json()) as { nodes: { online: number } };
  return nodes.online;
}

async function freePort(firstPort: number): Promise<number> {
  const first = firstPort + OWN_PORTS;
  for (let port = first; port < first + PORTS_A_WORKER; port += PORTS_A_NETWORK) if ((await probePort(port)) !== null) return port;
  throw new Error(`no port is free among the ${PORTS_A_WORKER} from ${first} on`);
}

/** What tests drive as it is built. */
export async function buildAll(): Promise<void> {
  const build = spawn(process.execPath, [path.join(import.meta.dirname, '../../scripts/build.mjs')], { stdio: ['ignore', 2, 2] });
  const [code] = (await once(build, 'exit')) as [number | null];
  if (code !== 0) throw new Error('the build failed; its messages stand above');
}
