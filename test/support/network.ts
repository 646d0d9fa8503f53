/** A whole network as people start it: `shardsend network` in a process of its own, with its nodes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { openTransfer, type ClientDeps } from '../../shared/client/index.ts';

const root = path.join(import.meta.dirname, '..', '..');

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly signal?: AbortSignal;
  /** How `signal` ends it. */
  readonly killSignal?: NodeJS.Signals;
  readonly cwd?: string;
  /** What is typed or piped in; nothing unless given. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the `shardsend` command to its end. */
export function runCommand(args: readonly string[], { input, env, ...options }: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, 'cli/main.ts'), ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env }, ...options });
    child.stdin.on('error', () => undefined); // a command that ends early reads nothing
    child.stdin.end(input);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => (stdout += String(data)));
    child.stderr.on('data', (data) => (stderr += String(data)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export class Network {
  readonly origin: string;
  readonly data: string;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, origin: string, data: string) {
    this.#process = child;
    this.origin = origin;
    this.data = data;
  }

  /** Resolves when the command says that it is ready. */
  static async start(options: { port: number; nodes: number; data: string }): Promise<Network> {
    const args = ['network', '--port', String(options.port), '--nodes', String(options.nodes), '--data', options.data];
    const child = spawn(process.execPath, [path.join(root, 'cli/main.ts'), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let log = '';
    child.stderr.on('data', (data) => (log = (log + String(data)).slice(-10_000)));
    const origin = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const match = /^ready (\S+)$/.exec(line);
        if (match) resolve(match[1]!);
      });
      child.once('exit', (code) => reject(new Error(`the network ended with ${code}: ${log}`)));
    });
    return new Network(child, origin, options.data);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGTERM');
    await gone;
  }
}

/** Waits until every shard of a transfer is stored: hardening has run. */
export async function untilHardened(link: string, deps: ClientDeps, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const { status } = await openTransfer(link, deps, { signal });
    if (status.survives === status.totalShards - status.requiredShards) return;
    await deps.delay(250, signal);
  }
}
