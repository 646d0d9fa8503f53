/**
 * Functions that run inside the page a person right-clicked in, with that page's rights and no more (activeTab). Each is
 * sent as source text, so it must not use anything outside itself. What they return, or say, crosses as JSON.
 */

/** What `serveFetch` says through its port; and `url`, then a `next` for each further piece, is what it is told. */
export type PageSays =
  | { readonly type: 'head'; readonly status: number; readonly url: string; readonly mime: string; readonly disposition: string; readonly bytes: number | null }
  /** Base64. */
  | { readonly type: 'piece'; readonly data: string }
  | { readonly type: 'end' }
  /** No answer that the page may read. `redirected`: there is one, and it leads on. */
  | { readonly type: 'refused'; readonly redirected: boolean }
  /** After the head. */
  | { readonly type: 'broken' };
export type PageIsTold = { readonly url: string } | { readonly next: true };

interface Port {
  readonly name: string;
  readonly onMessage: { addListener(listener: (message: PageIsTold) => void): void };
  readonly onDisconnect: { addListener(listener: () => void): void };
  postMessage(message: PageSays): void;
}
interface Runtime {
  readonly onConnect: Record<'addListener' | 'removeListener', (listener: (port: Port) => void) => void>;
}

/**
 * Fetches one address for whoever connects under `name`, and hands it over piece by piece, each when it is asked for: the
 * page never holds more than one.
 */
export function serveFetch(name: string): void {
  const PIECE_BYTES = 1024 * 1024;
  /** What comes slowly is handed over before it makes a whole piece. */
  const PIECE_MS = 200;
  const scope = globalThis as unknown as { browser?: { runtime: Runtime }; chrome: { runtime: Runtime }; content?: { fetch: typeof fetch } };
  const { onConnect } = (scope.browser ?? scope.chrome).runtime;

  const encode = (bytes: Uint8Array): string => {
    let binary = '';
    for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(binary);
  };

  const serve = (port: Port): void => {
    if (port.name !== name) return;
    onConnect.removeListener(serve);
    const left = new AbortController();
    port.onDisconnect.addListener(() => left.abort());
    const say = (message: PageSays): void => {
      if (!left.signal.aborted) port.postMessage(message);
    };
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    let rest = new Uint8Array(0);
    let ended = false;

    const begin = async (url: string): Promise<void> => {
      // In Firefox the page's own fetch has the page's cookies and objects; it is undefined elsewhere.
      const ask = (init: RequestInit): Promise<Response> => (scope.content ? scope.content.fetch(url, init) : fetch(url, init));
      try {
        const response = await ask({ credentials: 'same-origin', signal: left.signal });
        const { headers } = response;
        const length = Number(headers.get('content-length') ?? NaN);
        reader = response.body?.getReader();
        say({
          type: 'head',
          status: response.status,
          url: response.url || url,
          mime: headers.get('content-type') ?? '',
          disposition: headers.get('content-disposition') ?? '',
          bytes: Number.isSafeInteger(length) && !headers.has('content-encoding') ? length : null,
        });
      } catch {
        if (left.signal.aborted) return;
        const redirected = await ask({ credentials: 'same-origin', redirect: 'manual' }).then(
          ({ type }) => type === 'opaqueredirect',
          () => false,
        );
        say({ type: 'refused', redirected });
      }
    };

    const next = async (): Promise<void> => {
      try {
        const chunks = [rest];
        let held = rest.length;
        for (const since = performance.now(); !ended && held < PIECE_BYTES && (held === 0 || performance.now() - since < PIECE_MS);) {
          const { done, value } = reader ? await reader.read() : { done: true as const, value: undefined };
          if (done) ended = true;
          else held += chunks[chunks.push(new Uint8Array(value)) - 1]!.length;
        }
        if (held === 0) return say({ type: 'end' });
        const piece = new Uint8Array(held);
        let at = 0;
        for (const chunk of chunks) {
          piece.set(chunk, at);
          at += chunk.length;
        }
        say({ type: 'piece', data: encode(piece.subarray(0, PIECE_BYTES)) });
        rest = piece.subarray(PIECE_BYTES);
      } catch {
        say({ type: 'broken' });
      }
    };

    let turn = Promise.resolve();
    port.onMessage.addListener((told) => {
      const before = turn;
      turn = (async () => {
        await before;
        await ('url' in told ? begin(told.url) : next());
      })();
    });
  };
  onConnect.addListener(serve);
}

/** The selection with its line breaks, also inside a field. */
export function readSelection(): string {
  const field = document.activeElement;
  if (field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && field.type !== 'password')) {
    const { selectionStart, selectionEnd, value } = field;
    if (selectionStart !== null && selectionEnd !== null && selectionStart !== selectionEnd) return value.slice(selectionStart, selectionEnd);
  }
  return getSelection()?.toString() ?? '';
}
