/** A storage node as a process of its own, for tests. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Health } from '../../shared/protocol/index.ts';
import { NODE_PROCESS_FLAGS } from '../main.ts';
import type { TestCoordinator } from './coordinator.ts';

const MAIN = path.join(import.meta.dirname, '..', 'main.ts');

export interface StartOptions {
  readonly data: string;
  readonly coordinator: TestCoordinator;
  readonly flags?: readonly string[];
  /** A program and arguments that run the node as theirs: `prlimit --fsize=65536`. */
  readonly under?: readonly string[];
}

export class NodeProcess {
  readonly url: string;
  readonly nodeId: string;
  readonly data: string;
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;

  private constructor(url: string, nodeId: string, data: string, child: ChildProcess, exit: Promise<unknown>) {
    this.url = url;
    this.nodeId = nodeId;
    this.data = data;
    this.#child = child;
    this.#exit = exit;
  }

  /** Resolves when the node listens and is registered. */
  static async start({ data, coordinator, flags = [], under = [] }: StartOptions): Promise<NodeProcess> {
    const args = [MAIN, '--data', data, '--coordinator', coordinator.url, '--operator', 'tests', '--port', '0', '--host', '127.0.0.1', '--reserve', '0', ...flags];
    const [program, ...rest] = [...under, process.execPath, ...NODE_PROCESS_FLAGS, ...args];
    const child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const exit = once(child, 'exit');
    const log: string[] = [];
    const registered = new Promise<void>((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        log.push(line);
        if (line.includes('"event":"registered"')) resolve();
      });
    });
    const lines = createInterface({ input: child.stdout });
    const first = await Promise.race([once(lines, 'line'), exit.then(() => null)]);
    if (first === null) throw new Error(`the node ended at once: ${log.join('\n')}`);
    const url = /^listening (http\S+)$/.exec(String(first[0]))?.[1];
    if (url === undefined) throw new Error(`unexpected first line: ${String(first[0])}`);
    await Promise.race([
      registered,
      exit.then(() => {
        throw new Error(`the node ended before it was registered: ${log.join('\n')}`);
      }),
    ]);
    const health = (await (await fetch(`${url}/v1/health`)).json()) as Health;
    return new NodeProcess(url, health.nodeId, data, child, exit);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async health(): Promise<Health> {
    return (await (await fetch(`${this.url}/v1/health`)).json()) as Health;
  }

  /** Value of one line of /metrics; 0 where there is none. */
  async metric(line: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const found = text.split('\n').find((one) => one.startsWith(`shardsend_node_${line} `));
    return found === undefined ? 0 : Number(found.slice(found.lastIndexOf(' ') + 1));
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    await this.#exit;
    return this.#child.exitCode;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async exited(): Promise<void> {
    await this.#exit;
  }
}
