/** Orders that a real coordinator gave, or its key signed, used where and when they must not be. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { TransferApi } from '../../shared/client/index.ts';
import { makeLink } from '../../shared/client/links.ts';
import { shardRoot } from '../../shared/merkle/index.ts';
import {
  asContentSecret,
  asShardId,
  asTransferId,
  decodeB64,
  encodeB64,
  encodeOpen,
  ORDER_BYTES,
  ORDER_LIFETIME_MS,
  parseOrder,
  signingKeyFromSeed,
  signOrder,
  type ErrorCode,
  type Order,
  type Placement,
} from '../../shared/protocol/index.ts';
import { StoreClient } from '../../node/testing/store-client.ts';
import { FaultNetwork, type FaultNode } from '../support/fault-network.ts';
import { noise } from '../support/memory-files.ts';

let network: FaultNetwork;
const deps = nodeDeps();
/** All that must not stand in any log. */
const secrets: string[] = [];
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 3 });
});
afterAll(() => network?.stop());

interface Created {
  readonly api: TransferApi;
  readonly placement: Placement;
  readonly node: FaultNode;
  readonly other: FaultNode;
}

async function create(): Promise<Created> {
  const transferId = asTransferId(Uint8Array.from(randomBytes(16)));
  const contentSecret = asContentSecret(Uint8Array.from(randomBytes(32)));
  const ownerToken = Uint8Array.from(randomBytes(32));
  const { created, message: link } = await makeLink({ origin: network.origin, transferId, contentSecret }, { downloadLimit: null }, deps);
  const api = new TransferApi(network.origin, transferId, { role: 'owner', token: ownerToken }, deps);
  const placement = await api.create({ contentBytes: 4096, expiresInSeconds: 3600, link });
  secrets.push(encodeB64(contentSecret), encodeB64(ownerToken), created.link.split('#')[1]!, ...placement.nodes.map(({ order }) => order));
  return { api, placement, node: network.nodeAt(placement.nodes[0]!.url), other: network.nodeAt(placement.nodes[1]!.url) };
}

const orderAt = ({ placement }: Created, shardIndex: number): Uint8Array<ArrayBuffer> => decodeB64(placement.nodes[shardIndex]!.order, ORDER_BYTES);

/** Opens a store socket with an order. @returns the refusal. */
async function storeWith(node: FaultNode, order: Uint8Array): Promise<string> {
  const client = await StoreClient.connect(node.url);
  client.send(encodeOpen(order));
  const answer = await client.next();
  client.socket.terminate();
  return answer?.type === 'problem' ? answer.error.code : String(answer?.type);
}
async function fetchWith(node: FaultNode, order: Uint8Array, method = 'GET'): Promise<{ status: number; code: string }> {
  const response = await fetch(`${node.url}/v1/shards?from=0&to=0`, { method, headers: { Authorization: `Shardsend-Order ${encodeB64(order)}` } });
  return { status: response.status, code: ((await response.json()) as { code: string }).code };
}
/** What one more refusal does to the node's counter. */
async function countedAs(node: FaultNode, code: ErrorCode, refuse: () => Promise<unknown>): Promise<void> {
  const line = `refused_total{code="${code}"}`;
  const before = await node.metric(line);
  await refuse();
  expect(await node.metric(line)).toBe(before + 1);
}

test('with any bit of it changed, an order is refused as forged or malformed', async () => {
  const created = await create();
  const good = orderAt(created, 0);
  for (let at = 0; at < ORDER_BYTES; at += 7) {
    const forged = Uint8Array.from(good);
    forged[at]! ^= 0x10;
    expect(['order_forged', 'order_malformed'], `byte ${at}`).toContain(await storeWith(created.node, forged));
  }
  await countedAs(created.node, 'order_forged', () =>
    storeWith(
      created.node,
      Uint8Array.from(good, (byte, i) => (i === ORDER_BYTES - 1 ? byte ^ 1 : byte)),
    ),
  );
  await countedAs(created.node, 'order_malformed', async () => expect(await fetchWith(created.node, good.subarray(1))).toEqual({ status: 400, code: 'order_malformed' }));
  // What was refused did not use it up.
  expect(await storeWith(created.node, good)).toBe('ready');
});

test('used again, an order is refused, also after the node was killed', async () => {
  const created = await create();
  const order = orderAt(created, 0);
  expect(await storeWith(created.node, order)).toBe('ready');
  await countedAs(created.node, 'order_replayed', async () => expect(await storeWith(created.node, order)).toBe('order_replayed'));
  await created.node.kill();
  await created.node.start();
  expect(await storeWith(created.node, order)).toBe('order_replayed');
});

test('another node’s order, and one for another action, are refused', async () => {
  const created = await create();
  await countedAs(created.other, 'order_other_node', async () => expect(await storeWith(created.other, orderAt(created, 0))).toBe('order_other_node'));
  await countedAs(created.node, 'order_action', async () => expect(await fetchWith(created.node, orderAt(created, 0))).toEqual({ status: 403, code: 'order_action' }));
  expect(await fetchWith(created.node, orderAt(created, 0), 'DELETE')).toEqual({ status: 403, code: 'order_action' });
});

describe('signed with the coordinator’s own key, but', () => {
  async function signed(created: Created, changes: Partial<Order>): Promise<Uint8Array<ArrayBuffer>> {
    const seed = decodeB64(await readFile(path.join(network.coordinator.dataDir, 'seed'), 'utf8'));
    const order = await signOrder({ ...parseOrder(orderAt(created, 0)), serial: Uint8Array.from(randomBytes(16)), ...changes }, (await signingKeyFromSeed(seed)).privateKey);
    secrets.push(encodeB64(order), encodeB64(seed));
    return order;
  }

  test('expired, not yet good, or good for too long, an order is refused', async () => {
    const created = await create();
    const now = Date.now();
    const expired = await signed(created, { notBeforeMs: now - ORDER_LIFETIME_MS, expiresAtMs: now - 60_000 });
    await countedAs(created.node, 'order_expired', async () => expect(await storeWith(created.node, expired)).toBe('order_expired'));
    expect(await storeWith(created.node, await signed(created, { notBeforeMs: now + 120_000, expiresAtMs: now + 180_000 }))).toBe('order_expired');
    expect(await storeWith(created.node, await signed(created, { notBeforeMs: now, expiresAtMs: now + ORDER_LIFETIME_MS + 1_000 }))).toBe('order_expired');
    // The same order is good while it is good.
    expect(await storeWith(created.node, await signed(created, {}))).toBe('ready');
  });

  test('for fewer bytes than are sent, it stores none', async () => {
    const created = await create();
    const client = await StoreClient.open(created.node.url, await signed(created, { maxBytes: 99 }));
    const bytes = Uint8Array.from(noise(1, 100));
    client.sendShard({ segment: 0, shardBytes: 100, root: asShardId(await shardRoot(bytes)) }, bytes);
    expect(await client.expect('problem')).toMatchObject({ segment: 0, error: { code: 'order_budget' } });
    await client.close();
    expect(await created.node.shardFiles(created.placement.transferId)).toEqual([]);
  });
});

test('of another coordinator, an order is refused', async () => {
  const created = await create();
  const foreign = await signOrder(
    { ...parseOrder(orderAt(created, 0)), serial: Uint8Array.from(randomBytes(16)) },
    (await signingKeyFromSeed(Uint8Array.from(randomBytes(32)))).privateKey,
  );
  expect(await storeWith(created.node, foreign)).toBe('order_forged');
});

test('after its transfer was withdrawn, an order is refused', async () => {
  const created = await create();
  const client = await StoreClient.open(created.node.url, orderAt(created, 0));
  const bytes = Uint8Array.from(noise(1, 100));
  await client.store({ segment: 0, shardBytes: 100, root: asShardId(await shardRoot(bytes)) }, bytes);
  await client.close();
  const [seat] = await created.api.storeOrders([0]);
  await created.api.revoke();
  await expect.poll(() => created.node.shardFiles(created.placement.transferId), { timeout: 60_000 }).toEqual([]);
  expect(await storeWith(created.node, decodeB64(seat!.order, ORDER_BYTES))).toBe('transfer_deleted');
});

test('a receipt counts for the transfer alone that it was given for', async () => {
  const [first, second] = [await create(), await create()];
  const bytes = Uint8Array.from(noise(1, 2112));
  const roots = await Promise.all(Array.from({ length: 3 }, () => shardRoot(bytes)));
  const segment = { index: 0, salt: encodeB64(Uint8Array.from(randomBytes(32))), roots: encodeB64(Uint8Array.from(Buffer.concat(roots))) };
  const client = await StoreClient.open(first.node.url, orderAt(first, 0));
  await client.store({ segment: 0, shardBytes: bytes.length, root: asShardId(roots[0]!) }, bytes);
  const { storedAtMs, signature, segments } = await client.seal();
  await client.close();
  const { shardExpiresAtMs } = parseOrder(orderAt(first, 0));
  const receipt = { shardIndex: 0, shardExpiresAtMs, storedAtMs, segments: [...segments], signature: encodeB64(signature) };
  await expect(second.api.commitSegments({ segments: [segment], receipts: [receipt] })).rejects.toMatchObject({ code: 'receipt_invalid' });
  await expect(first.api.commitSegments({ segments: [segment], receipts: [{ ...receipt, shardIndex: 1 }] })).rejects.toMatchObject({ code: 'receipt_invalid' });
  await expect(first.api.commitSegments({ segments: [segment], receipts: [{ ...receipt, storedAtMs: storedAtMs + 1 }] })).rejects.toMatchObject({ code: 'receipt_invalid' });
  expect(await first.api.commitSegments({ segments: [segment], receipts: [receipt] })).toBe(0);
});

test('no log holds an order, a token or a key', async () => {
  const logs = await Promise.all([...network.nodes.map((node) => node.log()), readFile(path.join(network.coordinator.dataDir, 'coordinator.log'), 'utf8')]);
  expect(logs.every((log) => log.length > 0)).toBe(true);
  expect(secrets.length).toBeGreaterThan(20);
  for (const secret of secrets) for (const log of logs) expect(log.includes(secret)).toBe(false);
});
