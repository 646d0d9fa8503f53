import { beforeEach, describe, expect, it } from 'vitest';
import { beaconMessage } from '../../shared/policy/index.ts';
import { beaconSchema } from '../../shared/protocol/audit.ts';
import { asNodeId, decodeB64, encodeB64, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { bucketAnswerSchema, bucketDigest, bucketOf, inventoryAnswerSchema } from '../../shared/protocol/inventory.ts';
import { networkSchema, parseMessage } from '../../shared/protocol/messages.ts';
import { nodeStatusSchema } from '../../shared/protocol/node-status.ts';
import { importVerifyingKey, verifyBytes } from '../../shared/protocol/signature.ts';
import { hashToken } from '../../shared/crypto/keys.ts';
import { clock } from '../clock.ts';
import { TestNode } from '../testing/test-node.ts';
import { advance, call, codeOf, logged, random, randomId, register, startNetwork } from '../testing/test-network.ts';

const EPOCH_MS = 3600_000;
let node: TestNode;
let other: TestNode;
beforeEach(async () => {
  [node, other] = (await startNetwork(2)) as [TestNode, TestNode];
});
const pathOf = ({ nodeId }: TestNode, action = ''): string => `/api/nodes/${nodeId}${action}`;
const statusOf = async (response: Response) => parseMessage(nodeStatusSchema, await response.json());

describe('a node’s status', () => {
  it('is for the node itself, whoever else signs', async () => {
    expect(await statusOf(await call('GET', pathOf(node), { node }))).toMatchObject({
      nodeId: node.nodeId,
      operator: 'tester',
      url: node.url,
      standing: 'unvetted',
      integrity: 1,
      availability: 1,
      speed: null,
      epochMs: EPOCH_MS,
      appealFromMs: null,
      holdings: { transfers: 0, bytes: 0, lastExpiresAtMs: null },
      registeredAtMs: clock.nowMs(),
      history: [],
    });
    for (const [name, token] of Object.entries({
      'another node': await other.signed('GET', pathOf(node), new Uint8Array(0)),
      'another path': await node.signed('GET', pathOf(other), new Uint8Array(0)),
      'another method': await node.signed('POST', pathOf(node), new Uint8Array(0)),
      'another body': await node.signed('GET', pathOf(node), new Uint8Array(1)),
      nobody: '',
    }))
      expect(await codeOf(await call('GET', pathOf(node), { token })), name).toBe('unauthorized');
  });
  it('is for whoever has the token that it named, which changes nothing and reads no other', async () => {
    const token = random(KEY_BYTES);
    const view = `Shardsend-View ${encodeB64(token)}`;
    expect(await codeOf(await call('GET', pathOf(node), { token: view })), 'none was named').toBe('unauthorized');
    advance(1);
    await register(node, { viewHash: encodeB64(hashToken(token)) });
    expect((await statusOf(await call('GET', pathOf(node), { token: view }))).nodeId).toBe(node.nodeId);
    expect(await codeOf(await call('GET', pathOf(other), { token: view }))).toBe('unauthorized');
    for (const action of ['/leave', '/appeal']) expect(await codeOf(await call('POST', pathOf(node, action), { token: view, body: {} })), action).toBe('unauthorized');
    for (const wrong of [encodeB64(random(KEY_BYTES)), encodeB64(hashToken(token)), '', `${encodeB64(token)}=`, encodeB64(random(31))])
      expect(await codeOf(await call('GET', pathOf(node), { token: `Shardsend-View ${wrong}` })), wrong).toBe('unauthorized');
    advance(1);
    await register(node);
    expect(await codeOf(await call('GET', pathOf(node), { token: view })), 'named no more').toBe('unauthorized');
    expect(logged.join('\n')).not.toContain(encodeB64(token));
  });
  it('tells a stranger who signs that it is none, and a stranger who does not nothing', async () => {
    const stranger = await TestNode.make('http://10.8.8.8');
    expect(await codeOf(await call('GET', pathOf(stranger), { node: stranger }))).toBe('not_found');
    expect(await codeOf(await call('GET', pathOf(stranger), { token: `Shardsend-View ${encodeB64(random(KEY_BYTES))}` }))).toBe('unauthorized');
    for (const action of ['/leave', '/appeal']) expect(await codeOf(await call('POST', pathOf(stranger, action), { node: stranger, body: {} })), action).toBe('not_found');
    expect(await codeOf(await call('GET', '/api/nodes/x', { node }))).toBe('not_found');
  });
});

describe('leaving and appealing', () => {
  it('is the node’s own to say, and answered with its status', async () => {
    for (const action of ['/leave', '/appeal']) expect(await codeOf(await call('POST', pathOf(node, action), { node: other, body: {} })), action).toBe('unauthorized');
    expect((await statusOf(await call('POST', pathOf(node, '/appeal'), { node, body: {} }))).standing).toBe('unvetted');
    const left = await statusOf(await call('POST', pathOf(node, '/leave'), { node, body: {} }));
    expect(left.history).toMatchObject([{ from: 'unvetted', to: 'leaving', reason: { code: 'exit_announced' } }]);
    expect(await statusOf(await call('POST', pathOf(node, '/leave'), { node, body: {} }))).toEqual(left);
    expect((await statusOf(await call('GET', pathOf(other), { node: other }))).standing).toBe('unvetted');
  });
});

describe('inventories', () => {
  it('are compared by digests, then by lists of the buckets that differ', async () => {
    const ids = Array.from({ length: 8 }, randomId);
    const bucketsOf = (bucket: number) => ids.filter((id) => bucketOf(decodeB64(id)) === bucket).map((transferId) => ({ transferId, shards: 2 }));
    const buckets = Array.from({ length: 16 }, (_, bucket) => encodeB64(bucketDigest(bucketsOf(bucket))));
    const { differ } = parseMessage(inventoryAnswerSchema, await (await call('POST', '/api/nodes/inventory', { node, body: { buckets } })).json());
    expect(differ).toEqual([...new Set(ids.map((id) => bucketOf(decodeB64(id))))].toSorted((a, b) => a - b));
    const surplus: string[] = [];
    for (const bucket of differ) {
      const answer = await call('POST', `/api/nodes/inventory/${bucket}`, { node, body: { transfers: bucketsOf(bucket) } });
      surplus.push(...parseMessage(bucketAnswerSchema, await answer.json()).surplus.map(({ transferId }) => transferId));
    }
    expect(surplus.toSorted(), 'no transfer knows of this node').toEqual(ids.toSorted());
  });
  it('are refused where they are malformed, unsigned, or of nobody known', async () => {
    const stranger = await TestNode.make('http://10.8.8.8');
    const buckets = Array.from({ length: 16 }, () => encodeB64(random(KEY_BYTES)));
    const transfers = [{ transferId: randomId(), shards: 1 }];
    expect(await codeOf(await call('POST', '/api/nodes/inventory', { body: { buckets } }))).toBe('unauthorized');
    expect(await codeOf(await call('POST', '/api/nodes/inventory', { node: stranger, body: { buckets } }))).toBe('not_found');
    expect(await codeOf(await call('POST', '/api/nodes/inventory', { node, body: { buckets: buckets.slice(1) } }))).toBe('bad_request');
    expect(await codeOf(await call('POST', '/api/nodes/inventory', { node }))).toBe('bad_request');
    for (const bucket of ['16', '-1', '01', 'x'])
      expect(await codeOf(await call('POST', `/api/nodes/inventory/${bucket}`, { node, body: { transfers: [] } })), bucket).toBe('not_found');
    const bucket = bucketOf(decodeB64(transfers[0]!.transferId));
    expect(await codeOf(await call('POST', `/api/nodes/inventory/${bucket}`, { node: stranger, body: { transfers } }))).toBe('not_found');
    expect(await codeOf(await call('POST', `/api/nodes/inventory/${bucket ^ 1}`, { node, body: { transfers } }))).toBe('bad_request');
    expect(await codeOf(await call('POST', `/api/nodes/inventory/${bucket}`, { node, body: { transfers: [...transfers, ...transfers] } }))).toBe('bad_request');
  });
});

describe('the beacon', () => {
  it('of every epoch that is over is signed by the coordinator; that of the present one stays unsaid, since audits are drawn from it', async () => {
    const { coordinatorKey } = parseMessage(networkSchema, await (await call('GET', '/api/network')).json());
    const key = await importVerifyingKey(asNodeId(decodeB64(coordinatorKey)));
    const last = Math.floor(clock.nowMs() / EPOCH_MS) - 1;
    for (const [query, epoch] of [
      ['', last],
      [`?epoch=${last}`, last],
      [`?epoch=${last - 5}`, last - 5],
      ['?epoch=0', 0],
    ] as const) {
      const beacon = parseMessage(beaconSchema, await (await call('GET', `/api/beacon${query}`)).json());
      expect(beacon).toMatchObject({ epoch, epochMs: EPOCH_MS });
      expect(await verifyBytes(key, decodeB64(beacon.signature), beaconMessage(epoch))).toBe(true);
    }
    expect(await codeOf(await call('GET', `/api/beacon?epoch=${last + 1}`))).toBe('not_found');
    for (const text of ['', 'x', '-1', '01', '1.5', '9'.repeat(16)]) expect(await codeOf(await call('GET', `/api/beacon?epoch=${text}`)), text).toBe('bad_request');
  });
});
