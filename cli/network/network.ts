/** A whole network on one machine: the coordinator and its storage nodes, each a process of its own. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { NODE_PROCESS_FLAGS } from '../../node/main.ts';
import { Child } from './child.ts';
import { builtNode } from './built.ts';
import { choosePort, LOOPBACK, probePort } from './ports.ts';

/** A network that runs answers sooner; another program that has its port may never. */
const ANSWER_MS = 3_000;
/** The directory is published within a second. */
const PUBLISHED_MS = 30_000;
const POLL_MS = 100;

export interface NetworkOptions {
  /** Of the coordinator; 0 for any. */
  readonly port: number;
  readonly nodes: number;
  /** Holds everything: `coordinator/`, `nodes/0/`, … */
  readonly dataDir: string;
  /** Told when a program ends that should run. It is not started again. */
  onLost(name: string, code: string): void;
}

/** One program of the network: may be stopped, killed and started again where it was. */
export class Program {
  readonly name: string;
  readonly url: string;
  readonly dataDir: string;
  readonly #start: () => Promise<Child>;
  #child: Child | null = null;

  constructor(name: string, url: string, dataDir: string, start: () => Promise<Child>) {
    this.name = name;
    this.url = url;
    this.dataDir = dataDir;
    this.#start = start;
  }
  get pid(): number | null {
    return this.#child?.running ? this.#child.pid : null;
  }
  /** Resolves when it serves: a node when it is registered. */
  async start(): Promise<void> {
    if (!this.#child?.running) this.#child = await this.#start();
  }
  async stop(): Promise<void> {
    await this.#child?.stop();
  }
  async kill(): Promise<void> {
    await this.#child?.kill();
  }
}

export interface RunningNetwork {
  /** `http://localhost:8787`. */
  readonly origin: string;
  readonly coordinator: Program;
  readonly nodes: readonly Program[];
  stop(): Promise<void>;
}

/** Resolves when every node is registered. The build must be there. @throws Error; whatever was started is stopped. */
export async function startNetwork(options: NetworkOptions): Promise<RunningNetwork> {
  const dataDir = path.resolve(options.dataDir);
  const summary = path.join(dataDir, 'network.json');
  await refuseSecond(summary);
  const port = await probePort(options.port);
  if (port === null) throw new Error(`port ${options.port} is taken; choose another with --port`);
  const origin = `http://localhost:${port}`;
  const coordinator = await coordinatorProgram(port, origin, path.join(dataDir, 'coordinator'), options);
  const nodes = await nodePrograms(port, origin, path.join(dataDir, 'nodes'), options);
  const programs = [coordinator, ...nodes];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await coordinator.stop();
    await rm(summary, { force: true });
  };
  try {
    await coordinator.start();
    // Every one is waited for: one that fails must not leave others behind that come up later.
    const started = await Promise.allSettled(nodes.map((node) => node.start()));
    const failed = started.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    await untilPublished(origin, nodes.length);
    // For scripts that stop single nodes.
    const list = programs.map(({ name, url, dataDir: folder, pid }) => ({ name, url, dataDir: folder, pid }));
    await writeFile(summary, `${JSON.stringify({ origin, pid: process.pid, programs: list }, null, 2)}\n`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { origin, coordinator, nodes, stop };
}

/** A node that has registered is chosen once the directory is published, a moment later: whoever sends at once finds all of them. */
async function untilPublished(origin: string, count: number): Promise<void> {
  const patience = AbortSignal.timeout(PUBLISHED_MS);
  for (;;) {
    const response = await fetch(`${origin}/api/network`, { signal: patience });
    const { nodes } = (await response.json()) as { nodes: { online: number } };
    if (nodes.online >= count) return;
    await setTimeout(POLL_MS, undefined, { signal: patience });
  }
}

/** Two networks in one folder would write the same databases. A summary alone may be that of one that was killed, even while it wrote it. */
async function refuseSecond(summary: string): Promise<void> {
  const origin = await readFile(summary, 'utf8').then(
    (text) => originIn(text),
    () => null,
  );
  if (origin === null) return;
  const answers = await fetch(`${origin}/api/network`, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
    (response) => response.ok,
    () => false,
  );
  if (answers) throw new Error(`a network runs in this folder already: ${origin}`);
}

function originIn(text: string): string | null {
  try {
    return (JSON.parse(text) as { origin: string }).origin;
  } catch {
    return null;
  }
}

async function coordinatorProgram(port: number, origin: string, dataDir: string, { onLost }: NetworkOptions): Promise<Program> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const program = path.join(import.meta.dirname, 'coordinator-process.ts');
  return new Program('coordinator', origin, dataDir, () =>
    Child.start({
      name: 'the coordinator',
      args: [program, String(port), dataDir],
      logFile: path.join(dataDir, 'coordinator.log'),
      isReady: (line) => line === 'ready',
      onLost: (code) => onLost('the coordinator', code),
    }),
  );
}

async function nodePrograms(coordinatorPort: number, origin: string, dataDir: string, { nodes, onLost }: NetworkOptions): Promise<Program[]> {
  const taken = new Set([coordinatorPort]);
  const heartbeatMs = process.env['SHARDSEND_HEARTBEAT_MS'] ?? '5000';
  const programs: Program[] = [];
  for (let i = 0; i < nodes; i++) {
    const folder = path.join(dataDir, String(i));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const port = await choosePort(folder, coordinatorPort + 1 + i, taken);
    const url = `http://${LOOPBACK}:${port}`;
    const preload = path.join(import.meta.dirname, 'stop-with-parent.ts');
    const flags = ['--data', folder, '--coordinator', origin, '--operator', `local-${i}`, '--host', LOOPBACK, '--port', String(port), '--url', url, '--heartbeat-ms', heartbeatMs];
    const start = (): Promise<Child> =>
      Child.start({
        name: `node ${i}`,
        args: [...NODE_PROCESS_FLAGS, '--import', preload, builtNode, ...flags],
        logFile: path.join(folder, 'node.log'),
        isReady: (line) => line.includes('"event":"registered"'),
        onLost: (code) => onLost(`node ${i}`, code),
      });
    programs.push(new Program(`node ${i}`, url, folder, start));
  }
  return programs;
}
