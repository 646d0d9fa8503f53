/** Nodes come, stay, are told what is thought of them, and leave. docs/protocol.md §10. */
import { Hono } from 'hono';
import { isPublicHost } from '../../shared/policy/address.ts';
import { KEY_BYTES, decodeB64 } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { bucketSchema, inventorySchema } from '../../shared/protocol/inventory.ts';
import { INVENTORY_BUCKETS } from '../../shared/protocol/limits.ts';
import { heartbeatSchema, parseMessage, registrationSchema } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { allowsSharedHosts, coordinatorKeyOf, epochMsOf, heartbeatMsOf } from '../environment.ts';
import { readViewer } from '../http/tokens.ts';
import { forgetDirectory } from '../network/directory.ts';
import { checkHealth } from '../network/node-client.ts';
import { connectionOf, placeOf } from '../network/place.ts';
import { nodeOf } from '../objects/named.ts';
import { fromResult } from '../result.ts';
import { addressOf, admit, readSigned, type AppContext, type AppEnv } from './context.ts';

export const nodeRoutes = new Hono<AppEnv>()
  .post('/', async (c) => {
    await admit(c, 'register');
    const { by, body } = await readSigned(c);
    const registration = parseMessage(registrationSchema, body);
    if (registration.freeBytes > registration.capacityBytes) throw new SendError('bad_request', 'a node has no more free space than space');
    const url = readNodeUrl(registration.url, allowsSharedHosts(c.env));
    await checkHealth(url.address, by.key, crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
    const place = placeOf(url.hostname, addressOf(c), registration.region, connectionOf(c.req.raw, allowsSharedHosts(c.env)));
    await fromResult(nodeOf(c.env, by.nodeId).register({ nodeId: by.nodeId, atMs: by.atMs }, { ...registration, url: url.address }, place));
    forgetDirectory();
    return c.json({ nodeId: by.nodeId, coordinatorKey: (await coordinatorKeyOf(c.env)).name, heartbeatMs: heartbeatMsOf(c.env), epochMs: epochMsOf(c.env) });
  })
  .post('/heartbeat', async (c) => {
    const { by, body } = await readSigned(c);
    const heartbeat = parseMessage(heartbeatSchema, body);
    await fromResult(nodeOf(c.env, by.nodeId).heartbeat({ nodeId: by.nodeId, atMs: by.atMs }, heartbeat));
    return c.json({ nowMs: clock.nowMs(), heartbeatMs: heartbeatMsOf(c.env), epochMs: epochMsOf(c.env) });
  })
  .post('/inventory', async (c) => {
    const { by, body } = await readSigned(c);
    return c.json({ differ: await fromResult(nodeOf(c.env, by.nodeId).compareInventory(parseMessage(inventorySchema, body))) });
  })
  .post('/inventory/:bucket', async (c) => {
    const { by, body } = await readSigned(c);
    const bucket = readBucket(c.req.param('bucket'));
    const listed = parseMessage(bucketSchema, body);
    return c.json({ surplus: await fromResult(nodeOf(c.env, by.nodeId).compareBucket({ nodeId: by.nodeId, atMs: by.atMs }, bucket, listed)) });
  })
  .get('/:id', async (c) => {
    const nodeId = readNodeId(c.req.param('id'));
    const viewer = readViewer(c.req.header('Authorization') ?? null);
    if (viewer === null) await readOwn(c, nodeId);
    return c.json(await fromResult(nodeOf(c.env, nodeId).status(viewer)));
  })
  .post('/:id/leave', async (c) => {
    const nodeId = readNodeId(c.req.param('id'));
    await readOwn(c, nodeId);
    return c.json(await fromResult(nodeOf(c.env, nodeId).leave()));
  })
  .post('/:id/appeal', async (c) => {
    const nodeId = readNodeId(c.req.param('id'));
    await readOwn(c, nodeId);
    return c.json(await fromResult(nodeOf(c.env, nodeId).appeal()));
  });

/** A request that the node of this id signed. @throws SendError `unauthorized` also where another one did. */
async function readOwn(c: AppContext, nodeId: string): Promise<void> {
  const { by } = await readSigned(c);
  if (by.nodeId !== nodeId) throw new SendError('unauthorized', 'another node signed the request');
}

/** @throws SendError `not_found` for what is no node's id. */
function readNodeId(text: string): string {
  decodeB64(text, KEY_BYTES, 'not_found');
  return text;
}

/** @throws SendError `not_found`. */
function readBucket(text: string): number {
  if (!/^(0|[1-9]\d?)$/.test(text) || Number(text) >= INVENTORY_BUCKETS) throw new SendError('not_found');
  return Number(text);
}

/**
 * Pages served over https reach only https nodes, and nobody else's machines: a local network alone may do otherwise.
 *
 * @throws SendError `address_not_public`.
 */
function readNodeUrl(text: string, anyHost: boolean): { address: string; hostname: string } {
  const url = new URL(text);
  if (!anyHost && (url.protocol !== 'https:' || !isPublicHost(url.hostname))) throw new SendError('address_not_public');
  return { address: url.href.replace(/\/+$/, ''), hostname: url.hostname };
}
