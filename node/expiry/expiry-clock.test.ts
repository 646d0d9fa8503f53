import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asTransferId, type TransferId } from '../../shared/protocol/index.ts';
import { HOUR_MS, newTransferId } from '../testing/coordinator.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { codeOf, fetchFrames, fetchRange, makeShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';
import type { RunningNode } from '../storage-node.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set();
});
afterEach(() => stage.clear());

/** A node on a clock of the test's, and the events that the test waits for. */
async function startNode(clock: ManualClock, dataDir: string) {
  let onExpired: (shards: number) => void = () => {};
  const node = await stage.run({ dataDir }, { clock, log: (event, fields) => event === 'expired' && onExpired(Number(fields?.['shards'])) });
  return { node, expired: () => new Promise<number>((resolve) => (onExpired = resolve)) };
}

async function store(node: RunningNode, clock: ManualClock, transferId: TransferId, segments: readonly number[], expiresInMs: number): Promise<void> {
  const client = await StoreClient.open(node.url, await order(node, clock, 'store', transferId, expiresInMs));
  for (const segment of segments) {
    const shard = await makeShard(segment, 1000);
    await client.store(shard, shard.bytes);
  }
  await client.close();
}

function order(node: RunningNode, clock: ManualClock, action: 'store' | 'fetch' | 'delete', transferId: TransferId, expiresInMs = HOUR_MS) {
  const nowMs = clock.nowMs();
  return stage.coordinator.order(node.nodeId, { action, transferId, notBeforeMs: nowMs, expiresAtMs: nowMs + 60_000, shardExpiresAtMs: nowMs + expiresInMs });
}

const held = async (node: RunningNode, clock: ManualClock, transferId: TransferId) =>
  (await fetchFrames(node.url, await order(node, clock, 'fetch', transferId), 0, 9)).flatMap(({ segment, bytes }) => (bytes === null ? [] : [segment]));

const filesIn = async (dataDir: string) => (await readdir(path.join(dataDir, 'shards'), { recursive: true })).filter((name) => name.endsWith('.shard')).length;

describe('the time of a shard', () => {
  it('ends at once for those who read, and soon after on the disk, each in its turn', async () => {
    const clock = new ManualClock();
    const dataDir = await stage.folder();
    const { node, expired } = await startNode(clock, dataDir);
    const [short, long] = [newTransferId(), newTransferId()];
    await store(node, clock, short, [0, 1], HOUR_MS);
    await store(node, clock, long, [0, 1, 2], 2 * HOUR_MS);
    clock.advance(HOUR_MS - 1);
    expect(await held(node, clock, short)).toEqual([0, 1]);
    clock.advance(1);
    expect(await held(node, clock, short)).toEqual([]);
    expect(await filesIn(dataDir)).toBe(5);
    const first = expired();
    clock.advance(1000);
    expect(await first).toBe(2);
    expect(await filesIn(dataDir)).toBe(3);
    expect(await held(node, clock, long)).toEqual([0, 1, 2]);
    const second = expired();
    clock.advance(HOUR_MS);
    expect(await second).toBe(3);
    expect(await filesIn(dataDir)).toBe(0);
  });

  it('ends in the middle of a stream and of a store', async () => {
    const clock = new ManualClock();
    const { node } = await startNode(clock, await stage.folder());
    const transferId = newTransferId();
    const client = await StoreClient.open(node.url, await order(node, clock, 'store', transferId, HOUR_MS));
    const shard = await makeShard(0, 1_048_576);
    for (let segment = 0; segment < 64; segment++) await client.store({ ...shard, segment }, shard.bytes);
    const response = await fetchRange(node.url, await order(node, clock, 'fetch', transferId), 0, 63);
    clock.advance(HOUR_MS); // also past the node's patience with this reader, of whose slowness it then thinks ill
    const bytes = await response.arrayBuffer().then(
      (body) => body.byteLength,
      () => 0,
    );
    expect(bytes).toBeLessThan(64 * 1_048_576);
    expect([1008, 1001, 1000, 1006]).toContain(await client.closed());
  });

  it('ends while the node is down: what is over is deleted at the next start', async () => {
    const clock = new ManualClock();
    const dataDir = await stage.folder();
    const before = await startNode(clock, dataDir);
    await store(before.node, clock, newTransferId(), [0, 1, 2], HOUR_MS);
    await before.node.close();
    clock.advance(HOUR_MS + 1000);
    const swept = Promise.withResolvers<number>();
    // The coordinator's clock has not moved: the node serves, and sweeps, without it.
    void stage.run({ dataDir }, { clock, log: (event, fields) => event === 'expired' && swept.resolve(Number(fields?.['shards'])) });
    expect(await swept.promise).toBe(3);
    expect(await filesIn(dataDir)).toBe(0);
  });
});

describe('a deletion', () => {
  it('is remembered until the margin after the shards expire', async () => {
    const clock = new ManualClock();
    const { node } = await startNode(clock, await stage.folder());
    const transferId = asTransferId(newTransferId());
    const deletion = await order(node, clock, 'delete', transferId, HOUR_MS);
    await fetch(`${node.url}/v1/shards`, { method: 'DELETE', headers: { Authorization: `Shardsend-Order ${Buffer.from(deletion).toString('base64url')}` } });
    const late = async () => {
      const response = await fetchRange(node.url, await order(node, clock, 'fetch', transferId), 0, 0);
      return response.status === 200 ? 'ok' : await codeOf(response);
    };
    clock.advance(24 * HOUR_MS);
    expect(await late()).toBe('transfer_deleted');
    clock.advance(3 * HOUR_MS);
    await expect.poll(late).toBe('ok');
  });
});
