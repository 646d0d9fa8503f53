import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asShardId, asTransferId } from '../../shared/protocol/index.ts';
import { ShardIndex, type ShardRow } from './shard-index.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'shardsend-index-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const row = (segment: number): ShardRow => ({
  transferId: asTransferId(new Uint8Array(16).fill(7)),
  segment,
  shardIndex: 1,
  shardBytes: 100 + segment,
  root: asShardId(Uint8Array.from(randomBytes(32))),
  expiresAtMs: 2 ** 41 + segment,
  storedAtMs: 2 ** 41,
  committed: false,
  orderedAtMs: 2 ** 40,
});

describe('a shard index', () => {
  it('counts as fresh until the disk was read to its end, however often the process is killed before', async () => {
    const freshness: boolean[] = [];
    for (let start = 0; start < 4; start++) {
      const { index, fresh } = await ShardIndex.open(directory);
      freshness.push(fresh);
      if (start === 2) index.markComplete();
      await index.close();
    }
    expect(freshness).toEqual([true, true, true, false]);
  });

  it('of the version before keeps its shards and its deletions', async () => {
    const { index } = await ShardIndex.open(directory);
    const { transferId } = row(0);
    index.put(row(0));
    index.bury(asTransferId(new Uint8Array(16)), { deletedAtMs: 5, shards: 1, bytes: 100 }, 1000);
    index.markComplete();
    await index.close();
    const db = new DatabaseSync(path.join(directory, 'index.db'));
    db.exec('ALTER TABLE shards DROP COLUMN ordered_at_ms; PRAGMA user_version = 2;');
    db.close();
    const again = await ShardIndex.open(directory);
    expect(again.fresh).toBe(false);
    expect(again.index.get(transferId, 0)).toMatchObject({ shardBytes: 100, orderedAtMs: 0 });
    expect(again.index.tombstone(asTransferId(new Uint8Array(16)))).not.toBeNull();
    again.index.put({ ...row(1), orderedAtMs: 7 });
    expect(again.index.lastOrderedAtMs(transferId)).toBe(7);
    await again.index.close();
  });

  it('gives back what was put, finds the next shard and the next expiry', async () => {
    const { index } = await ShardIndex.open(directory);
    const rows = [row(3), row(5), row(4_294_967_294)];
    for (const one of rows) index.put(one);
    const { transferId } = rows[0]!;
    expect(index.segmentsOf(transferId)).toEqual(rows);
    expect(index.firstFrom(transferId, 1, 4, 2 ** 32)?.segment).toBe(5);
    expect(index.firstFrom(transferId, 2, 0, 2 ** 32)).toBeNull();
    expect(index.nextExpiryMs()).toBe(2 ** 41 + 3);
    expect(index.totalsBetween(transferId, 1, 0, 5)).toEqual({ shards: 2, bytes: 208 });
    await index.close();
  });

  it('commits a shard under its very root alone', async () => {
    const { index } = await ShardIndex.open(directory);
    const held = row(0);
    index.put(held);
    const other = { ...held, root: asShardId(new Uint8Array(32)) };
    expect(index.commit(held.transferId, [other])).toEqual([]);
    expect(index.commit(held.transferId, [held])).toEqual([held]);
    expect(index.get(held.transferId, 0)?.committed).toBe(true);
    await index.close();
  });

  it('remembers serials and deletions until their time', async () => {
    const { index } = await ShardIndex.open(directory);
    const serial = randomBytes(16);
    expect([index.useSerial(serial, 1000), index.useSerial(serial, 1000)]).toEqual([true, false]);
    const { transferId } = row(0);
    index.put(row(0));
    index.bury(transferId, { deletedAtMs: 5, shards: 1, bytes: 100 }, 1000);
    expect([index.get(transferId, 0), index.tombstone(transferId)]).toEqual([null, { deletedAtMs: 5, shards: 1, bytes: 100 }]);
    index.forgetBefore(1000);
    expect([index.useSerial(serial, 1000), index.tombstone(transferId) === null]).toEqual([false, false]);
    index.forgetBefore(1001);
    expect([index.useSerial(serial, 2000), index.tombstone(transferId)]).toEqual([true, null]);
    await index.close();
  });
});
