/**
 * Fetching inside a page: its cookies, its Referer, its blobs. The answer comes through a port between the page's frame and
 * this tab, piece by piece and only as fast as it is stored; the background has no part in it.
 */
import { browser } from 'wxt/browser';
import type { Answer } from './answers.ts';
import type { Source } from './jobs.ts';
import { serveFetch, type PageIsTold, type PageSays } from './page-scripts.ts';
import { refused } from './refusals.ts';

/** Pieces on their way: enough to hide the way, and no more than a few MB. */
const AHEAD = 3;

/** @throws Refused `page`, `gone`, `network` or `elsewhere`. */
export async function fetchInPage({ tabId, frameId }: Pick<Source, 'tabId' | 'frameId'>, url: string, signal: AbortSignal): Promise<Answer> {
  const name = crypto.randomUUID();
  await browser.scripting.executeScript({ target: { tabId, frameIds: [frameId] }, func: serveFetch, args: [name] }).catch((cause: unknown) => {
    throw refused('page', { cause });
  });
  signal.throwIfAborted();
  const port = browser.tabs.connect(tabId, { frameId, name });
  const said = new Inbox<PageSays>();
  const tell = (message: PageIsTold): void => {
    try {
      port.postMessage(message);
    } catch (cause) {
      said.end(refused('gone', { cause })); // the page went just now
    }
  };
  port.onMessage.addListener((message: PageSays) => said.put(message));
  port.onDisconnect.addListener(() => said.end(refused('gone')));
  const close = (): void => {
    port.disconnect();
    said.end(signal.aborted ? signal.reason : refused('gone'));
  };
  signal.addEventListener('abort', close, { once: true });
  tell({ url });
  const head = await said.take();
  if (head.type !== 'head') {
    close();
    throw refused(head.type === 'refused' && head.redirected ? 'elsewhere' : 'network');
  }
  return { ...head, close, body: read() };

  async function* read(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    try {
      for (let ahead = 0; ahead < AHEAD; ahead++) tell({ next: true });
      for (;;) {
        const message = await said.take();
        if (message.type === 'end') return;
        if (message.type !== 'piece') throw refused('broken');
        yield decodeBase64(message.data);
        tell({ next: true });
      }
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
  }
}

/** Messages in the order of their coming, until there are no more. */
class Inbox<T> {
  readonly #messages: T[] = [];
  #failure: { readonly reason: unknown } | null = null;
  #wake = (): void => undefined;

  put(message: T): void {
    this.#messages.push(message);
    this.#wake();
  }

  /** What came before is still taken. */
  end(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake();
  }

  async take(): Promise<T> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#failure) throw this.#failure.reason;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
