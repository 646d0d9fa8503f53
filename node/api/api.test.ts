import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  KIB,
  MIB,
  asNodeId,
  asTransferId,
  decodeB64,
  deletionBytes,
  encodeB64,
  encodeHold,
  encodeOpen,
  encodeSeal,
  encodeShardHeader,
  healthBytes,
  importVerifyingKey,
  receiptBytes,
  verifyBytes,
  type Deletion,
  type Health,
  type NodeMessage,
  type ShardStatement,
  type TransferId,
} from '../../shared/protocol/index.ts';
import { HOUR_MS, newTransferId } from '../testing/coordinator.ts';
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

const shardExpiresAtMs = Date.now() + HOUR_MS;
const storeOrder = (transferId: TransferId) => stage.coordinator.order(node.nodeId, { action: 'store', transferId, shardIndex: 3, shardExpiresAtMs });
const fetchOrder = (transferId: TransferId) => stage.coordinator.order(node.nodeId, { action: 'fetch', transferId, shardIndex: 3 });
const deleteTransfer = async (transferId: TransferId) => {
  const order = await stage.coordinator.order(node.nodeId, { action: 'delete', transferId });
  return await fetch(`${node.url}/v1/shards`, { method: 'DELETE', headers: { Authorization: `Shardsend-Order ${encodeB64(order)}` } });
};

async function receiptHolds(transferId: TransferId, receipt: Extract<NodeMessage, { type: 'receipt' }>, shards: readonly ShardStatement[]): Promise<boolean> {
  const nodeId = asNodeId(decodeB64(node.nodeId));
  const statement = receiptBytes({ transferId, nodeId, shardIndex: 3, shardExpiresAtMs, storedAtMs: receipt.storedAtMs, shards });
  return await verifyBytes(await importVerifyingKey(nodeId), receipt.signature, statement);
}

describe('storing', () => {
  it('takes shards of every size, in any order, and gives them back as they were', async () => {
    const transferId = newTransferId();
    const shards = await Promise.all([MIB, 1, 64 * KIB, 64 * KIB + 1, 300_000, MIB - 1].map((size, i) => makeShard(5 - i, size)));
    const client = await StoreClient.open(node.url, await storeOrder(transferId));
    for (const shard of shards.slice(0, 4)) client.sendShard(shard, shard.bytes);
    for (let i = 0; i < 4; i++) await client.expect('stored');
    for (const shard of shards.slice(4)) await client.store(shard, shard.bytes);
    const receipt = await client.seal();
    const ascending = shards.toSorted((a, b) => a.segment - b.segment);
    expect(receipt.segments).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await receiptHolds(transferId, receipt, ascending)).toBe(true);
    await client.close();

    const frames = await fetchFrames(node.url, await fetchOrder(transferId), 0, 7);
    expect(frames.map(({ segment, shardIndex, bytes }) => [segment, shardIndex, bytes?.length ?? null])).toEqual([
      [0, 3, MIB - 1],
      [1, 3, 300_000],
      [2, 3, 64 * KIB + 1],
      [3, 3, 64 * KIB],
      [4, 3, 1],
      [5, 3, MIB],
      [6, 3, null],
      [7, 3, null],
    ]);
    for (const [i, shard] of ascending.entries()) expect(Buffer.compare(frames[i]!.bytes!, shard.bytes)).toBe(0);
    expect((await fetchFrames(node.url, await fetchOrder(transferId), 2, 2)).length).toBe(1);
  });

  it('answers seals in their order, each after what came before it, and covers each shard once', async () => {
    const transferId = newTransferId();
    const shards = await Promise.all([0, 1, 2].map((segment) => makeShard(segment, 100_000)));
    const client = await StoreClient.open(node.url, await storeOrder(transferId));
    client.sendShard(shards[0]!, shards[0]!.bytes);
    client.send(encodeSeal());
    client.sendShard(shards[1]!, shards[1]!.bytes);
    client.sendShard(shards[2]!, shards[2]!.bytes);
    client.send(encodeSeal());
    client.send(encodeSeal());
    const covered: number[][] = [];
    const stored = new Set<number>();
    while (covered.length < 3) {
      const message = (await client.next())!;
      if (message.type === 'stored') stored.add(message.segment);
      if (message.type !== 'receipt') continue;
      expect(message.segments.every((segment) => stored.has(segment))).toBe(true);
      expect(
        await receiptHolds(
          transferId,
          message,
          message.segments.map((segment) => shards[segment]!),
        ),
      ).toBe(true);
      covered.push([...message.segments]);
    }
    expect(covered).toEqual([[0], [1, 2], []]);
    await client.close();
  });

  it('replaces a shard until a receipt covers it, and never after', async () => {
    const transferId = newTransferId();
    const [first, second, third] = await Promise.all([makeShard(0, 5000), makeShard(0, 6000), makeShard(0, 7000)]);
    const client = await StoreClient.open(node.url, await storeOrder(transferId));
    await client.store(first, first.bytes);
    await client.store(second, second.bytes);
    await client.store(second, second.bytes);
    const receipt = await client.seal();
    expect(await receiptHolds(transferId, receipt, [second])).toBe(true);
    client.sendShard(third, third.bytes);
    const refused = await client.expect('problem');
    expect([refused.segment, refused.error.code]).toEqual([0, 'conflict']);
    await client.store(second, second.bytes); // the committed one is welcome, however often
    expect((await client.seal()).segments).toEqual([0]);
    await client.close();
    const frames = await fetchFrames(node.url, await fetchOrder(transferId), 0, 0);
    expect(Buffer.compare(frames[0]!.bytes!, second.bytes)).toBe(0);
  });

  it('says of a shard that it holds that it need not come again, and covers it by the next receipt', async () => {
    const transferId = newTransferId();
    const [held, lost] = await Promise.all([makeShard(0, 5000), makeShard(1, 6000)]);
    const before = await StoreClient.open(node.url, await storeOrder(transferId));
    await before.store(held, held.bytes);
    await before.close(); // the sender vanished without a receipt

    const client = await StoreClient.open(node.url, await storeOrder(transferId));
    client.send(encodeHold(held));
    expect(await client.expect('stored')).toMatchObject({ segment: 0 });
    client.send(encodeHold(lost));
    expect(await client.expect('absent')).toMatchObject({ segment: 1 });
    for (const other of [
      { ...held, root: lost.root },
      { ...held, shardBytes: 4999 },
    ]) {
      client.send(encodeHold(other));
      expect(await client.expect('absent')).toMatchObject({ segment: 0 });
    }
    const receipt = await client.seal();
    expect(receipt.segments).toEqual([0]);
    expect(await receiptHolds(transferId, receipt, [held])).toBe(true);
    await client.close();
    const orders = [
      await stage.coordinator.order(node.nodeId, { action: 'store', transferId, shardIndex: 4, shardExpiresAtMs }),
      await stage.coordinator.order(node.nodeId, { action: 'store', transferId, shardIndex: 3, shardExpiresAtMs: shardExpiresAtMs + 1 }),
    ];
    for (const order of orders) {
      const stranger = await StoreClient.open(node.url, order);
      stranger.send(encodeHold(held));
      await stranger.expect('absent');
      expect((await stranger.seal()).segments).toEqual([]);
      await stranger.close();
    }
  });

  it('refuses a shard that is not what its root says, and keeps nothing of it', async () => {
    const transferId = newTransferId();
    const shard = await makeShard(0, 100_000);
    const client = await StoreClient.open(node.url, await storeOrder(transferId));
    client.sendShard(shard, shard.bytes.with(99_999, shard.bytes[99_999]! ^ 1));
    const refused = await client.expect('problem');
    expect([refused.segment, refused.error.code]).toEqual([0, 'shard_mismatch']);
    expect((await client.seal()).segments).toEqual([]);
    await client.close();
    expect((await fetchFrames(node.url, await fetchOrder(transferId), 0, 0))[0]!.bytes).toBeNull();
  });

  it('closes after a message that has no place there', async () => {
    const shard = await makeShard(0, 1000);
    const strange: [string, (client: StoreClient) => void][] = [
      ['a second order', (client) => client.send(encodeOpen(new Uint8Array(195)))],
      ['text', (client) => client.socket.send('hello')],
      ['no bytes', (client) => client.send(new Uint8Array(0))],
      ['a shard of another size', (client) => client.sendShard(shard, shard.bytes.subarray(1))],
      ['an unknown type', (client) => client.send(Uint8Array.of(0x77))],
      ['more than a shard', (client) => client.send(new Uint8Array(MIB + 1))],
    ];
    for (const [name, send] of strange) {
      const client = await StoreClient.open(node.url, await storeOrder(newTransferId()));
      send(client);
      expect([1008, 1009], name).toContain(await client.closed());
    }
    expect((await node.health()).nodeId).toBe(node.nodeId);
  });

  it('is not overrun by a client that ignores the window', async () => {
    const transferId = newTransferId();
    const shards = await Promise.all(Array.from({ length: 40 }, (_, segment) => makeShard(segment, 200_000)));
    const client = await StoreClient.open(node.url, await storeOrder(transferId));
    for (const shard of shards) client.sendShard(shard, shard.bytes);
    for (let i = 0; i < shards.length; i++) await client.expect('stored');
    expect((await client.seal()).segments.length).toBe(40);
    await client.close();
  });
});

describe('deleting', () => {
  it('removes every shard, swears so, says the same again, and refuses what comes late', async () => {
    const transferId = newTransferId();
    const shards = await Promise.all([0, 1, 2].map((segment) => makeShard(segment, 50_000)));
    const late = await StoreClient.open(node.url, await storeOrder(transferId));
    for (const shard of shards) await late.store(shard, shard.bytes);
    const before = await node.health();
    const answer = (await (await deleteTransfer(transferId)).json()) as Deletion;
    expect([answer.shards, answer.bytes, answer.transferId]).toEqual([3, 150_000, encodeB64(transferId)]);
    const nodeId = asNodeId(decodeB64(answer.nodeId));
    const statement = deletionBytes({ transferId: asTransferId(decodeB64(answer.transferId)), nodeId, deletedAtMs: answer.deletedAtMs, shards: 3, bytes: 150_000 });
    expect(await verifyBytes(await importVerifyingKey(nodeId), decodeB64(answer.signature), statement)).toBe(true);
    expect(before.shards - (await node.health()).shards).toBe(3);

    late.sendShard(shards[0]!, shards[0]!.bytes);
    expect((await late.expect('problem')).error.code).toBe('transfer_deleted');
    await late.close();
    await node.end('SIGTERM');
    node = await stage.start({ data: node.data });
    expect(await (await deleteTransfer(transferId)).json()).toEqual(answer);
    const again = await StoreClient.connect(node.url);
    again.send(encodeOpen(await storeOrder(transferId)));
    expect((await again.expect('problem')).error.code).toBe('transfer_deleted');
    expect(await codeOf(await fetchRange(node.url, await fetchOrder(transferId), 0, 0))).toBe('transfer_deleted');
  });
});

describe('serving', () => {
  it('lets a slow reader be slow, and stops reading for one that left', async () => {
    const transferId = newTransferId();
    const client = await StoreClient.open(node.url, await storeOrder(transferId));
    const shard = await makeShard(0, MIB);
    for (let segment = 0; segment < 64; segment++) await client.store({ ...shard, segment }, shard.bytes);
    await client.close();

    const leaving = new AbortController();
    const left = await fetchRange(node.url, await fetchOrder(transferId), 0, 63, { signal: leaving.signal });
    const reader = left.body!.getReader();
    expect((await reader.read()).done).toBe(false);
    expect(await node.metric('connections{kind="fetch"}')).toBe(1);
    expect(await node.metric('fetched_shards_total')).toBeLessThan(64);
    leaving.abort();
    await expect(reader.read()).rejects.toThrow(/abort/);

    const url = new URL(node.url);
    const socket = connect({ port: Number(url.port), host: url.hostname });
    await once(socket, 'connect');
    socket.write(`GET /v1/shards?from=0&to=63 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Shardsend-Order ${encodeB64(await fetchOrder(transferId))}\r\n\r\n`);
    await once(socket, 'readable'); // answered, but not read: the node must wait, not hurry
    await node.health();
    let bytes = 0;
    for await (const chunk of socket as AsyncIterable<Uint8Array>) bytes += chunk.length;
    expect(bytes).toBeGreaterThan(64 * MIB);
    await expect.poll(() => node.metric('connections{kind="fetch"}')).toBe(0);
  });

  it('answers far ranges without shards, and refuses impossible ones', async () => {
    const far = await fetchFrames(node.url, await fetchOrder(newTransferId()), 4_000_000_000, 4_000_009_999);
    expect([far.length, far.at(-1)!.segment, far.every(({ bytes }) => bytes === null)]).toEqual([10_000, 4_000_009_999, true]);
    for (const [from, to] of [
      ['1', '0'],
      ['0', '4294967295'],
      ['0', '1048576'],
      ['00', '1'],
      ['-1', '1'],
      ['x', '1'],
      ['1', ''],
    ])
      expect((await fetch(`${node.url}/v1/shards?from=${from}&to=${to}`)).status, `${from} ${to}`).toBe(400);
  });

  it('serves nothing under another shard index than the one it stored', async () => {
    const transferId = newTransferId();
    const shard = await makeShard(0, 1000);
    const client = await StoreClient.open(node.url, await storeOrder(transferId));
    await client.store(shard, shard.bytes);
    await client.close();
    const other = await stage.coordinator.order(node.nodeId, { action: 'fetch', transferId, shardIndex: 4 });
    expect((await fetchFrames(node.url, other, 0, 0))[0]!.bytes).toBeNull();
  });
});

describe('every answer', () => {
  it('may be read from any page', async () => {
    const preflight = await fetch(`${node.url}/v1/shards`, { method: 'OPTIONS', headers: { Origin: 'https://example.org', 'Access-Control-Request-Private-Network': 'true' } });
    const { headers } = preflight;
    expect(preflight.status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-headers')).toContain('Authorization');
    expect(headers.get('access-control-max-age')).toBe('86400');
    expect(headers.get('access-control-allow-private-network')).toBe('true');
    for (const path of ['/v1/health', '/metrics', '/v1/shards?from=0&to=0', '/nothing'])
      expect((await fetch(node.url + path)).headers.get('access-control-allow-origin'), path).toBe('*');
  });

  it('is a problem document when something is wrong', async () => {
    const response = await fetch(`${node.url}/nothing`);
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect(await response.json()).toMatchObject({ type: 'about:blank', status: 404, code: 'not_found' });
    const large = await fetch(`${node.url}/v1/rebuild`, { method: 'POST', body: new Uint8Array(MIB + 1) });
    expect([large.status, await codeOf(large)]).toEqual([413, 'too_large']);
  });

  it('of health is signed when a challenge asks for it', async () => {
    const challenge = Uint8Array.from(randomBytes(32));
    const health = (await (await fetch(`${node.url}/v1/health?challenge=${encodeB64(challenge)}`)).json()) as Health;
    expect(await verifyBytes(await importVerifyingKey(decodeB64(health.nodeId)), decodeB64(health.signature!), healthBytes(challenge))).toBe(true);
    expect((await fetch(`${node.url}/v1/health?challenge=AAAA`)).status).toBe(400);
    expect((await node.health()).signature).toBeUndefined();
  });

  it('of metrics is Prometheus text', async () => {
    const text = await (await fetch(`${node.url}/metrics`)).text();
    for (const line of text.trim().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) shardsend_node_\w+ .+|shardsend_node_\w+(\{\w+="\w+"\})? \d+(\.\d+)?)$/);
    for (const name of ['shards', 'used_bytes', 'stored_bytes_total', 'fetched_bytes_total', 'refused_total', 'connections', 'rebuilds_total', 'expired_shards_total'])
      expect(text).toContain(`\nshardsend_node_${name}`.slice(name === 'shards' ? 1 : 0));
  });
});

it('finishes what is in flight when it is told to stop', async () => {
  const transferId = newTransferId();
  const shard = await makeShard(0, MIB);
  const client = await StoreClient.open(node.url, await storeOrder(transferId));
  client.sendShard(shard, shard.bytes);
  client.send(encodeShardHeader({ ...shard, segment: 1 })); // whose bytes never come
  await client.expect('stored');
  const ended = node.end('SIGTERM');
  expect(await client.closed()).toBe(1001);
  expect(await ended).toBe(0);
  node = await stage.start({ data: node.data });
  const frames = await fetchFrames(node.url, await fetchOrder(transferId), 0, 1);
  expect(frames.map(({ bytes }) => bytes?.length ?? null)).toEqual([MIB, null]);
});
