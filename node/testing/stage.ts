/** What a test of the node needs, and its end: a coordinator, folders, processes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { logToStderr, type Log } from '../log.ts';
import type { NodeOptions } from '../options.ts';
import { runNode, type NodeSurroundings, type RunningNode } from '../storage-node.ts';
import { TestCoordinator } from './coordinator.ts';
import { NodeProcess, type StartOptions } from './node-process.ts';

export class Stage {
  readonly coordinator: TestCoordinator;
  readonly #folders: string[] = [];
  readonly #processes: NodeProcess[] = [];
  readonly #nodes: RunningNode[] = [];
  #opened: ((node: RunningNode) => void) | null = null;

  private constructor(coordinator: TestCoordinator) {
    this.coordinator = coordinator;
  }

  static async set(): Promise<Stage> {
    return new Stage(await TestCoordinator.start());
  }

  async folder(): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'shardsend-node-'));
    this.#folders.push(folder);
    return folder;
  }

  async start(options: Partial<StartOptions> = {}): Promise<NodeProcess> {
    const node = await NodeProcess.start({ data: options.data ?? (await this.folder()), coordinator: this.coordinator, ...options });
    this.#processes.push(node);
    return node;
  }

  /** A node in this process, whose clock and log are the test's. Resolves when it is registered. */
  async run(options: Partial<NodeOptions> = {}, surroundings: NodeSurroundings = {}): Promise<RunningNode> {
    const registered = Promise.withResolvers<void>();
    const log: Log = (event, fields) => {
      if (event === 'registered') registered.resolve();
      if (event === 'unexpected') logToStderr(event, fields);
      surroundings.log?.(event, fields);
    };
    const base = {
      dataDir: options.dataDir ?? (await this.folder()),
      port: 0,
      host: '127.0.0.1',
      coordinator: this.coordinator.url,
      capacityBytes: 2 ** 32,
      operator: 'tests',
      diskReserveBytes: 0,
    };
    const node = await runNode({ ...base, ...options }, { ...surroundings, log });
    this.#nodes.push(node);
    this.#opened?.(node);
    await registered.promise;
    return node;
  }

  /** The next node that `run` opens, whether or not it is registered. */
  opened(): Promise<RunningNode> {
    return new Promise((resolve) => (this.#opened = resolve));
  }

  async clear(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
    await Promise.all(this.#processes.map((node) => node.end('SIGKILL')));
    await this.coordinator.close();
    await Promise.all(this.#folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}
