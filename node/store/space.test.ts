/** The numbers of a node's space against what lies on its disk: the two must agree whatever happens, or operators are told wrong. */
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asTransferId, encodeB64 } from '../../shared/protocol/index.ts';
import { newTransferId } from '../testing/coordinator.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { onDisk } from '../testing/disk.ts';
import { makeShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';
import { FILE_BLOCK_BYTES, fileBytesOf } from './shard-header.ts';
import { ShardStore } from './shard-store.ts';

const CAPACITY_BYTES = 2 ** 32;

type Step =
  | { readonly kind: 'put'; readonly transfer: number; readonly segment: number; readonly shardBytes: number; readonly hours: number }
  | { readonly kind: 'delete' | 'rot'; readonly transfer: number; readonly segment: number }
  | { readonly kind: 'pass'; readonly hours: number }
  | { readonly kind: 'restart' | 'lose index' };

const transfer = fc.nat(3);
const segment = fc.nat(4);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('put' as const), transfer, segment, shardBytes: fc.integer({ min: 1, max: 20_000 }), hours: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('delete' as const, 'rot' as const), transfer, segment }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('restart' as const, 'lose index' as const) }) },
);

describe('the space that a node tells', () => {
  it('agrees with its disk after any stores, replacements, deletions, expiries, damages and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const directory = await mkdtemp(path.join(tmpdir(), 'shardsend-space-'));
        const clock = new ManualClock();
        const open = () => ShardStore.open({ directory, capacityBytes: CAPACITY_BYTES, clock, known: true, diskReserveBytes: 0 });
        const transfers = Array.from({ length: 4 }, () => newTransferId());
        let store = await open();
        for (const [i, one] of steps.entries()) {
          if (one.kind === 'put') {
            const shard = await makeShard(one.segment, one.shardBytes);
            const expiresAtMs = clock.nowMs() + one.hours * 3600_000;
            await store.put({ ...shard, transferId: transfers[one.transfer]!, shardIndex: 0, expiresAtMs, orderedAtMs: 0 }, shard.bytes).catch(() => undefined); // of a deleted transfer
          } else if (one.kind === 'delete') {
            // Two orders at once, as a retry that overtakes.
            await Promise.all([0, 1].map(() => store.deleteTransfer(transfers[one.transfer]!, clock.nowMs())));
            transfers[one.transfer] = newTransferId();
          } else if (one.kind === 'rot') {
            const name = Buffer.from(transfers[one.transfer]!).toString('hex');
            await rm(path.join(directory, 'shards', name.slice(0, 2), name, `${one.segment}.shard`), { force: true });
            await store.readVerified(asTransferId(transfers[one.transfer]!), one.segment, new Uint8Array(2 ** 20));
          } else if (one.kind === 'pass') {
            clock.advance(one.hours * 3600_000);
            await store.expire(clock.nowMs(), 1000);
          } else {
            await store.close();
            if (one.kind === 'lose index') await rm(path.join(directory, 'index.db'));
            store = await open();
          }
          const { shards, usedBytes } = await onDisk(directory);
          const space = await store.capacity.measure();
          expect({ shards: store.shards, usedBytes: space.usedBytes }, `after step ${i}, ${one.kind}`).toEqual({ shards, usedBytes });
          expect(space.freeBytes).toBeLessThanOrEqual(CAPACITY_BYTES - usedBytes);
        }
        await store.close();
        await rm(directory, { recursive: true });
      }),
      { numRuns: 30 },
    );
  });

  it('is what files really take, where a file system gives whole blocks', () => {
    expect([1, 3968, 3969, 1_048_576].map(fileBytesOf)).toEqual([4096, 4096, 8192, 1_052_672]);
  });
});

describe('a deletion that a kill cut off', () => {
  it('is finished at the next start and answered as before; the tombstone forgets in its time', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'shardsend-space-'));
    const clock = new ManualClock();
    const open = () => ShardStore.open({ directory, capacityBytes: CAPACITY_BYTES, clock, known: true, diskReserveBytes: 0 });
    const transferId = newTransferId();
    let store = await open();
    const shard = await makeShard(0, 5000);
    const expiresAtMs = clock.nowMs() + 3600_000;
    await store.put({ ...shard, transferId, shardIndex: 0, expiresAtMs, orderedAtMs: 0 }, shard.bytes);
    // Killed after the promise was written and before a file was touched.
    const tombstone = { deletedAtMs: clock.nowMs(), shards: 1, bytes: 5000 };
    store.index.bury(transferId, tombstone, expiresAtMs);
    await store.close();

    store = await open();
    expect(await onDisk(directory)).toEqual({ shards: 0, usedBytes: 0 });
    expect([store.shards, store.capacity.usedBytes]).toEqual([0, 0]);
    expect(await store.deleteTransfer(transferId, expiresAtMs)).toEqual(tombstone);
    await expect(store.put({ ...shard, transferId, shardIndex: 0, expiresAtMs, orderedAtMs: 0 }, shard.bytes)).rejects.toMatchObject({ code: 'transfer_deleted' });
    store.index.forgetBefore(expiresAtMs + 1);
    expect(store.isDeleted(transferId)).toBe(false);
    await store.close();
    await rm(directory, { recursive: true });
  });
});

describe('free space', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.set();
  });
  afterAll(() => stage.clear());

  it('never promises more than the disk has, in health, heartbeat, registration and metrics alike', async () => {
    const data = await stage.folder();
    const { bavail, bsize } = await statfs(data);
    const reserve = Math.floor(bavail * bsize * 0.9);
    const node = await stage.start({ data, flags: ['--capacity', '900TB', '--reserve', String(reserve), '--heartbeat-ms', '100'] });
    const transferId = newTransferId();
    const client = await StoreClient.open(node.url, await stage.coordinator.order(node.nodeId, { action: 'store', transferId }));
    const shard = await makeShard(0, 1_048_576);
    for (let i = 0; i < 8; i++) await client.store({ ...shard, segment: i }, shard.bytes);
    await client.close();
    const health = await node.health();
    const disk = await onDisk(data);
    expect([health.shards, health.usedBytes]).toEqual([disk.shards, disk.usedBytes]);
    expect([await node.metric('shards'), await node.metric('used_bytes')]).toEqual([disk.shards, disk.usedBytes]);
    const ceiling = bavail * bsize - reserve * 0.5; // others on this disk come and go; half the reserve is far from all of it
    for (const free of [health.freeBytes, await node.metric('free_bytes')]) expect(free).toBeLessThan(ceiling);
    const { body } = await stage.coordinator.next(({ path: to, body: sent }) => to === '/api/nodes/heartbeat' && (sent as { usedBytes: number }).usedBytes > 0);
    expect((body as { usedBytes: number }).usedBytes % FILE_BLOCK_BYTES).toBe(0);
    expect((body as { freeBytes: number }).freeBytes).toBeLessThan(ceiling);

    const order = await stage.coordinator.order(node.nodeId, { action: 'delete', transferId });
    await fetch(`${node.url}/v1/shards`, { method: 'DELETE', headers: { Authorization: `Shardsend-Order ${encodeB64(order)}` } });
    expect((await node.health()).usedBytes).toBe(0);
    await stage.coordinator.next(({ path: to, body: sent }) => to === '/api/nodes/heartbeat' && (sent as { usedBytes: number }).usedBytes === 0);
  });
});
