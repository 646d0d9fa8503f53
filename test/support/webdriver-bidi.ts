/** WebDriver BiDi over the browser's own socket. W3C WebDriver BiDi; what tests use of it. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { asJson, buttonNamed, FILE_CHOOSER, nodeAt, type EnginePage } from './webdriver.ts';

type Json = Record<string, unknown>;
type Message =
  | { readonly id: number; readonly type: 'success'; readonly result: Json }
  | { readonly id: number; readonly type: 'error'; readonly error: string; readonly message: string }
  | { readonly type: 'event' };

interface Waiting {
  resolve(result: Json): void;
  reject(error: Error): void;
}

export class BidiSession {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  /** The tab that the browser began with: new ones open in its window, whatever else the browser shows, and it keeps that open. */
  #firstTab = '';
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(JSON.parse((data as Buffer).toString()) as Message));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser closed the session'));
    });
  }

  /** @param address - as the browser prints it. */
  static async connect(address: string): Promise<BidiSession> {
    const socket = new WebSocket(`${address}/session`, { perMessageDeflate: false });
    await once(socket, 'open');
    const session = new BidiSession(socket);
    await session.send('session.new', { capabilities: { alwaysMatch: { unhandledPromptBehavior: { default: 'ignore' } } } });
    const { contexts } = await session.send('browsingContext.getTree', { maxDepth: 0 });
    session.#firstTab = (contexts as { context: string }[])[0]!.context;
    return session;
  }

  send(method: string, params: Json): Promise<Json> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  async open(url: string): Promise<EnginePage> {
    const { context } = await this.send('browsingContext.create', { type: 'tab', referenceContext: this.#firstTab });
    const page = new BidiPage(this, String(context));
    await this.send('browsingContext.navigate', { context, url, wait: 'complete' });
    return page;
  }

  /** Runs an expression with the browser's own rights, where it was started with system access. */
  async inBrowser<T>(expression: string): Promise<T> {
    const { contexts } = await this.send('browsingContext.getTree', { 'moz:scope': 'chrome', maxDepth: 0 });
    return new BidiPage(this, (contexts as { context: string }[])[0]!.context).evaluate<T>(expression);
  }

  close(): void {
    this.#socket.close();
  }

  #receive(message: Message): void {
    if (message.type === 'event') return;
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === 'success') waiting?.resolve(message.result);
    else waiting?.reject(new Error(`${message.error}: ${message.message}`));
  }
}

class BidiPage implements EnginePage {
  readonly #session: BidiSession;
  readonly #context: string;

  constructor(session: BidiSession, context: string) {
    this.#session = session;
    this.#context = context;
  }

  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.#session.send('script.evaluate', { expression: asJson(expression), target: { context: this.#context }, awaitPromise: true, userActivation: true });
    if (answer['type'] === 'exception') throw new Error((answer['exceptionDetails'] as { text: string }).text);
    return JSON.parse((answer['result'] as { value: string }).value) as T;
  }

  async visit(url: string): Promise<void> {
    try {
      await this.#session.send('browsingContext.navigate', { context: this.#context, url, wait: 'none' });
    } catch (error) {
      if (!/NS_(?:BINDING_ABORTED|ERROR_ABORT)/.test(String(error))) throw error;
    }
  }

  async press(button: string): Promise<void> {
    const xpath = buttonNamed(button);
    await this.#session.send('browsingContext.activate', { context: this.#context });
    await this.evaluate(`${nodeAt(xpath)}?.scrollIntoView({ block: 'center' })`);
    const pointer = [
      { type: 'pointerMove', x: 0, y: 0, origin: { type: 'element', element: await this.#find(xpath) } },
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    ];
    await this.#session.send('input.performActions', { context: this.#context, actions: [{ type: 'pointer', id: 'mouse', actions: pointer }] });
  }

  async chooseFiles(files: readonly string[]): Promise<void> {
    await this.#session.send('input.setFiles', { context: this.#context, element: await this.#find(FILE_CHOOSER), files });
  }

  async close(): Promise<void> {
    await this.#session.send('browsingContext.close', { context: this.#context });
  }

  async #find(xpath: string): Promise<{ sharedId: string }> {
    const { nodes } = await this.#session.send('browsingContext.locateNodes', { context: this.#context, locator: { type: 'xpath', value: xpath }, maxNodeCount: 1 });
    const [node] = nodes as { sharedId: string }[];
    if (!node) throw new Error(`nothing is at ${xpath}`);
    return { sharedId: node.sharedId };
  }
}
