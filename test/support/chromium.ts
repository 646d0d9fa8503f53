/**
 * Chromium over the DevTools protocol without its Network domain, which copies every request body and would be what
 * one measures. For benches; tests of behaviour use playwright-core.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

/** @throws Error when there is no Chromium or Chrome; `npm test` installs one. */
export function findChromium(): string {
  const named = process.env['CHROMIUM_PATH'];
  if (named && existsSync(named)) return named;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    const found = spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim();
    if (found) return found;
  }
  throw new Error('no Chromium found: install one, or set CHROMIUM_PATH');
}

export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--no-default-browser-check',
];

const SAMPLE_MS = 100;

type Json = Record<string, unknown>;
interface Message {
  id?: number;
  method?: string;
  params?: Json;
  sessionId?: string;
  result?: Json;
  error?: { message: string };
}

export class Chromium {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #isKept: boolean;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(result: Json): void; reject(error: Error): void }>();
  readonly #listeners = new Set<(message: Message) => void>();
  #nextId = 1;

  private constructor(child: ChildProcess, profile: string, isKept: boolean, socket: WebSocket) {
    this.#process = child;
    this.#profile = profile;
    this.#isKept = isKept;
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(JSON.parse((data as Buffer).toString()) as Message));
  }

  /** @param kept - a profile's folder, which stays; one of its own unless given. */
  static async launch(flags: readonly string[] = [], kept?: string): Promise<Chromium> {
    const profile = kept ?? mkdtempSync(path.join(tmpdir(), 'shardsend-chromium-'));
    const child = spawn(findChromium(), [...CHROMIUM_FLAGS, ...flags, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    const address = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        const match = /DevTools listening on (ws:\S+)/.exec(line);
        if (match) resolve(match[1]!);
      });
      child.once('exit', (code) => reject(new Error(`Chromium exited with ${code}`)));
    });
    const socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: 256 * 1024 * 1024 });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new Chromium(child, profile, kept !== undefined, socket);
  }

  async send(method: string, params: Json = {}, sessionId?: string): Promise<Json> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }));
    });
  }

  on(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async open(url: string): Promise<Page> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, String(sessionId), String(targetId));
    await page.send('Page.enable');
    const loaded = new Promise<void>((resolve) => {
      const off = this.on((message) => {
        if (message.method !== 'Page.loadEventFired' || message.sessionId !== sessionId) return;
        off();
        resolve();
      });
    });
    await page.send('Page.navigate', { url });
    await loaded;
    return page;
  }

  /** Proportional set size of all the browser's processes, in bytes: shared pages count once. */
  residentBytes(): number {
    return residentBytesOf(this.#process.pid!);
  }

  /** @see peakOverNow */
  peakOverNow<T>(work: () => Promise<T>): Promise<Peak<T>> {
    return peakOverNow(this.#process.pid!, work);
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#socket.close();
    process.kill(-this.#process.pid!, 'SIGKILL');
    await gone;
    if (!this.#isKept) rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #receive(message: Message): void {
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (waiting) {
      this.#waiting.delete(message.id!);
      if (message.error) waiting.reject(new Error(message.error.message));
      else waiting.resolve(message.result ?? {});
    } else for (const listener of this.#listeners) listener(message);
  }
}

export class Page {
  readonly #browser: Chromium;
  readonly #session: string;
  readonly targetId: string;

  constructor(browser: Chromium, session: string, targetId: string) {
    this.#browser = browser;
    this.#session = session;
    this.targetId = targetId;
  }

  send(method: string, params: Json = {}): Promise<Json> {
    return this.#browser.send(method, params, this.#session);
  }

  /** Runs in the page with a user's gesture; waits for a promise. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, userGesture: true });
    const failure = answer['exceptionDetails'] as { exception?: { description?: string }; text: string } | undefined;
    if (failure) throw new Error(failure.exception?.description ?? failure.text);
    return (answer['result'] as { value: T }).value;
  }

  /** Waits, inside the page and without polling its main thread hard, until the expression is truthy. */
  until(expression: string): Promise<number> {
    return this.evaluate<number>(`new Promise((resolve) => {
      const look = () => { if (${expression}) { watch.disconnect(); clearInterval(timer); resolve(performance.now()); } };
      const watch = new MutationObserver(look);
      watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      const timer = setInterval(look, 250);
      look();
    })`);
  }

  async setFiles(selector: string, files: readonly string[]): Promise<void> {
    const { root } = (await this.send('DOM.getDocument')) as { root: { nodeId: number } };
    const { nodeId } = await this.send('DOM.querySelector', { nodeId: root.nodeId, selector });
    await this.send('DOM.setFileInputFiles', { nodeId, files });
  }

  /** Answers the file chooser that a button of this page opens. */
  async answerChooser(files: readonly string[], open: () => Promise<void>): Promise<void> {
    await this.send('Page.setInterceptFileChooserDialog', { enabled: true });
    const asked = Promise.withResolvers<Json>();
    const off = this.#browser.on(({ method, sessionId, params }) => {
      if (method === 'Page.fileChooserOpened' && sessionId === this.#session) asked.resolve(params!);
    });
    await open();
    const { backendNodeId } = await asked.promise;
    off();
    await this.send('DOM.setFileInputFiles', { files, backendNodeId });
  }

  async close(): Promise<void> {
    await this.#browser.send('Target.closeTarget', { targetId: this.targetId });
  }
}

export interface Peak<T> {
  readonly result: T;
  readonly peakBytes: number;
}

/**
 * The most that a browser's processes together held above what they hold now, while something runs. Looking costs a tenth of
 * two cores, so nothing is timed meanwhile.
 */
export async function peakOverNow<T>(pid: number, work: () => Promise<T>): Promise<Peak<T>> {
  const idleBytes = residentBytesOf(pid);
  let peakBytes = 0;
  const timer = setInterval(() => (peakBytes = Math.max(peakBytes, residentBytesOf(pid) - idleBytes)), SAMPLE_MS);
  try {
    return { result: await work(), peakBytes };
  } finally {
    clearInterval(timer);
  }
}

/** @returns the browser's first process, which began with this profile. */
export function browserOfProfile(profile: string): number {
  const found = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return words.includes(`--user-data-dir=${profile}`) && !words.some((word) => word.startsWith('--type='));
    } catch {
      return false; // ended while we looked
    }
  });
  if (found === undefined) throw new Error(`no browser runs with ${profile}`);
  return Number(found);
}

const residentBytesOf = (root: number): number => processTree(root).reduce((sum, pid) => sum + proportionalBytes(pid), 0);

function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      continue; // ended while we looked
    }
  }
  const tree: number[] = [];
  for (const stack = [root]; stack.length > 0;) {
    const pid = stack.pop()!;
    tree.push(pid);
    stack.push(...(children.get(pid) ?? []));
  }
  return tree;
}

function proportionalBytes(pid: number): number {
  try {
    const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return match ? Number(match[1]) * 1024 : 0;
  } catch {
    return 0; // ended while we looked
  }
}
