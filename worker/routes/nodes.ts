/** Nodes come and stay: registration and heartbeats. docs/protocol.md §10. */
import { Hono } from 'hono';
import { isPublicHost, networkOf } from '../../shared/policy/address.ts';
import { KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { heartbeatSchema, parseMessage, registrationSchema } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { allowsSharedHosts, coordinatorKeyOf, heartbeatMsOf } from '../environment.ts';
import { forgetDirectory } from '../network/directory.ts';
import { checkHealth } from '../network/node-client.ts';
import { fromResult } from '../result.ts';
import { readSigned, type AppEnv } from './context.ts';

export const nodeRoutes = new Hono<AppEnv>()
  .post('/', async (c) => {
    const { by, body } = await readSigned(c);
    const registration = parseMessage(registrationSchema, body);
    if (registration.freeBytes > registration.capacityBytes) throw new SendError('bad_request', 'a node has no more free space than space');
    const url = readNodeUrl(registration.url, allowsSharedHosts(c.env));
    await checkHealth(url.address, by.key, crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
    const network = networkOf(url.hostname, c.req.header('CF-Connecting-IP'));
    const node = c.env.NODES.get(c.env.NODES.idFromName(by.nodeId));
    await fromResult(node.register({ nodeId: by.nodeId, atMs: by.atMs }, { ...registration, url: url.address }, network));
    forgetDirectory();
    return c.json({ nodeId: by.nodeId, coordinatorKey: (await coordinatorKeyOf(c.env)).name, heartbeatMs: heartbeatMsOf(c.env) });
  })
  .post('/heartbeat', async (c) => {
    const { by, body } = await readSigned(c);
    const heartbeat = parseMessage(heartbeatSchema, body);
    await fromResult(c.env.NODES.get(c.env.NODES.idFromName(by.nodeId)).heartbeat({ nodeId: by.nodeId, atMs: by.atMs }, heartbeat));
    return c.json({ nowMs: clock.nowMs(), heartbeatMs: heartbeatMsOf(c.env) });
  });

/** Pages served over https reach only https nodes, and nobody else's machines: a local network alone may do otherwise. */
function readNodeUrl(text: string, anyHost: boolean): { address: string; hostname: string } {
  const url = new URL(text);
  if (!anyHost && (url.protocol !== 'https:' || !isPublicHost(url.hostname))) throw new SendError('bad_request', 'a public https address is needed');
  return { address: url.href.replace(/\/+$/, ''), hostname: url.hostname };
}
