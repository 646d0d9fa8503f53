import { env } from 'cloudflare:workers';
import { listDurableObjectIds } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { signingKeyFromSeed } from '../../shared/protocol/signature.ts';
import { decodeB64, encodeB64, utf8 } from '../../shared/protocol/bytes.ts';
import { heartbeatAnswerSchema, networkSchema, parseMessage, registeredSchema } from '../../shared/protocol/messages.ts';
import { networkSummarySchema } from '../../shared/protocol/node-status.ts';
import { clock } from '../clock.ts';
import { publish, publishedNodes } from '../testing/publishing.ts';
import { TestNode } from '../testing/test-node.ts';
import { addNode, advance, call, codeOf, everyoneReports, heartbeat, register, startNetwork } from '../testing/test-network.ts';

const network = async () => parseMessage(networkSchema, await (await call('GET', '/api/network')).json());
const registration = { operator: 'o', capacityBytes: 1, freeBytes: 1, version: '1' };
let nodes: TestNode[];
beforeEach(async () => {
  nodes = await startNetwork(3);
});

describe('the network', () => {
  it('tells the key that orders are signed with, the limits and how many nodes are online', async () => {
    const answer = await network();
    expect(answer.nodes).toEqual({ online: 3, total: 3 });
    expect(answer.coordinatorKey).toBe(encodeB64((await signingKeyFromSeed(decodeB64(env.COORDINATOR_SEED))).publicKey));
  });
  it('counts a node as offline after six heartbeats without one, and online again with the next', async () => {
    advance(179_000);
    expect((await network()).nodes).toEqual({ online: 3, total: 3 });
    advance(2_000);
    expect((await network()).nodes).toEqual({ online: 0, total: 3 });
    await heartbeat(nodes[1]!);
    await publish();
    expect((await network()).nodes).toEqual({ online: 1, total: 3 });
  });
});

describe('the summary', () => {
  it('is all zeros before anything was published, and then what the publisher wrote', async () => {
    const read = async () => parseMessage(networkSummarySchema, await (await call('GET', '/api/network/summary')).json());
    expect((await read()).nodes.total).toBe(3);
    await env.SNAPSHOT.delete('summary');
    expect(await read()).toMatchObject({ atMs: clock.nowMs(), nodes: { total: 0, online: 0 }, transfers: { live: 0 } });
  });
});

describe('registration', () => {
  it('answers with who the node is and the rhythm of heartbeats', async () => {
    const answer = parseMessage(registeredSchema, await (await register(nodes[0]!)).json());
    expect(answer).toMatchObject({ nodeId: nodes[0]!.nodeId, heartbeatMs: 30_000 });
  });
  it('refuses a node that nobody can reach, and asks nothing of the directory', async () => {
    const lost = await TestNode.make('http://10.9.9.9:9000');
    expect(await codeOf(await register(lost))).toBe('address_unreachable');
    expect((await network()).nodes.total).toBe(3);
  });
  it('refuses a node whose address answers with another key', async () => {
    const node = await addNode();
    node.impostor = true;
    expect(await codeOf(await register(node))).toBe('unauthorized');
    const other = await TestNode.make(nodes[0]!.url);
    expect(await codeOf(await register(other))).toBe('unauthorized');
  });
  it('shows a node that came back at another address as soon as it is published', async () => {
    const node = nodes[0]!;
    Object.assign(node, { url: 'http://10.7.7.7:1234' });
    advance(1);
    await register(node);
    await publish();
    expect((await publishedNodes()).find(({ nodeId }) => nodeId === node.nodeId)?.url).toBe('http://10.7.7.7:1234');
  });
  it('refuses a node that says it has more free space than space', async () => {
    expect(await codeOf(await register(nodes[0]!, { capacityBytes: 1000, freeBytes: 1001 }))).toBe('bad_request');
    expect((await register(nodes[0]!, { capacityBytes: 1000, freeBytes: 1000 })).status).toBe(200);
  });
  it('ignores a registration that was recorded and sent again later', async () => {
    const node = nodes[0]!;
    const first = node.url;
    const body = utf8(JSON.stringify({ url: first, ...registration }));
    const recorded = await node.signed('POST', '/api/nodes', body, Date.UTC(2100, 0, 1) - 1000);
    advance(1000);
    expect((await call('POST', '/api/nodes', { token: recorded, body })).status).toBe(200);
    await publish();
    expect((await publishedNodes()).find(({ nodeId }) => nodeId === node.nodeId)?.operator).toBe('tester');
  });
  it('refuses forged, stale and misdirected signatures', async () => {
    const node = nodes[0]!;
    const body = { url: node.url, ...registration };
    const bytes = utf8(JSON.stringify(body));
    const cases: Record<string, string | undefined> = {
      missing: undefined,
      malformed: 'Shardsend-Node x',
      'another path': await node.signed('POST', '/api/nodes/heartbeat', bytes),
      'another query': await node.signed('POST', '/api/nodes?x=1', bytes),
      'another method': await node.signed('PUT', '/api/nodes', bytes),
      'another coordinator': await node.signed('POST', '/api/nodes', bytes, undefined, crypto.getRandomValues(new Uint8Array(32))),
      'another body': await node.signed('POST', '/api/nodes', utf8('{}')),
      stale: await node.signed('POST', '/api/nodes', bytes, Date.UTC(2100, 0, 1) - 5 * 60_000 - 1),
      future: await node.signed('POST', '/api/nodes', bytes, Date.UTC(2100, 0, 1) + 5 * 60_000 + 1),
    };
    for (const [name, token] of Object.entries(cases))
      expect(await codeOf(await call('POST', '/api/nodes', { body, ...(token === undefined ? {} : { token }) })), name).toBe('unauthorized');
  });
});

describe('heartbeats', () => {
  it('are answered with the time and the rhythm', async () => {
    advance(10);
    const answer = parseMessage(heartbeatAnswerSchema, await (await heartbeat(nodes[0]!)).json());
    expect(answer).toEqual({ nowMs: Date.UTC(2100, 0, 1) + 10, heartbeatMs: 30_000, epochMs: 3600_000 });
  });
  it('send a node that never registered to register, and keep nothing of it', async () => {
    const stranger = await TestNode.make('http://10.8.8.8');
    const before = (await listDurableObjectIds(env.NODES)).length;
    expect(await codeOf(await heartbeat(stranger))).toBe('not_found');
    expect((await listDurableObjectIds(env.NODES)).length).toBeLessThanOrEqual(before + 1);
  });
  it('free no more space than the node has', async () => {
    await register(nodes[0]!, { capacityBytes: 1000, freeBytes: 1000 });
    advance(1);
    await heartbeat(nodes[0]!);
    await publish();
    expect((await publishedNodes()).find(({ nodeId }) => nodeId === nodes[0]!.nodeId)?.freeBytes).toBe(1000);
  });
  it('that were recorded keep no node alive', async () => {
    const recordedAtMs = Date.UTC(2100, 0, 1) + 1;
    advance(1);
    await heartbeat(nodes[0]!, recordedAtMs);
    advance(4 * 60_000);
    expect((await heartbeat(nodes[0]!, recordedAtMs)).status).toBe(200);
    await publish();
    expect((await network()).nodes.online).toBe(0);
    await everyoneReports();
    expect((await network()).nodes.online).toBe(3);
  });
});
