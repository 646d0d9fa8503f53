/** What anyone may know of the network. docs/protocol.md §10. */
import { Hono } from 'hono';
import { MAX_CONTENT_BYTES, MAX_DOWNLOADS, MAX_EXPIRES_IN_SECONDS, MIN_EXPIRES_IN_SECONDS } from '../../shared/protocol/limits.ts';
import type { Network } from '../../shared/protocol/messages.ts';
import type { NetworkSummary } from '../../shared/protocol/node-status.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf, onlineForMsOf } from '../environment.ts';
import { readDirectory } from '../network/directory.ts';
import { readSummary } from '../network/published.ts';
import { summarize } from '../network/summary.ts';
import type { AppEnv } from './context.ts';

/** Of a network that has just begun. */
const NOTHING = { nodes: [], tallies: [], censuses: [] };

const limits: Network['limits'] = {
  maxContentBytes: MAX_CONTENT_BYTES,
  minExpiresInSeconds: MIN_EXPIRES_IN_SECONDS,
  maxExpiresInSeconds: MAX_EXPIRES_IN_SECONDS,
  maxDownloads: MAX_DOWNLOADS,
};

export const networkRoutes = new Hono<AppEnv>()
  .get('/', async (c) => {
    const [{ name }, directory] = [await coordinatorKeyOf(c.env), await readDirectory(c.env)];
    const nowMs = clock.nowMs();
    return c.json<Network>({ version: 1, coordinatorKey: name, nowMs, nodes: { online: directory.countOnline(nowMs), total: directory.nodes.length }, limits });
  })
  .get('/summary', async (c) => c.json<NetworkSummary>((await readSummary(c.env)) ?? summarize({ ...NOTHING, atMs: clock.nowMs(), onlineForMs: onlineForMsOf(c.env) })));
