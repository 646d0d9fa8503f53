/**
 * One program of a local network as a child process: its log, its first sign of readiness, its end. It leads a process
 * group of its own, so that Ctrl-C reaches this process alone; it ends when its IPC channel closes, whether this process
 * asks for that or is gone.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

const STOP_PATIENCE_MS = 15_000;

export interface ChildOptions {
  /** For people: `node 3`. */
  readonly name: string;
  /** Arguments of Node. */
  readonly args: readonly string[];
  readonly logFile: string;
  /** Whether this line of its output, or this IPC message, says that it is ready. */
  isReady(line: string): boolean;
  /** Called once when it ended without being asked to. */
  onLost(code: string): void;
}

export class Child {
  readonly #process: ChildProcess;
  readonly #ready: Promise<void>;
  readonly #ended: Promise<unknown>;
  #stopping = false;

  private constructor(options: ChildOptions) {
    const { name, args, logFile, isReady, onLost } = options;
    this.#process = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true });
    this.#ended = once(this.#process, 'exit');
    const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
    this.#ready = new Promise((resolve, reject) => {
      const hear = (line: string): void => {
        if (isReady(line)) resolve();
      };
      for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
        stream.pipe(log, { end: false });
        createInterface({ input: stream }).on('line', hear);
      }
      this.#process.on('message', (message) => hear(typeof message === 'string' ? message : ''));
      this.#process.on('error', reject);
      // Later than its end: what it started may still write.
      this.#process.on('close', () => log.end());
      this.#process.on('exit', (code, signal) => {
        reject(new Error(`${name} ended before it was ready (${signal ?? code}); see ${logFile}`));
        if (!this.#stopping) onLost(signal ?? String(code));
      });
    });
    this.#ready.catch(() => undefined); // whoever started it awaits `start`
  }

  /** @throws Error when it ends before it is ready. */
  static async start(options: ChildOptions): Promise<Child> {
    const child = new Child(options);
    await child.#ready;
    return child;
  }

  get pid(): number {
    return this.#process.pid!;
  }
  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Asks it to end, and ends it where it does not. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_PATIENCE_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Ends it as a power cut would, with every process that it started: workerd outlives a Miniflare that was killed. */
  async kill(): Promise<void> {
    this.#stopping = true;
    if (this.running && process.platform === 'win32') this.#process.kill('SIGKILL');
    else if (this.running) process.kill(-this.pid, 'SIGKILL');
    await this.#ended;
  }
}
