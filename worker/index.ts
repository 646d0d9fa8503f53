/** The coordinator: its interface under /api, its pages everywhere else. docs/protocol.md §10. */
import { Hono } from 'hono';
import { routePath } from 'hono/route';
import { SendError } from '../shared/protocol/errors.ts';
import { clock } from './clock.ts';
import { allowsSharedHosts } from './environment.ts';
import { preflightResponse, setApiHeaders, setSecurityHeaders } from './http/headers.ts';
import { log } from './http/log.ts';
import { problemResponse, toSendError } from './http/problems.ts';
import { accountRoutes } from './routes/account.ts';
import { beaconRoutes } from './routes/beacon.ts';
import type { AppContext, AppEnv } from './routes/context.ts';
import { networkRoutes } from './routes/network.ts';
import { nodeRoutes } from './routes/nodes.ts';
import { pageRoutes } from './routes/pages.ts';
import { transferRoutes } from './routes/transfers.ts';

export { AccountObject } from './objects/account.ts';
export { DirectoryObject } from './objects/directory.ts';
export { NodeObject } from './objects/node.ts';
export { PublisherObject } from './objects/publisher.ts';
export { TransferObject } from './objects/transfer.ts';
export { WatchObject } from './objects/watch.ts';

const app = new Hono<AppEnv>();

app.use(async (c, next) => {
  const startMs = clock.nowMs();
  await next();
  log({ event: 'request', method: knownMethod(c.req.method), route: routePath(c), status: c.res.status, code: c.get('code') ?? null, ms: clock.nowMs() - startMs });
});
app.use('/api/*', async (c, next) => {
  await next();
  setApiHeaders(c.res.headers);
});
app.use(async (c, next) => {
  await next();
  if (isApi(c)) return;
  setSecurityHeaders(c.res.headers, { secure: new URL(c.req.url).protocol === 'https:', sharedHosts: allowsSharedHosts(c.env) });
});

app.options('/api/*', () => preflightResponse());
app.route('/api/account', accountRoutes);
app.route('/api/beacon', beaconRoutes);
app.route('/api/network', networkRoutes);
app.route('/api/nodes', nodeRoutes);
app.route('/api/transfers', transferRoutes);
app.all('/api/*', () => {
  throw new SendError('not_found');
});
app.route('/', pageRoutes);

app.notFound((c) => problem(c, new SendError('not_found')));
app.onError((thrown, c) => problem(c, toSendError(thrown, routePath(c))));

function problem(c: AppContext, error: SendError): Response {
  c.set('code', error.code);
  return problemResponse(error);
}

const isApi = (c: AppContext): boolean => new URL(c.req.url).pathname.startsWith('/api/');
/** A method is a word that anyone may choose. */
const knownMethod = (method: string): string => (['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'].includes(method) ? method : 'other');

export default app;
