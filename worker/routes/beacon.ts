/**
 * What audits were drawn from, for everybody who wants to recompute them. docs/protocol.md §10, epochs.
 *
 * An epoch's beacon is told when the epoch is over: a node that knew its questions ahead could declare lost, or fetch from
 * others, just what it is about to be asked for.
 */
import { Hono } from 'hono';
import { epochAt } from '../../shared/policy/audit.ts';
import { encodeB64 } from '../../shared/protocol/bytes.ts';
import type { Beacon } from '../../shared/protocol/audit.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { clock } from '../clock.ts';
import { epochMsOf } from '../environment.ts';
import { signBeacon } from '../network/beacon.ts';
import type { AppEnv } from './context.ts';

export const beaconRoutes = new Hono<AppEnv>().get('/', async (c) => {
  const epochMs = epochMsOf(c.env);
  const last = epochAt(clock.nowMs(), epochMs) - 1;
  const text = c.req.query('epoch') ?? String(last);
  if (!/^(0|[1-9]\d{0,14})$/.test(text)) throw new SendError('bad_request', 'not an epoch');
  const epoch = Number(text);
  if (epoch > last) throw new SendError('not_found');
  return c.json<Beacon>({ epoch, epochMs, signature: encodeB64(await signBeacon(c.env, epoch)) });
});
