/** WebDriver over HTTP, as drivers that are programs of their own speak it. W3C WebDriver; what tests use of it. */
import { asJson, buttonNamed, FILE_CHOOSER, PATIENCE_MS, type EnginePage } from './webdriver.ts';

type Json = Record<string, unknown>;

/** The key of an element's reference. W3C WebDriver §12.2. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

export class ClassicSession {
  readonly #address: string;
  /** The window that the browser came with: others are opened from it. */
  readonly #first: string;
  /** One window has the driver's attention at a time: commands of pages take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(address: string, first: string) {
    this.#address = address;
    this.#first = first;
  }

  /** @param driver - its address. */
  static async start(driver: string, capabilities: Json): Promise<ClassicSession> {
    const { sessionId } = (await call('POST', `${driver}/session`, { capabilities: { alwaysMatch: capabilities } })) as { sessionId: string };
    const address = `${driver}/session/${sessionId}`;
    const session = new ClassicSession(address, (await call('GET', `${address}/window`)) as string);
    await session.send('POST', 'timeouts', { script: 2 * PATIENCE_MS, pageLoad: 2 * PATIENCE_MS });
    return session;
  }

  send(method: 'GET' | 'POST' | 'DELETE', command: string, body?: Json): Promise<unknown> {
    return call(method, `${this.#address}/${command}`, body);
  }

  /** Runs commands with a window in front, and nobody else's between them. */
  inWindow<T>(handle: string, commands: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(async () => {
      await this.send('POST', 'window', { handle });
      return commands();
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async open(url: string): Promise<EnginePage> {
    const { handle } = (await this.inWindow(this.#first, () => this.send('POST', 'window/new', { type: 'tab' }))) as { handle: string };
    await this.inWindow(handle, () => this.send('POST', 'url', { url }));
    return new ClassicPage(this, handle);
  }

  async end(): Promise<void> {
    await call('DELETE', this.#address);
  }
}

class ClassicPage implements EnginePage {
  readonly #session: ClassicSession;
  readonly #handle: string;

  constructor(session: ClassicSession, handle: string) {
    this.#session = session;
    this.#handle = handle;
  }

  async evaluate<T>(expression: string): Promise<T> {
    const script = `const done = arguments[0]; ${asJson(expression)}.then((json) => done({ json }), (error) => done({ error: String(error) }));`;
    const { json, error } = (await this.#send('execute/async', { script, args: [] })) as { json?: string; error?: string };
    if (json === undefined) throw new Error(error);
    return JSON.parse(json) as T;
  }

  async visit(url: string): Promise<void> {
    await this.#send('url', { url });
  }

  press(button: string): Promise<void> {
    return this.#onElement(buttonNamed(button), 'click', {});
  }

  chooseFiles(files: readonly string[]): Promise<void> {
    return this.#onElement(FILE_CHOOSER, 'value', { text: files.join('\n') });
  }

  async close(): Promise<void> {
    await this.#session.inWindow(this.#handle, () => this.#session.send('DELETE', 'window'));
  }

  #send(command: string, body: Json): Promise<unknown> {
    return this.#session.inWindow(this.#handle, () => this.#session.send('POST', command, body));
  }

  async #onElement(xpath: string, command: string, body: Json): Promise<void> {
    await this.#session.inWindow(this.#handle, async () => {
      const found = (await this.#session.send('POST', 'element', { using: 'xpath', value: xpath })) as Record<string, string>;
      await this.#session.send('POST', `element/${found[ELEMENT]!}/${command}`, body);
    });
  }
}

async function call(method: string, address: string, body?: Json): Promise<unknown> {
  const answer = await fetch(address, { method, ...(body ? { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } } : {}) });
  const { value } = (await answer.json()) as { value: unknown };
  if (answer.ok) return value;
  const { error, message } = value as { error: string; message: string };
  throw new Error(`${error}: ${message}`);
}
