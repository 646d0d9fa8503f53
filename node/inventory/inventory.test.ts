import { readdir } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  INVENTORY_BUCKETS,
  asNodeId,
  bucketDigest,
  bucketOf,
  decodeB64,
  encodeB64,
  type Bucket,
  type HeldTransfer,
  type Inventory,
  type Order,
  type TransferId,
} from '../../shared/protocol/index.ts';
import { HOUR_MS, newTransferId } from '../testing/coordinator.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { codeOf, fetchRange, makeShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';
import type { RunningNode } from '../storage-node.ts';
import { nextComparisonMs } from './inventory-clock.ts';

let stage: Stage;
let clock: ManualClock;
beforeEach(async () => {
  stage = await Stage.set();
  clock = new ManualClock();
  stage.coordinator.nowMs = () => clock.nowMs();
});
afterEach(() => stage.clear());

const order = (node: RunningNode, changes: Partial<Order> & Pick<Order, 'action' | 'transferId'>) =>
  stage.coordinator.order(node.nodeId, { shardExpiresAtMs: clock.nowMs() + 48 * HOUR_MS, ...changes });

async function store(node: RunningNode, transferId: TransferId, shards: number, expiresInMs = 48 * HOUR_MS): Promise<void> {
  const client = await StoreClient.open(node.url, await order(node, { action: 'store', transferId, shardExpiresAtMs: clock.nowMs() + expiresInMs }));
  const shard = await makeShard(0, 1000);
  for (let segment = 0; segment < shards; segment++) await client.store({ ...shard, segment }, shard.bytes);
  await client.close();
}

const filesIn = async (dataDir: string) => (await readdir(path.join(dataDir, 'shards'), { recursive: true })).filter((name) => name.endsWith('.shard')).length;

/** A node on the test's clock, after its first comparison, and a way to the next: the clock is moved there. */
async function startNode(dataDir?: string): Promise<{ node: RunningNode; compare: () => Promise<string[]> }> {
  let settled = Promise.withResolvers<void>();
  const log = (event: string): void => {
    if (event === 'inventory') settled.resolve();
    if (event === 'inventory_failed') setImmediate(() => clock.advance(500)); // before it tries again
  };
  const next = async (): Promise<string[]> => {
    const { body } = await stage.coordinator.next(({ path: to }) => to === '/api/nodes/inventory');
    await settled.promise;
    settled = Promise.withResolvers<void>();
    await new Promise((resolve) => void setImmediate(resolve)); // the next one is planned by then
    return (body as Inventory).buckets;
  };
  const node = await stage.run(dataDir === undefined ? {} : { dataDir }, { clock, log });
  expect(await next()).toEqual(EMPTY);
  return {
    node,
    compare: () => {
      clock.advance(stage.coordinator.epochMs ?? HOUR_MS);
      return next();
    },
  };
}

const EMPTY = Array.from({ length: INVENTORY_BUCKETS }, () => encodeB64(bucketDigest([])));

describe('an inventory', () => {
  it('is told once an epoch, each bucket by the digest of what it holds', async () => {
    const { node, compare } = await startNode();
    const held: HeldTransfer[] = [];
    for (const shards of [1, 2, 3, 4]) {
      const transferId = newTransferId();
      await store(node, transferId, shards);
      held.push({ transferId: encodeB64(transferId), shards });
    }
    const buckets = await compare();
    const expected = Array.from({ length: INVENTORY_BUCKETS }, (_, bucket) => encodeB64(bucketDigest(held.filter(({ transferId }) => bucketOf(decodeB64(transferId)) === bucket))));
    expect(buckets).toEqual(expected);
    expect(await compare()).toEqual(expected);
  });

  it('clears what the coordinator orders away, for good, and nothing else: no garbage stays behind', async () => {
    const dataDir = await stage.folder();
    const { node, compare } = await startNode(dataDir);
    const [kept, gone] = [newTransferId(), newTransferId()];
    await store(node, kept, 2);
    await store(node, gone, 3);
    const lists: Bucket[] = [];
    let surplus: TransferId[] = [gone];
    stage.coordinator.answers.set('/api/nodes/inventory', () => ({ differ: [bucketOf(gone)] }));
    stage.coordinator.answers.set(`/api/nodes/inventory/${bucketOf(gone)}`, async (body) => {
      lists.push(body as Bucket);
      const signed = surplus.map(async (transferId) => ({ transferId: encodeB64(transferId), order: encodeB64(await order(node, { action: 'delete', transferId })) }));
      return { surplus: await Promise.all(signed) };
    });
    await compare();
    expect(await filesIn(dataDir)).toBe(2);
    expect(lists[0]!.transfers.find(({ transferId }) => transferId === encodeB64(gone))).toEqual({ transferId: encodeB64(gone), shards: 3 });
    expect(await codeOf(await fetchRange(node.url, await order(node, { action: 'fetch', transferId: gone }), 0, 0))).toBe('transfer_deleted');
    expect((await fetchRange(node.url, await order(node, { action: 'fetch', transferId: kept }), 0, 0)).status).toBe(200);

    surplus = [];
    await compare();
    expect(lists.at(-1)!.transfers.some(({ transferId }) => transferId === encodeB64(gone))).toBe(false);
  });

  it('deletes nothing by an order that is forged, of another node or for another action', async () => {
    const dataDir = await stage.folder();
    let asked = 0;
    const { node, compare } = await startNode(dataDir);
    const transferId = newTransferId();
    await store(node, transferId, 1);
    stage.coordinator.answers.set('/api/nodes/inventory', () => ({ differ: [bucketOf(transferId)] }));
    stage.coordinator.answers.set(`/api/nodes/inventory/${bucketOf(transferId)}`, async () => {
      asked++;
      const forged = await order(node, { action: 'delete', transferId });
      const other = await order(node, { action: 'delete', transferId, nodeId: asNodeId(new Uint8Array(32)) });
      const orders = [forged.with(190, forged[190]! ^ 1), other, await order(node, { action: 'fetch', transferId })];
      return { surplus: orders.map((one) => ({ transferId: encodeB64(transferId), order: encodeB64(one) })) };
    });
    await compare();
    const count = async () => (await (await fetch(`${node.url}/metrics`)).text()).match(/refused_total\{code="order_(forged|other_node|action)"\} 1/g)?.length;
    expect(await count()).toBe(3);
    expect([asked, await filesIn(dataDir)]).toEqual([1, 1]);
  });

  it('leaves out what is over, whether or not it was deleted already', async () => {
    const { node, compare } = await startNode();
    await store(node, newTransferId(), 2, HOUR_MS / 2);
    expect(await compare()).toEqual(EMPTY);
  });

  it('is told again when the coordinator was away, and follows the length of its epochs', async () => {
    stage.coordinator.epochMs = 10_000;
    stage.coordinator.refusals.push({ path: '/api/nodes/inventory', status: 503, code: 'unavailable' });
    const { compare } = await startNode();
    await compare();
    await compare();
  });
});

describe('the moment of a comparison', () => {
  const nodeId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(asNodeId);
  it('comes once in every epoch, away from its edges', () => {
    fc.assert(
      fc.property(nodeId, fc.integer({ min: 1_000, max: HOUR_MS }), fc.nat(2 ** 41), (id, epochMs, afterMs) => {
        const atMs = nextComparisonMs(id, afterMs, epochMs);
        expect(atMs).toBeGreaterThan(afterMs);
        expect(atMs - afterMs).toBeLessThanOrEqual(epochMs + 0.01);
        const place = (atMs % epochMs) / epochMs;
        expect(place).toBeGreaterThan(0.099);
        expect(place).toBeLessThan(0.901);
        expect(nextComparisonMs(id, atMs, epochMs) - atMs).toBeCloseTo(epochMs, 1);
      }),
    );
  });

  it('spreads 1000 nodes evenly', () => {
    const tenths = Array.from({ length: 8 }, () => 0);
    for (let i = 0; i < 1000; i++) {
      const id = asNodeId(new Uint8Array(32));
      new DataView(id.buffer).setUint32(0, Math.floor((i / 1000) * 2 ** 32));
      tenths[Math.floor((nextComparisonMs(id, 0, 10) - 1) % 8)]!++;
    }
    for (const count of tenths) expect(count).toBeGreaterThan(100);
  });
});
