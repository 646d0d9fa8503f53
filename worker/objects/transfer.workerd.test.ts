import { env } from 'cloudflare:workers';
import { evictDurableObject, listDurableObjectIds, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { asNodeId, decodeB64, encodeB64, equalBytes, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { TransferLayout } from '../../shared/protocol/layout.ts';
import { parseMessage, placementSchema, segmentTableSchema, statusSchema, type Placement, type SegmentTable } from '../../shared/protocol/messages.ts';
import { verifyOrder } from '../../shared/protocol/order.ts';
import { importVerifyingKey, signingKeyFromSeed } from '../../shared/protocol/signature.ts';
import { clock } from '../clock.ts';
import { seedOf } from '../environment.ts';
import { sourceName } from '../http/source.ts';
import { NodeObject } from './node.ts';
import { TestNode } from '../testing/test-node.ts';
import { advance, call, codeOf, random, randomId, startNetwork, TestTransfer, type TransferOptions } from '../testing/test-network.ts';

const MIB = 2 ** 20;
const HOUR_MS = 3600_000;
/** Five nodes: 2 of 5, of which 3 are safe. */
let nodes: TestNode[];
beforeEach(async () => {
  nodes = await startNetwork(5);
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function created(options: TransferOptions = {}): Promise<TestTransfer> {
  const transfer = new TestTransfer();
  transfer.placement = await (await transfer.create(options)).json();
  return transfer;
}
const coordinatorKey = async () => importVerifyingKey((await signingKeyFromSeed(decodeB64(env.COORDINATOR_SEED))).publicKey);

describe('creating a transfer', () => {
  it('places it on every node of a small network, with an order for each', async () => {
    const transfer = new TestTransfer();
    const response = await transfer.create({ contentBytes: 5 * MIB });
    expect(response.status).toBe(201);
    const placement = parseMessage(placementSchema, await response.json());
    expect(placement).toMatchObject({ transferId: transfer.id, state: 'uploading', requiredShards: 2, totalShards: 5, safeShards: 3, expiresAtMs: clock.nowMs() + HOUR_MS });
    expect(placement.nodes.map(({ nodeId }) => nodeId).toSorted()).toEqual(nodes.map(({ nodeId }) => nodeId).toSorted());
    expect(placement.nodes.map(({ shardIndex }) => shardIndex)).toEqual([0, 1, 2, 3, 4]);
    transfer.placement = placement;
    const serials = new Set<string>();
    for (const seat of placement.nodes) {
      const order = await verifyOrder(decodeB64(seat.order), {
        nodeId: asNodeId(decodeB64(seat.nodeId)),
        action: 'store',
        nowMs: clock.nowMs(),
        coordinatorKey: await coordinatorKey(),
      });
      expect(order).toMatchObject({ shardIndex: seat.shardIndex, shardExpiresAtMs: placement.expiresAtMs, maxBytes: 2 * new TransferLayout(5 * MIB, 2).shardBytesPerNode });
      expect(encodeB64(order.transferId)).toBe(transfer.id);
      serials.add(encodeB64(order.serial));
    }
    expect(serials.size).toBe(5);
  });
  it('answers the same placement with fresh orders when it is repeated, also at once and after an eviction', async () => {
    const transfer = new TestTransfer();
    const answers = await Promise.all((await Promise.all([transfer.create(), transfer.create()])).map((response) => response.json<Placement>()));
    await evictDurableObject(transfer.stub);
    answers.push(await (await transfer.create()).json());
    const seats = answers.map(({ nodes: list }) => list.map(({ shardIndex, nodeId }) => `${shardIndex} ${nodeId}`));
    expect(seats[1]).toEqual(seats[0]);
    expect(seats[2]).toEqual(seats[0]);
    expect(new Set(answers.flatMap(({ nodes: list }) => list.map(({ order }) => order))).size).toBe(15);
  });
  it('contradicts other values, and another owner', async () => {
    const transfer = await created();
    for (const other of [{ contentBytes: 8192 }, { expiresInSeconds: 301 }, { downloadLimit: 1 }]) expect(await codeOf(await transfer.create(other))).toBe('conflict');
    expect(await codeOf(await transfer.asOwner('PUT', '', { ...transfer.values(), link: { ...transfer.link.message(), accessHash: encodeB64(random(KEY_BYTES)) } }))).toBe(
      'conflict',
    );
    const thief = `Shardsend-Owner ${encodeB64(random(KEY_BYTES))}`;
    expect(await codeOf(await call('PUT', transfer.path, { token: thief, body: transfer.values() }))).toBe('wrong_owner');
  });
  it('needs three nodes that are online and have the space, and keeps nothing where there are fewer', async () => {
    const objects = await withStorage();
    expect(await codeOf(await new TestTransfer().create({ contentBytes: 2 ** 40 }))).toBe('network_too_small');
    advance(HOUR_MS);
    expect(await codeOf(await new TestTransfer().create())).toBe('network_too_small');
    expect(await withStorage()).toBe(objects);
  });
});

/** How many transfers have written anything. */
async function withStorage(): Promise<number> {
  let count = 0;
  for (const id of await listDurableObjectIds(env.TRANSFERS)) {
    count += await runInDurableObject(env.TRANSFERS.get(id), (_, state) => state.storage.sql.exec('SELECT 1 FROM sqlite_master LIMIT 1').toArray().length);
  }
  return count;
}

describe('a transfer that nobody created', () => {
  it('is unknown to every request, and none of them writes', async () => {
    const transfer = new TestTransfer();
    const { linkId: _, ...linkTerms } = transfer.link.message();
    const calls: [string, 'owner' | 'access', string, unknown?][] = [
      ['GET', 'owner', ''],
      ['GET', 'access', ''],
      ['DELETE', 'owner', ''],
      ['PUT', 'owner', `/links/${randomId()}`, linkTerms],
      ['PATCH', 'owner', `/links/${randomId()}`, { downloadLimit: 1 }],
      ['DELETE', 'owner', `/links/${randomId()}`],
      ['POST', 'owner', '/store-orders', { shardIndexes: [0] }],
      ['POST', 'owner', '/segments', { segments: [], receipts: [] }],
      ['PUT', 'owner', '/manifest', random(400)],
      ['POST', 'owner', '/presence', { state: 'active', session: randomId(), number: 1 }],
      ['POST', 'owner', '/complete', { problems: [] }],
      ['GET', 'owner', '/segments?from=0'],
      ['GET', 'access', '/manifest'],
      ['GET', 'access', '/segments?from=0'],
      ['POST', 'access', '/claim', { claimId: randomId() }],
      ['POST', 'access', '/renew', { claimId: randomId() }],
      ['POST', 'access', '/fetch-orders', { claimId: randomId(), shardIndexes: [0] }],
      ['POST', 'access', '/commit', { claimId: randomId(), problems: [] }],
      ['POST', 'access', '/release', { claimId: randomId(), problems: [] }],
    ];
    for (const [method, role, action, body] of calls) {
      const response = await (role === 'owner' ? transfer.asOwner(method, action, body) : transfer.asRecipient(method, action, body));
      expect(response.status, action).toBe(404);
      expect(await codeOf(response), action).toBe('transfer_unknown');
    }
    const report = { jobId: randomId(), receipts: [], problems: [] };
    expect(await codeOf(await call('POST', `${transfer.path}/rebuilds`, { node: nodes[0]!, body: report }))).toBe('transfer_unknown');
    expect(await withStorage()).toBe(0);
    expect(await runInDurableObject(transfer.stub, (_, state) => state.storage.getAlarm())).toBeNull();
  });
});

describe('tokens', () => {
  it('of a wrong owner and a wrong link are told apart, and say nothing of the state', async () => {
    const transfer = await new TestTransfer().send();
    const wrong = encodeB64(random(KEY_BYTES));
    for (const state of ['ready', 'revoked']) {
      expect(await codeOf(await call('GET', transfer.path, { token: `Shardsend-Owner ${wrong}` })), state).toBe('wrong_owner');
      expect(await codeOf(await call('GET', transfer.path, { token: transfer.link.header(random(KEY_BYTES)) })), state).toBe('wrong_link');
      expect(await codeOf(await call('DELETE', transfer.path, { token: `Shardsend-Owner ${wrong}` })), state).toBe('wrong_owner');
      expect(await codeOf(await call('POST', `${transfer.path}/claim`, { token: transfer.link.header(random(KEY_BYTES)), body: { claimId: randomId() } })), state).toBe(
        'wrong_link',
      );
      // The owner's token is no access token, nor the other way round.
      expect(await codeOf(await call('GET', transfer.path, { token: transfer.link.header(transfer.owner) })), state).toBe('wrong_link');
      await transfer.asOwner('DELETE', '');
    }
  });
  it('must be there, well formed and of the right role', async () => {
    const transfer = await created();
    const tokens = [
      undefined,
      '',
      'Bearer x',
      'Shardsend-Owner',
      `Shardsend-Owner ${encodeB64(random(31))}`,
      `Shardsend-Owner ${encodeB64(transfer.owner)}=`,
      transfer.accessToken,
    ];
    for (const token of tokens) expect(await codeOf(await call('DELETE', transfer.path, token === undefined ? {} : { token })), String(token)).toBe('unauthorized');
    expect(await codeOf(await transfer.asOwner('POST', '/claim', { claimId: randomId() }))).toBe('unauthorized');
    const { linkId, access } = transfer.link;
    const links = [
      `Shardsend-Access ${encodeB64(access)}`,
      `Shardsend-Access ${linkId}`,
      `Shardsend-Access ${linkId.slice(1)}.${encodeB64(access)}`,
      `Shardsend-Access ${linkId.slice(0, -1)}_.${encodeB64(access)}`,
    ];
    for (const token of links) expect(await codeOf(await call('GET', transfer.path, { token })), token).toBe('unauthorized');
  });
});

describe('committing segments', () => {
  it('counts a segment as committed once safe receipts are in, in whatever order they come', async () => {
    const transfer = await created({ contentBytes: 5 * MIB });
    const [a, b, c] = [transfer.seal(0), transfer.seal(1), transfer.seal(2)];
    const commit = async (...args: Parameters<TestTransfer['commit']>) => (await (await transfer.commit(...args)).json<{ committed: number }>()).committed;
    expect(await commit([a, b, c], [])).toBe(0);
    expect(await commit([], await transfer.receipts([0, 1], [0, 1, 2]))).toBe(0);
    expect((await transfer.status()).survives).toBe(0);
    expect(await commit([], await transfer.receipts([4], [1, 2]))).toBe(2);
    expect(await commit([], await transfer.receipts([4], [1, 2]))).toBe(2);
    await evictDurableObject(transfer.stub);
    expect(await commit([a], await transfer.receipts([2, 3], [0]))).toBe(3);
    expect(parseMessage(statusSchema, await transfer.status())).toMatchObject({ segments: { total: 3, committed: 3 }, survives: 1 });
    expect(await commit([a, b, c], await transfer.receipts([2, 3], [1, 2]))).toBe(3);
    expect(await commit([], await transfer.receipts([4], [0]))).toBe(3);
    expect((await transfer.status()).survives).toBe(3);
  });
  it('lets a segment be replaced until it is committed, with its receipts, and never after', async () => {
    const transfer = await created();
    await transfer.commit([transfer.seal(0)], await transfer.receipts([0, 1], [0]));
    const stale = await transfer.receipts([2], [0]);
    await transfer.commit([transfer.seal(0)], []);
    expect(await codeOf(await transfer.commit([], stale)), 'a receipt for the first roots').toBe('receipt_invalid');
    expect(await (await transfer.commit([], await transfer.receipts([0, 2], [0]))).json()).toEqual({ committed: 0 });
    const final = transfer.entries[0]!;
    expect(await (await transfer.commit([], await transfer.receipts([3], [0]))).json()).toEqual({ committed: 1 });
    expect(await codeOf(await transfer.commit([transfer.seal(0)], []))).toBe('conflict');
    expect(await (await transfer.commit([final], [])).json()).toEqual({ committed: 1 });
  });
  it('refuses forged, foreign and changed receipts as a whole', async () => {
    const transfer = await created({ contentBytes: 5 * MIB });
    const other = await created({ contentBytes: 5 * MIB });
    const [entry] = [transfer.seal(0), transfer.seal(1)];
    other.seal(0);
    const good = await transfer.receipt(0, [0]);
    const forged = {
      'another node': await transfer.receipt(0, [0], transfer.nodeAt(1)),
      'a stranger': await transfer.receipt(0, [0], await TestNode.make('http://10.9.9.9')),
      'another seat': { ...good, shardIndex: 1 },
      'another time': { ...good, storedAtMs: good.storedAtMs + 1 },
      'another segment': { ...good, segments: [1] },
      'more segments': { ...good, segments: [0, 1] },
      'another transfer': await other.receipt(0, [0], transfer.nodeAt(0)),
      'another expiry': await transfer
        .nodeAt(0)
        .receipt({ transferId: transfer.id, shardIndex: 0, shardExpiresAtMs: transfer.placement.expiresAtMs + 1, shards: [transfer.shard(0, 0)] }),
      'another size': await transfer
        .nodeAt(0)
        .receipt({ transferId: transfer.id, shardIndex: 0, shardExpiresAtMs: transfer.placement.expiresAtMs, shards: [{ ...transfer.shard(0, 0), shardBytes: 64 }] }),
      'a flipped bit': { ...good, signature: `${good.signature[0] === 'A' ? 'B' : 'A'}${good.signature.slice(1)}` },
      'a seat that there is not': { ...good, shardIndex: 23 },
      'a segment that was not entered': await transfer.receipt(0, [0]).then((receipt) => ({ ...receipt, segments: [2] })),
      'the future': await transfer.receipt(0, [0], transfer.nodeAt(0), clock.nowMs() + HOUR_MS),
      'before the transfer': await transfer.receipt(0, [0], transfer.nodeAt(0), clock.nowMs() - HOUR_MS),
    };
    for (const [name, receipt] of Object.entries(forged))
      expect(await codeOf(await transfer.commit([entry], [await transfer.receipt(1, [0]), receipt])), name).toBe('receipt_invalid');
    expect((await transfer.status()).segments.committed).toBe(0);
    expect(await (await transfer.commit([entry], await transfer.receipts([0, 1, 2], [0]))).json()).toEqual({ committed: 1 });
  });
  it('refuses segments that do not fit the transfer', async () => {
    const transfer = await created();
    const entry = transfer.seal(0);
    const short = { ...entry, roots: encodeB64(random(4 * KEY_BYTES)) };
    for (const segments of [[{ ...entry, index: 1 }], [short], [entry, entry]]) expect(await codeOf(await transfer.commit(segments, []))).toBe('bad_request');
  });
});

describe('completing', () => {
  it('requires the manifest and every segment, and may be repeated', async () => {
    const transfer = await created();
    await transfer.commit([transfer.seal(0)], await transfer.receipts([0, 1], [0]));
    expect(await codeOf(await transfer.asOwner('POST', '/complete', { problems: [] }))).toBe('incomplete');
    await transfer.asOwner('PUT', '/manifest', transfer.manifest);
    expect(await codeOf(await transfer.asOwner('POST', '/complete', { problems: [] }))).toBe('incomplete');
    await transfer.commit([], await transfer.receipts([2], [0]));
    for (let i = 0; i < 2; i++) expect(await (await transfer.asOwner('POST', '/complete', { problems: [] })).json()).toMatchObject({ state: 'ready', survives: 1 });
    expect(await codeOf(await transfer.asOwner('PUT', '/manifest', Uint8Array.of(1, ...random(400))))).toBe('conflict');
    expect((await transfer.asOwner('PUT', '/manifest', transfer.manifest)).status).toBe(204);
  });
  it('keeps recipients waiting until there is a manifest', async () => {
    const transfer = await created();
    expect((await (await transfer.asRecipient('GET', '')).json<{ state: string }>()).state).toBe('uploading');
    for (const [method, action, body] of [
      ['GET', '/manifest'],
      ['GET', '/segments?from=0'],
      ['POST', '/claim', { claimId: randomId() }],
      ['POST', '/fetch-orders', { claimId: randomId(), shardIndexes: [0] }],
    ] as const)
      expect(await codeOf(await transfer.asRecipient(method, action, body)), action).toBe('transfer_uploading');
  });
  it('passes on what recipients met at nodes, once, with where it comes from', async () => {
    const noted = vi.spyOn(NodeObject.prototype, 'noteRefusal');
    const transfer = await new TestTransfer().send({ downloadLimit: 5 });
    const { claimId } = await transfer.claim();
    const problems = [
      { shardIndex: 2, code: 'node_slow' },
      { shardIndex: 2, code: 'shard_mismatch' },
    ];
    for (let i = 0; i < 2; i++) await transfer.asRecipient('POST', '/release', { claimId, problems });
    await vi.waitFor(() => expect(noted).toHaveBeenCalled());
    await transfer.status();
    expect(noted.mock.calls).toEqual([[{ transferId: transfer.id, source: sourceName(undefined, seedOf(env)) }]]);
    expect(noted.mock.contexts.map((object) => (object as { ctx: DurableObjectState }).ctx.id.toString())).toEqual([
      env.NODES.idFromName(transfer.placement.nodes[2]!.nodeId).toString(),
    ]);
  });
});

describe('what recipients read', () => {
  it('is the sealed manifest, byte for byte, also a large one', async () => {
    const transfer = await created();
    await transfer.commit([transfer.seal(0)], await transfer.receipts([0, 1, 2], [0]));
    const large = new Uint8Array(5 * MIB + 17).map((_, i) => i * 7);
    large[0] = 1;
    expect((await transfer.asOwner('PUT', '/manifest', large.slice(0, 3 * MIB))).status).toBe(204);
    expect((await transfer.asOwner('PUT', '/manifest', large)).status).toBe(204);
    await transfer.asOwner('POST', '/complete', { problems: [] });
    await evictDurableObject(transfer.stub);
    const answer = await transfer.asRecipient('GET', '/manifest');
    expect(answer.headers.get('Content-Type')).toBe('application/octet-stream');
    expect(equalBytes(new Uint8Array(await answer.arrayBuffer()), large)).toBe(true);
  });
  it('is the segment table in pages of 256', async () => {
    const transfer = await new TestTransfer().send({ contentBytes: 530 * MIB });
    const page = async (from: number): Promise<SegmentTable> => parseMessage(segmentTableSchema, await (await transfer.asRecipient('GET', `/segments?from=${from}`)).json());
    const [first, second] = [await page(0), await page(256)];
    expect([first.segments.length, first.next, second.segments.length, second.next]).toEqual([256, 256, 10, null]);
    expect([...first.segments, ...second.segments].map(({ index, salt, roots }) => ({ index, salt, roots }))).toEqual(transfer.entries);
    expect(first.segments.every(({ stored }) => stored.join() === '0,1,2')).toBe(true);
    expect(await page(265)).toMatchObject({ segments: [{ index: 265 }], next: null });
    expect(await page(266)).toEqual({ segments: [], next: null });
    for (const from of ['-1', '01', 'x', '1.5', '99999999999']) expect(await codeOf(await transfer.asRecipient('GET', `/segments?from=${from}`)), from).toBe('bad_request');
  });
});

describe('orders', () => {
  it('are given again for seats that there are, to who may have them', async () => {
    const transfer = await created();
    const again = await (await transfer.asOwner('POST', '/store-orders', { shardIndexes: [4, 1] })).json<{ nodes: Placement['nodes'] }>();
    expect(again.nodes.map(({ shardIndex, nodeId }) => [shardIndex, nodeId])).toEqual([4, 1].map((i) => [i, transfer.placement.nodes[i]!.nodeId]));
    expect(await codeOf(await transfer.asOwner('POST', '/store-orders', { shardIndexes: [5] }))).toBe('bad_request');
  });
  it('to store are given to nobody once the transfer is ready, by whichever way they are asked for', async () => {
    const transfer = await new TestTransfer().send();
    expect(await codeOf(await transfer.asOwner('POST', '/store-orders', { shardIndexes: [1] }))).toBe('conflict');
    expect(await codeOf(await transfer.create())).toBe('conflict');
    expect((await transfer.status()).state).toBe('ready');
  });
  it('to fetch are given again to who holds a claim', async () => {
    const transfer = await new TestTransfer().send();
    const { claimId, nodes: seats } = await transfer.claim();
    expect(
      seats.map(({ shardIndex }) => shardIndex),
      'only nodes that hold shards',
    ).toEqual([0, 1, 2]);
    const { nodes: fetched } = await (await transfer.asRecipient('POST', '/fetch-orders', { claimId, shardIndexes: [2] })).json<{ nodes: Placement['nodes'] }>();
    const order = await verifyOrder(decodeB64(fetched[0]!.order), {
      nodeId: asNodeId(decodeB64(fetched[0]!.nodeId)),
      action: 'fetch',
      nowMs: clock.nowMs(),
      coordinatorKey: await coordinatorKey(),
    });
    expect(order.maxBytes).toBe(transfer.layout.shardBytesPerNode);
    expect(await codeOf(await transfer.asRecipient('POST', '/fetch-orders', { claimId: randomId(), shardIndexes: [2] }))).toBe('claim_unknown');
  });
});
