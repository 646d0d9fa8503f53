import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asNodeId, encodeB64, encodeOpen, signingKeyFromSeed, type Order, type OrderAction } from '../../shared/protocol/index.ts';
import { postAudit } from '../testing/audits.ts';
import { HOUR_MS, jsonBytes, newTransferId } from '../testing/coordinator.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import type { NodeProcess } from '../testing/node-process.ts';
import { codeOf, fetchFrames, fetchRange, makeShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';

let stage: Stage;
let node: NodeProcess;
beforeAll(async () => {
  stage = await Stage.set();
  node = await stage.start();
});
afterAll(() => stage.clear());

const order = (action: OrderAction, changes: Partial<Order> = {}) => stage.coordinator.order(node.nodeId, { action, transferId: newTransferId(), ...changes });

/** What each way in says to an order: `ok`, or the code of its refusal. */
const doors: Record<OrderAction, (bytes: Uint8Array) => Promise<string>> = {
  async store(bytes) {
    const client = await StoreClient.connect(node.url);
    client.send(encodeOpen(bytes));
    const answer = await client.next();
    await client.close();
    return answer?.type === 'problem' ? answer.error.code : answer?.type === 'ready' ? 'ok' : 'closed';
  },
  async fetch(bytes) {
    const response = await fetchRange(node.url, bytes, 0, 0);
    return response.status === 200 ? (await response.arrayBuffer(), 'ok') : await codeOf(response);
  },
  async delete(bytes) {
    const response = await fetch(`${node.url}/v1/shards`, { method: 'DELETE', headers: { Authorization: `Shardsend-Order ${encodeB64(bytes)}` } });
    return response.status === 200 ? 'ok' : await codeOf(response);
  },
  async extend(bytes) {
    const response = await fetch(`${node.url}/v1/expiry`, { method: 'PUT', headers: { Authorization: `Shardsend-Order ${encodeB64(bytes)}` } });
    return response.status === 200 ? 'ok' : await codeOf(response);
  },
  async rebuild(bytes) {
    const response = await fetch(`${node.url}/v1/rebuild`, { method: 'POST', body: '{}', headers: { Authorization: `Shardsend-Order ${encodeB64(bytes)}` } });
    return response.status === 202 ? 'ok' : await codeOf(response);
  },
  async audit(bytes) {
    const response = await postAudit(node.url, bytes, jsonBytes({}));
    return response.status === 200 ? 'ok' : await codeOf(response);
  },
};
const actions = ['store', 'fetch', 'delete', 'rebuild', 'audit', 'extend'] as const;

describe.each(actions)('an order to %s', (action) => {
  const other = action === 'store' ? 'fetch' : 'store';
  const past = { notBeforeMs: Date.now() - HOUR_MS, expiresAtMs: Date.now() - HOUR_MS + 60_000 };
  const cases: [string, string, () => Promise<Uint8Array>][] = [
    ['of another version', 'order_malformed', async () => (await order(action)).with(0, 2)],
    ['with an unknown action', 'order_malformed', async () => (await order(action)).with(1, 9)],
    ['changed by a bit', 'order_forged', async () => (await order(action, { maxBytes: 1 })).with(70, 1)],
    [
      'signed by somebody else',
      'order_forged',
      async () => stage.coordinator.order(node.nodeId, { action, transferId: newTransferId() }, await signingKeyFromSeed(randomBytes(32))),
    ],
    ['for another node', 'order_other_node', () => order(action, { nodeId: asNodeId(randomBytes(32)) })],
    ['for another action', 'order_action', () => order(other)],
    ['whose time is over', 'order_expired', () => order(action, past)],
    ['whose time has not come', 'order_expired', () => order(action, { notBeforeMs: Date.now() + 60_000, expiresAtMs: Date.now() + 120_000 })],
    ['that would live too long', 'order_expired', () => order(action, { expiresAtMs: Date.now() + HOUR_MS })],
    // Two faults at once: the first check of §8 speaks.
    ['for another node and action, and over', 'order_other_node', () => order(other, { ...past, nodeId: asNodeId(randomBytes(32)) })],
    ['for another action, and over', 'order_action', () => order(other, past)],
  ];
  it.each(cases)('%s is refused with %s', async (_name, code, make) => {
    expect(await doors[action](await make())).toBe(code);
  });

  it('is good once, and not again after a restart', async () => {
    const bytes = await order(action);
    // Orders with a body name its hash; the serial is used up before that is compared.
    expect(await doors[action](bytes)).toBe(action === 'rebuild' || action === 'audit' ? 'order_action' : 'ok');
    expect(await doors[action](bytes)).toBe('order_replayed');
    await node.end('SIGKILL');
    node = await stage.start({ data: node.data });
    expect(await doors[action](bytes)).toBe('order_replayed');
  });
});

describe('what an order may move', () => {
  it('is refused with order_budget beyond its bytes, and the socket goes on', async () => {
    const transferId = newTransferId();
    const client = await StoreClient.open(node.url, await order('store', { transferId, maxBytes: 1500 }));
    const [first, second, third] = [await makeShard(0, 1000), await makeShard(1, 1000), await makeShard(2, 500)];
    await client.store(first, first.bytes);
    client.sendShard(second, second.bytes);
    const refused = await client.expect('problem');
    expect([refused.segment, refused.error.code]).toEqual([1, 'order_budget']);
    await client.store(third, third.bytes);
    await client.close();

    const tooFew = await fetchRange(node.url, await order('fetch', { transferId, maxBytes: 1499 }), 0, 2);
    expect([tooFew.status, await codeOf(tooFew)]).toEqual([413, 'order_budget']);
    expect((await fetchFrames(node.url, await order('fetch', { transferId, maxBytes: 1500 }), 0, 2)).map(({ bytes }) => bytes?.length)).toEqual([1000, undefined, 500]);
  });

  it('counts what it refuses, by code', async () => {
    expect(await node.metric('refused_total{code="order_replayed"}')).toBeGreaterThan(0);
    expect(await node.metric('refused_total{code="order_budget"}')).toBe(2);
  });
});

it('obeys nobody before it has met its coordinator', async () => {
  stage.coordinator.refusals.push({ path: '/api/nodes', status: 503, code: 'unavailable' });
  const refused = Promise.withResolvers<void>();
  const opened = stage.opened();
  const clock = new ManualClock(); // never moves: the node does not try again
  const lonely = stage.run({}, { clock, log: (event) => event === 'registration_failed' && refused.resolve() });
  await refused.promise;
  const { url, nodeId } = await opened;
  const bytes = await stage.coordinator.order(nodeId, { action: 'fetch', transferId: newTransferId() });
  expect(await codeOf(await fetchRange(url, bytes, 0, 0))).toBe('order_forged');
  clock.advance(60_000);
  await lonely;
  expect((await fetchRange(url, await stage.coordinator.order(nodeId, { action: 'fetch', transferId: newTransferId(), ...aheadBy(60_000) }), 0, 0)).status).toBe(200);
});

const aheadBy = (ms: number) => ({ notBeforeMs: Date.now() + ms, expiresAtMs: Date.now() + ms + 60_000 });
