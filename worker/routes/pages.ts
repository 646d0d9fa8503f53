/** The built pages, and the address of a transfer, which shows the receive page whatever else stands in it. docs/protocol.md §7. */
import { Hono } from 'hono';
import { SendError } from '../../shared/protocol/errors.ts';
import { decodePercent } from '../../shared/protocol/link-text.ts';
import type { AppContext, AppEnv } from './context.ts';

/** Their names change with their contents. */
const HASHED = '/assets/';
/** What a built page or asset may be called; nothing else is looked for. */
const NAME = /^[\w./-]+$/;
/** An address that holds a transfer's id and nothing else. */
const PLAIN = /^\/d\/[\w-]{22}\/?$/;
/** What a link becomes in the hands of filters: `/D/…`, `/%64/…`, `//d/…`, `/d%2F…`. */
const TRANSFER = /^\/+d(?![\w.-])/i;

export const pageRoutes = new Hono<AppEnv>()
  .get('/d/*', (c) => showReceivePage(c))
  .get('/', (c) => showAsset(c, '/index.html'))
  .get('/assets/*', (c) => showAsset(c, new URL(c.req.url).pathname))
  .get('*', (c) => {
    const { pathname } = new URL(c.req.url);
    if (TRANSFER.test(decodePercent(pathname))) return showReceivePage(c);
    const isPage = !pathname.slice(pathname.lastIndexOf('/')).includes('.');
    return showAsset(c, isPage ? `${pathname.replace(/\/+$/, '')}.html` : pathname);
  });

/** An address that may hold a key is kept in no cache: a cache keeps the address with the page. */
async function showReceivePage(c: AppContext): Promise<Response> {
  const { pathname, search } = new URL(c.req.url);
  const response = await showAsset(c, '/d.html');
  if (!PLAIN.test(pathname) || search !== '') response.headers.set('Cache-Control', 'no-store');
  return response;
}

/** The request is made anew: what stood in the address or the headers goes no further than here. */
async function showAsset(c: AppContext, path: string): Promise<Response> {
  if (!NAME.test(path)) throw new SendError('not_found');
  const headers = new Headers();
  const known = c.req.header('If-None-Match');
  if (known !== undefined) headers.set('If-None-Match', known);
  const found = await c.env.ASSETS.fetch(new Request(new URL(path, new URL(c.req.url).origin), { method: c.req.method, headers }));
  if (found.status !== 200 && found.status !== 304) {
    await found.body?.cancel();
    throw new SendError('not_found');
  }
  const response = new Response(found.body, found);
  response.headers.set('Cache-Control', path.startsWith(HASHED) ? 'public, max-age=31536000, immutable' : 'no-cache');
  return response;
}
