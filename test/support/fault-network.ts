/** A network whose programs may be killed, started again, filled up and put behind misbehaving proxies, each alone. */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { vi } from 'vitest';
import { builtNode, ensureBuilt } from '../../cli/network/built.ts';
import { Child } from '../../cli/network/child.ts';
import { Program, startNetwork } from '../../cli/network/network.ts';
import { LOOPBACK, probePort } from '../../cli/network/ports.ts';
import { openOperator } from '../../node/main.ts';
import { decodeB64, encodeHex, type Health, type NodeStatus } from '../../shared/protocol/index.ts';
import { BadNode } from './bad-node.ts';
import { freePorts } from './free-ports.ts';
import { Line } from './line.ts';

const HEARTBEAT_MS = 1_000;
export interface FaultNetworkOptions {
  readonly nodes: number;
  /** So many of the nodes stand behind a proxy. */
  readonly proxies?: number;
  /** The coordinator and the nodes without a proxy stand behind lines that count and may be slowed. */
  readonly lines?: boolean;
  /** So many of the nodes are not started yet. */
  readonly later?: number;
  /** The network's clock, in milliseconds: how often its nodes are heard, audited and told of. */
  readonly clock?: { readonly heartbeatMs?: number; readonly epochMs?: number; readonly publishMs?: number };
  /** More flags of node i. @param origin - of the coordinator. */
  readonly flags?: (i: number, origin: string) => readonly string[];
}

/** worker/http/log.ts */
export interface CoordinatorLine {
  readonly event: string;
  readonly method?: string;
  readonly route?: string;
  readonly step?: string;
}

export class FaultNode {
  readonly program: Program;
  /** Null where the node is reached directly. */
  readonly proxy: BadNode | null;
  readonly line: Line | null;

  constructor(program: Program, proxy: BadNode | null, line: Line | null = null) {
    this.program = program;
    this.proxy = proxy;
    this.line = line;
  }
  /** As the coordinator and clients know it. */
  get url(): string {
    return (this.proxy ?? this.line)?.url ?? this.program.url;
  }
  get dataDir(): string {
    return this.program.dataDir;
  }
  kill(): Promise<void> {
    return this.program.kill();
  }
  start(): Promise<void> {
    return this.program.start();
  }
  async health(): Promise<Health> {
    return (await (await fetch(`${this.program.url}/v1/health`)).json()) as Health;
  }
  /** Value of one line of /metrics; 0 where there is none. */
  async metric(line: string): Promise<number> {
    const text = await (await fetch(`${this.program.url}/metrics`)).text();
    const found = text.split('\n').find((one) => one.startsWith(`shardsend_node_${line} `));
    return found === undefined ? 0 : Number(found.slice(found.lastIndexOf(' ') + 1));
  }
  /** What the coordinator makes of it, as its operator asks. */
  async status(): Promise<NodeStatus> {
    return (await openOperator(this.dataDir)).status(AbortSignal.timeout(30_000));
  }
  log(): Promise<string> {
    return readFile(path.join(this.dataDir, 'node.log'), 'utf8');
  }

  /** A transfer's shard files on the node's disk. */
  async shardFiles(transferId: string): Promise<string[]> {
    const name = encodeHex(decodeB64(transferId));
    const folder = path.join(this.dataDir, 'shards', name.slice(0, 2), name);
    const names = await readdir(folder).catch((thrown: unknown) => {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return []; // there are none, or no more
      throw thrown;
    });
    return names
      .filter((file) => file.endsWith('.shard'))
      .map((file) => path.join(folder, file))
      .toSorted();
  }
}

export class FaultNetwork {
  readonly origin: string;
  readonly folder: string;
  readonly coordinator: Program;
  readonly nodes: readonly FaultNode[];
  /** The coordinator's, which clients and nodes use; null where it is reached directly. */
  readonly line: Line | null;
  #folders = 0;

  private constructor(origin: string, folder: string, coordinator: Program, nodes: readonly FaultNode[], line: Line | null) {
    this.line = line;
    this.origin = origin;
    this.folder = folder;
    this.coordinator = coordinator;
    this.nodes = nodes;
  }

  static async start({ nodes: count, proxies = 0, lines = false, later = 0, clock = {}, flags = () => [] }: FaultNetworkOptions): Promise<FaultNetwork> {
    await ensureBuilt();
    const { heartbeatMs = HEARTBEAT_MS, epochMs, publishMs } = clock;
    if (clock.heartbeatMs !== undefined) vi.stubEnv('SHARDSEND_HEARTBEAT_MS', String(heartbeatMs));
    if (epochMs !== undefined) vi.stubEnv('SHARDSEND_EPOCH_MS', String(epochMs));
    if (publishMs !== undefined) vi.stubEnv('SHARDSEND_PUBLISH_MS', String(publishMs));
    const folder = await mkdtemp(path.join(tmpdir(), 'shardsend-fault-'));
    const first = await freePorts(lines ? 2 + 2 * count : 1 + count + proxies);
    const { origin: direct, coordinator } = await startNetwork({ port: first, nodes: 0, dataDir: path.join(folder, 'network'), onLost: () => undefined });
    const line = lines ? await Line.listen(first + 1 + 2 * count, first) : null;
    const origin = line?.url ?? direct;
    const nodes: FaultNode[] = [];
    for (let i = 0; i < count; i++) {
      const port = first + 1 + i;
      const publicPort = first + 1 + count + i;
      const proxy = i < proxies ? await BadNode.listen(publicPort, port) : null;
      const nodeLine = lines && proxy === null ? await Line.listen(publicPort, port) : null;
      const url = (proxy ?? nodeLine)?.url;
      const own = ['--heartbeat-ms', String(heartbeatMs), ...(url === undefined ? [] : ['--url', url]), ...flags(i, origin)];
      nodes.push(new FaultNode(await nodeProgram(i, port, origin, path.join(folder, 'network', 'nodes', String(i)), own), proxy, nodeLine));
    }
    const network = new FaultNetwork(origin, folder, coordinator, nodes, line);
    try {
      await Promise.all(nodes.slice(0, count - later).map((node) => node.start()));
      await network.untilOnline(count - later);
    } catch (thrown) {
      await network.stop();
      throw thrown;
    }
    return network;
  }

  nodeAt(url: string): FaultNode {
    const node = this.nodes.find((one) => one.url === url);
    if (node === undefined) throw new Error(`no node at ${url}`);
    return node;
  }

  /** Who has registered is chosen once the directory is published, a moment later. */
  async untilOnline(count: number): Promise<void> {
    const online = async (): Promise<number> => ((await (await fetch(`${this.origin}/api/network`)).json()) as { nodes: { online: number } }).nodes.online;
    await vi.waitUntil(async () => (await online()) >= count, { timeout: 60_000, interval: 50 });
  }

  /** Ends it as a power cut would, and starts it again where it was. */
  async restartCoordinator(): Promise<void> {
    await this.killCoordinator();
    await this.coordinator.start();
  }

  /** Resolves when its port is free again. */
  async killCoordinator(): Promise<void> {
    await this.coordinator.kill();
    const port = Number(new URL(this.coordinator.url).port);
    await vi.waitUntil(async () => (await probePort(port)) !== null, { timeout: 30_000, interval: 20 });
  }

  /** What the coordinator wrote to its log so far, over all its lives. */
  async coordinatorLog(): Promise<CoordinatorLine[]> {
    const text = await readFile(path.join(this.coordinator.dataDir, 'coordinator.log'), 'utf8');
    return text.split('\n').flatMap((line) => (line.startsWith('{"event"') ? [JSON.parse(line) as CoordinatorLine] : []));
  }

  /** Brings every node back, behind an honest proxy. */
  async heal(): Promise<void> {
    for (const { proxy } of this.nodes) if (proxy && proxy.mode !== 'honest') proxy.mode = 'honest';
    await Promise.all(this.nodes.map((node) => node.start()));
  }

  /** An empty folder that goes with the network. */
  async newFolder(): Promise<string> {
    const folder = path.join(this.folder, `work-${this.#folders++}`);
    await mkdir(folder);
    return folder;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ program }) => program.stop()));
    await Promise.all(this.nodes.map(async ({ proxy, line }) => (proxy ?? line)?.close()));
    await this.coordinator.stop();
    await this.line?.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function nodeProgram(i: number, port: number, origin: string, dataDir: string, more: readonly string[]): Promise<Program> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const preload = path.resolve(import.meta.dirname, '../../cli/network/stop-with-parent.ts');
  const own = ['--data', dataDir, '--coordinator', origin, '--operator', `fault-${i}`, '--host', LOOPBACK, '--port', String(port), '--reserve', '0'];
  return new Program(`node ${i}`, `http://${LOOPBACK}:${port}`, dataDir, () =>
    Child.start({
      name: `node ${i}`,
      args: ['--import', preload, builtNode, ...own, ...more],
      logFile: path.join(dataDir, 'node.log'),
      isReady: (line) => line.includes('"event":"registered"'),
      onLost: () => undefined,
    }),
  );
}
