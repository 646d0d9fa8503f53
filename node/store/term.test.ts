import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asNodeId, decodeB64, encodeB64, encodeHex, expiryBytes, importVerifyingKey, verifyBytes, type Expiry, type Order, type TransferId } from '../../shared/protocol/index.ts';
import type { RunningNode } from '../storage-node.ts';
import { HOUR_MS, newTransferId } from '../testing/coordinator.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import type { NodeProcess } from '../testing/node-process.ts';
import { codeOf, fetchFrames, makeShard, type TestShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';
import { ShardIndex } from './shard-index.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set();
});
afterEach(() => stage.clear());

/** A node on a clock of the test's, and one transfer at it. */
class Scene {
  readonly clock = new ManualClock();
  readonly transferId = newTransferId();
  readonly shards: TestShard[];
  node!: RunningNode;
  dataDir = '';

  constructor(shards: TestShard[]) {
    this.shards = shards;
  }
  static async set(count: number): Promise<Scene> {
    const scene = new Scene(await Promise.all(Array.from({ length: count }, (_, segment) => makeShard(segment, 1000))));
    scene.dataDir = await stage.folder();
    await scene.start();
    return scene;
  }
  async start(): Promise<void> {
    stage.coordinator.nowMs = () => this.clock.nowMs();
    this.node = await stage.run({ dataDir: this.dataDir }, { clock: this.clock });
  }
  /** Time goes on by a second. @returns what then lies on the disk. */
  filesLater(): Promise<string[]> {
    this.clock.advance(1000);
    return this.files();
  }
  order(action: Order['action'], changes: Partial<Order> = {}): Promise<Uint8Array<ArrayBuffer>> {
    return stage.coordinator.order(this.node.nodeId, { action, transferId: this.transferId, ...changes });
  }
  async store(shards: readonly TestShard[], changes: Partial<Order> = {}): Promise<StoreClient> {
    const client = await StoreClient.open(this.node.url, await this.order('store', changes));
    for (const shard of shards) await client.store(shard, shard.bytes);
    return client;
  }
  async extend(expiresInMs: number, changes: Partial<Order> = {}): Promise<Expiry | string> {
    return extendAt(this.node.url, await this.order('extend', { shardExpiresAtMs: this.clock.nowMs() + expiresInMs, ...changes }));
  }
  async held(): Promise<number[]> {
    return (await fetchFrames(this.node.url, await this.order('fetch'), 0, this.shards.length - 1)).flatMap(({ segment, bytes }) => (bytes === null ? [] : [segment]));
  }
  async files(): Promise<string[]> {
    return (await readdir(path.join(this.dataDir, 'shards'), { recursive: true })).filter((name) => /\.shard$|term$/.test(name)).map((name) => path.basename(name));
  }
}

async function extendAt(url: string, order: Uint8Array): Promise<Expiry | string> {
  const response = await fetch(`${url}/v1/expiry`, { method: 'PUT', headers: { Authorization: `Shardsend-Order ${encodeB64(order)}` } });
  return response.ok ? ((await response.json()) as Expiry) : await codeOf(response);
}

describe('an order to extend', () => {
  it('is answered with a signed statement of how many shards are kept until when', async () => {
    const scene = await Scene.set(3);
    await (await scene.store(scene.shards)).close();
    const answer = (await scene.extend(5 * HOUR_MS)) as Expiry;
    expect(answer).toMatchObject({ transferId: encodeB64(scene.transferId), nodeId: scene.node.nodeId, shardExpiresAtMs: scene.clock.nowMs() + 5 * HOUR_MS, shards: 3 });
    const nodeId = asNodeId(decodeB64(answer.nodeId));
    const signed = expiryBytes({ ...answer, transferId: scene.transferId, nodeId });
    expect(await verifyBytes(await importVerifyingKey(nodeId), decodeB64(answer.signature), signed)).toBe(true);
  });

  it('keeps shards beyond their first time, and no longer than the new one', async () => {
    const scene = await Scene.set(3);
    await (await scene.store(scene.shards)).close();
    await scene.extend(3 * HOUR_MS);
    scene.clock.advance(2 * HOUR_MS);
    expect(await scene.held()).toEqual([0, 1, 2]);
    expect((await scene.files()).toSorted()).toEqual(['0.shard', '1.shard', '2.shard', 'term']);
    scene.clock.advance(HOUR_MS);
    expect(await scene.held()).toEqual([]);
    await expect.poll(() => scene.filesLater(), { timeout: 20_000 }).toEqual([]);
  });

  it('shortens: what is over goes from the disk at the earlier time', async () => {
    const scene = await Scene.set(2);
    await (await scene.store(scene.shards)).close();
    await scene.extend(60_000);
    scene.clock.advance(60_000);
    expect(await scene.held()).toEqual([]);
    await expect.poll(() => scene.filesLater(), { timeout: 20_000 }).toEqual([]);
  });

  it('counts for shards that come later over a connection that was opened before', async () => {
    const scene = await Scene.set(4);
    const client = await scene.store(scene.shards.slice(0, 1));
    scene.clock.advance(1000);
    expect(await scene.extend(2 * HOUR_MS)).toMatchObject({ shards: 1 });
    for (const shard of scene.shards.slice(1)) await client.store(shard, shard.bytes);
    expect((await client.seal()).segments).toEqual([0, 1, 2, 3]);
    await client.close();
    scene.clock.advance(HOUR_MS);
    expect(await scene.held()).toEqual([0, 1, 2, 3]);
  });

  it('comes before the first shard and is remembered; a younger store order says more', async () => {
    const scene = await Scene.set(2);
    const older = await scene.order('store');
    scene.clock.advance(1000);
    expect(await scene.extend(3 * HOUR_MS)).toMatchObject({ shards: 0 });
    const client = await StoreClient.open(scene.node.url, older);
    await client.store(scene.shards[0]!, scene.shards[0]!.bytes);
    await client.close();
    scene.clock.advance(1000);
    await (await scene.store(scene.shards.slice(1))).close();
    scene.clock.advance(2 * HOUR_MS);
    expect(await scene.held()).toEqual([0]);
  });

  it('that is older than the last one changes nothing', async () => {
    const scene = await Scene.set(1);
    await (await scene.store(scene.shards)).close();
    const older = await scene.order('extend', { shardExpiresAtMs: scene.clock.nowMs() + 60_000 });
    scene.clock.advance(1000);
    await scene.extend(5 * HOUR_MS);
    expect(await extendAt(scene.node.url, older)).toBe('conflict');
    scene.clock.advance(4 * HOUR_MS);
    expect(await scene.held()).toEqual([0]);
  });

  it('that is older than the order that brought a shard, or found it there again, changes nothing: it came late', async () => {
    const scene = await Scene.set(2);
    const oldest = await scene.order('extend', { shardExpiresAtMs: scene.clock.nowMs() + 60_000 });
    scene.clock.advance(1000);
    const shardExpiresAtMs = scene.clock.nowMs() + 2 * HOUR_MS;
    await (await scene.store(scene.shards, { shardExpiresAtMs })).close();
    expect(await extendAt(scene.node.url, oldest)).toBe('conflict');
    const older = await scene.order('extend', { shardExpiresAtMs: scene.clock.nowMs() + 60_000 });
    scene.clock.advance(1000);
    await (await scene.store(scene.shards, { shardExpiresAtMs })).close();
    expect(await extendAt(scene.node.url, older)).toBe('conflict');
    scene.clock.advance(HOUR_MS);
    expect(await scene.held()).toEqual([0, 1]);
    expect(await scene.extend(60_000)).toMatchObject({ shards: 2 });
  });

  it('brings back no shard whose time is over, and nothing of a deleted transfer', async () => {
    const scene = await Scene.set(2);
    await (await scene.store(scene.shards)).close();
    scene.clock.advance(HOUR_MS);
    expect(await scene.extend(HOUR_MS), 'it still lies on the disk').toMatchObject({ shards: 0 });
    await fetch(`${scene.node.url}/v1/shards`, { method: 'DELETE', headers: { Authorization: `Shardsend-Order ${encodeB64(await scene.order('delete'))}` } });
    expect(await scene.extend(HOUR_MS)).toBe('transfer_deleted');
    expect(await scene.files()).toEqual([]);
  });

  it('holds across a start, and when the index is lost: for shards from before, and for those that came later under an order of their own', async () => {
    const scene = await Scene.set(3);
    await (await scene.store(scene.shards.slice(0, 2))).close();
    await scene.extend(3 * HOUR_MS);
    scene.clock.advance(1000);
    await (await scene.store(scene.shards.slice(2), { shardExpiresAtMs: scene.clock.nowMs() + 2 * HOUR_MS })).close();
    await scene.node.close();
    await rm(path.join(scene.dataDir, 'index.db'));
    scene.clock.advance(HOUR_MS);
    await scene.start();
    scene.clock.advance(1);
    expect(await scene.held()).toEqual([0, 1, 2]);
    scene.clock.advance(HOUR_MS);
    expect(await scene.held()).toEqual([0, 1]);
    scene.clock.advance(HOUR_MS);
    expect(await scene.held()).toEqual([]);
  });
});

describe('a node that is killed while it extends', () => {
  const ROUNDS = 12;
  it('keeps each shard until the old time or the new one, and until the new one once it answered', async () => {
    const shards = await Promise.all(Array.from({ length: 40 }, (_, segment) => makeShard(segment, 5000)));
    let node = await stage.start();
    let answeredInAll = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const transferId = newTransferId();
      const oldMs = Date.now() + HOUR_MS;
      const client = await StoreClient.open(node.url, await stage.coordinator.order(node.nodeId, { action: 'store', transferId, shardExpiresAtMs: oldMs }));
      for (const shard of shards) await client.store(shard, shard.bytes);
      await client.close();
      const newMs = oldMs + HOUR_MS;
      const order = await stage.coordinator.order(node.nodeId, { action: 'extend', transferId, shardExpiresAtMs: newMs, notBeforeMs: Date.now() + 1 });
      const until = performance.now() + (round / ROUNDS) * 12;
      const asking = extendAt(node.url, order).catch(() => null);
      const killed = node;
      setImmediate(function strike() {
        if (performance.now() < until) setImmediate(strike);
        else killed.kill();
      });
      const answered = await asking;
      await killed.exited();
      const isIndexLost = round % 2 === 1;
      if (isIndexLost) await rm(path.join(killed.data, 'index.db'));
      node = await stage.start({ data: killed.data });
      const times = await timesOf(node, transferId, shards.length);
      node = await stage.start({ data: node.data });
      expect(times.length, 'none is lost').toBe(shards.length);
      expect(
        times.every((timeMs) => timeMs === times[0]),
        'all of them, or none',
      ).toBe(true);
      expect([oldMs, newMs]).toContain(times[0]);
      if (answered === null) continue;
      answeredInAll++;
      expect(times[0]).toBe(newMs);
    }
    expect(answeredInAll, 'some were killed after they answered').toBeLessThan(ROUNDS);
  });

  /** Ends the node. @returns the time of every shard that it served. */
  async function timesOf(node: NodeProcess, transferId: TransferId, count: number): Promise<number[]> {
    const held = await fetchFrames(node.url, await stage.coordinator.order(node.nodeId, { action: 'fetch', transferId }), 0, count - 1);
    await node.end('SIGTERM');
    const { index } = await ShardIndex.open(node.data);
    try {
      const rows = index.segmentsOf(transferId);
      expect(rows.length).toBe(held.filter(({ bytes }) => bytes !== null).length);
      return rows.map(({ expiresAtMs }) => expiresAtMs);
    } finally {
      await index.close();
    }
  }
});

it('a folder without shards keeps no time', async () => {
  const scene = await Scene.set(1);
  await (await scene.store(scene.shards)).close();
  await scene.extend(2 * HOUR_MS);
  expect((await scene.files()).toSorted()).toEqual(['0.shard', 'term']);
  const folder = path.join(scene.dataDir, 'shards', encodeHex(scene.transferId).slice(0, 2), encodeHex(scene.transferId));
  scene.clock.advance(2 * HOUR_MS);
  await expect.poll(() => scene.filesLater(), { timeout: 20_000 }).toEqual([]);
  await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('a folder in which a killed node left nothing but a time goes at the next start', async () => {
  const scene = await Scene.set(1);
  await (await scene.store(scene.shards)).close();
  await scene.extend(2 * HOUR_MS);
  await scene.node.close();
  const folder = path.join(scene.dataDir, 'shards', encodeHex(scene.transferId).slice(0, 2), encodeHex(scene.transferId));
  await rm(path.join(folder, '0.shard'));
  await scene.start();
  await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});
