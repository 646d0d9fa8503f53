import { randomInt } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leafCount, verifyLeaf } from '../../shared/merkle/index.ts';
import { MIB, encodeB64, encodeHex, type Audit, type TransferId } from '../../shared/protocol/index.ts';
import { auditOrder, askLeaves, postAudit } from '../testing/audits.ts';
import { HOUR_MS, jsonBytes, newTransferId } from '../testing/coordinator.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import type { NodeProcess } from '../testing/node-process.ts';
import { codeOf, fetchFrames, makeShard, type TestShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';
import { readLastAudit } from './audit-record.ts';

let stage: Stage;
let node: NodeProcess;
beforeAll(async () => {
  stage = await Stage.set();
  node = await stage.start();
});
afterAll(() => stage.clear());

async function store(transferId: TransferId, sizes: readonly number[]): Promise<TestShard[]> {
  const shards = await Promise.all(sizes.map((size, segment) => makeShard(segment, size)));
  const client = await StoreClient.open(node.url, await stage.coordinator.order(node.nodeId, { action: 'store', transferId }));
  for (const shard of shards) await client.store(shard, shard.bytes);
  await client.seal();
  await client.close();
  return shards;
}

const fileOf = (transferId: TransferId, segment: number): string => {
  const name = encodeHex(transferId);
  return path.join(node.data, 'shards', name.slice(0, 2), name, `${segment}.shard`);
};

/** One bit of a shard's bytes rots; the header before them does not. */
async function rot(transferId: TransferId, segment: number, byte: number): Promise<void> {
  const file = await open(fileOf(transferId, segment), 'r+');
  const at = 128 + byte;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  buffer[0] = buffer[0]! ^ 1;
  await file.write(buffer, 0, 1, at);
  await file.close();
}

describe('an audited node', () => {
  it('proves any leaves of what it holds and denies all others, in the order asked', async () => {
    const transferId = newTransferId();
    const shards = await store(transferId, [MIB, 1, 65_536, 65_537, 300_000, MIB - 1]);
    const leaf = fc.record({ segment: fc.nat(7), leaf: fc.nat(15), known: fc.integer({ min: 0, max: 9 }).map((n) => n > 0) });
    await fc.assert(
      fc.asyncProperty(fc.array(leaf, { minLength: 1, maxLength: 64 }), async (asked) => {
        const stranger = newTransferId();
        const leaves = asked.map(({ segment, leaf: index, known }) => ({ transferId: encodeB64(known ? transferId : stranger), segment, leaf: index }));
        const proofs = await askLeaves(stage.coordinator, node, leaves);
        expect(proofs.length).toBe(leaves.length);
        for (const [i, { segment, leaf: index, known }] of asked.entries()) {
          const shard = known ? shards[segment] : undefined;
          const exists = shard !== undefined && index < leafCount(shard.shardBytes);
          const proof = proofs[i]!;
          expect(proof !== null, `segment ${segment} leaf ${index}`).toBe(exists);
          if (exists && proof !== null) expect(verifyLeaf(shard.root, shard.shardBytes, index, proof.data, proof.path)).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('says of a rotten shard that it is absent, drops it, and goes on proving the others', async () => {
    const transferId = newTransferId();
    const shards = await store(transferId, [MIB, 200_000, 65_536]);
    const before = await node.health();
    const damaged = await node.metric('damaged_shards_total');
    await rot(transferId, 0, randomInt(MIB));
    const leaves = [0, 1, 0, 2].map((segment) => ({ transferId: encodeB64(transferId), segment, leaf: 0 }));
    const proofs = await askLeaves(stage.coordinator, node, leaves);
    expect(proofs.map((proof) => proof !== null)).toEqual([false, true, false, true]);
    expect(verifyLeaf(shards[1]!.root, 200_000, 0, proofs[1]!.data, proofs[1]!.path)).toBe(true);
    const after = await node.health();
    expect([before.shards - after.shards, (await node.metric('damaged_shards_total')) - damaged]).toEqual([1, 1]);
    expect(before.usedBytes - after.usedBytes).toBeGreaterThanOrEqual(MIB);
    await expect(readFile(fileOf(transferId, 0))).rejects.toThrow(/ENOENT/);
    // What it denied it does not serve either; a repair may bring it back.
    const frames = await fetchFrames(node.url, await stage.coordinator.order(node.nodeId, { action: 'fetch', transferId }), 0, 2);
    expect(frames.map(({ bytes }) => bytes !== null)).toEqual([false, true, true]);
    const repair = await StoreClient.open(node.url, await stage.coordinator.order(node.nodeId, { action: 'store', transferId }));
    await repair.store(shards[0]!, shards[0]!.bytes);
    await repair.close();
    expect((await askLeaves(stage.coordinator, node, leaves)).every((proof) => proof !== null)).toBe(true);
  });

  it('denies a shard whose file is gone, however the index remembers it', async () => {
    const transferId = newTransferId();
    await store(transferId, [1000]);
    await rm(fileOf(transferId, 0));
    expect(await askLeaves(stage.coordinator, node, [{ transferId: encodeB64(transferId), segment: 0, leaf: 0 }])).toEqual([null]);
  });

  it('denies a shard from the moment its time is over', async () => {
    const clock = new ManualClock();
    const running = await stage.run({}, { clock });
    const transferId = newTransferId();
    const shard = await makeShard(0, 1000);
    const client = await StoreClient.open(running.url, await stage.coordinator.order(running.nodeId, { action: 'store', transferId, shardExpiresAtMs: clock.nowMs() + HOUR_MS }));
    await client.store(shard, shard.bytes);
    await client.close();
    const ask = () => {
      const nowMs = clock.nowMs();
      return askLeaves(stage.coordinator, running, [{ transferId: encodeB64(transferId), segment: 0, leaf: 0 }], { notBeforeMs: nowMs, expiresAtMs: nowMs + 60_000 });
    };
    expect((await ask())[0]).not.toBeNull();
    clock.advance(HOUR_MS);
    expect((await ask())[0]).toBeNull();
  });

  it('answers only what its order names', async () => {
    const body = jsonBytes({ epoch: 7, leaves: [{ transferId: encodeB64(newTransferId()), segment: 0, leaf: 0 }] } satisfies Audit);
    const order = await auditOrder(stage.coordinator, node.nodeId, body);
    const other = jsonBytes({ epoch: 7, leaves: [{ transferId: encodeB64(newTransferId()), segment: 0, leaf: 0 }] } satisfies Audit);
    expect(await codeOf(await postAudit(node.url, order, other))).toBe('order_action');
    const unread = [{}, { epoch: 7, leaves: [] }, { epoch: 7, leaves: Array.from({ length: 65 }, () => ({ transferId: encodeB64(newTransferId()), segment: 0, leaf: 0 })) }];
    for (const message of unread) {
      const bytes = jsonBytes(message);
      expect(await codeOf(await postAudit(node.url, await auditOrder(stage.coordinator, node.nodeId, bytes), bytes))).toBe('bad_request');
    }
  });

  it('writes down the last one for its operator', async () => {
    const transferId = newTransferId();
    await store(transferId, [1000]);
    await askLeaves(
      stage.coordinator,
      node,
      [0, 1].map((segment) => ({ transferId: encodeB64(transferId), segment, leaf: 0 })),
    );
    await expect.poll(() => readLastAudit(node.data)).toMatchObject({ epoch: 7, proved: 1, absent: 1 });
  });
});
