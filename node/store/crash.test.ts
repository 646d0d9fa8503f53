import { randomInt } from 'node:crypto';
import { readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeHex, type TransferId } from '../../shared/protocol/index.ts';
import { HOUR_MS, newTransferId } from '../testing/coordinator.ts';
import { onDisk } from '../testing/disk.ts';
import type { NodeProcess } from '../testing/node-process.ts';
import { fetchFrames, fetchRange, codeOf, makeShard, type TestShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage.clear());

const folderOf = (node: NodeProcess, transferId: TransferId): string => path.join(node.data, 'shards', encodeHex(transferId).slice(0, 2), encodeHex(transferId));
const order = (node: NodeProcess, action: 'store' | 'fetch', transferId: TransferId) => stage.coordinator.order(node.nodeId, { action, transferId });

async function storeAll(node: NodeProcess, transferId: TransferId, shards: readonly TestShard[]): Promise<void> {
  const client = await StoreClient.open(node.url, await order(node, 'store', transferId));
  for (const shard of shards) await client.store(shard, shard.bytes);
  await client.seal();
  await client.close();
}

/** Sends without end, four at a time, noting what was acknowledged, until the node is gone. */
async function storeUntilGone(client: StoreClient, shards: readonly TestShard[], onStored: (segment: number) => void): Promise<void> {
  let sent = 0;
  const sendNext = (): void => {
    const shard = shards[sent++];
    if (shard !== undefined) client.sendShard(shard, shard.bytes);
  };
  for (let i = 0; i < 4; i++) sendNext();
  for (;;) {
    const message = await client.next();
    if (message === null) return;
    if (message.type === 'stored') onStored(message.segment);
    sendNext();
  }
}

describe('a node that is killed while it writes', () => {
  const ROUNDS = 12;
  it('serves every shard that it acknowledged, and none that is torn', async () => {
    const sizes = [1, 70_000, 262_144, 1_048_576];
    const shards = await Promise.all(Array.from({ length: 60 }, (_, segment) => makeShard(segment, sizes[segment % sizes.length]!)));
    let node = await stage.start();
    let acknowledgedInAll = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const transfers = [newTransferId(), newTransferId()].map((transferId) => ({ transferId, acknowledged: new Set<number>() }));
      let killAfter = randomInt(1, 50);
      const killed = node;
      await Promise.all(
        transfers.map(async ({ transferId, acknowledged }) => {
          const client = await StoreClient.open(killed.url, await order(killed, 'store', transferId));
          await storeUntilGone(client, shards, (segment) => {
            acknowledged.add(segment);
            if (--killAfter !== 0) return;
            // A random while longer, within the writing of the next shards.
            const until = performance.now() + Math.random() * 4;
            while (performance.now() < until);
            killed.kill();
          });
        }),
      );
      await killed.exited();
      node = await stage.start({ data: killed.data });
      expect(await readdir(path.join(node.data, 'tmp'))).toEqual([]);
      for (const { transferId, acknowledged } of transfers) {
        acknowledgedInAll += acknowledged.size;
        const frames = await fetchFrames(node.url, await order(node, 'fetch', transferId), 0, shards.length - 1);
        for (const { segment, bytes } of frames) {
          if (bytes === null) expect(acknowledged.has(segment), `segment ${segment} of round ${round}`).toBe(false);
          else expect(Buffer.compare(bytes, shards[segment]!.bytes)).toBe(0);
        }
      }
      const files = await Promise.all(transfers.map(({ transferId }) => readdir(folderOf(node, transferId)).catch(() => [])));
      expect(files.flat().length).toBeGreaterThan(0);
      const { usedBytes, shards: told } = await node.health();
      expect({ usedBytes, shards: told }).toEqual(await onDisk(node.data));
    }
    expect(acknowledgedInAll).toBeGreaterThan(ROUNDS);
    const { shards: counted } = await node.health();
    await node.end('SIGTERM');
    await rm(path.join(node.data, 'index.db'));
    expect((await (await stage.start({ data: node.data })).health()).shards).toBe(counted);
  });
});

describe('a disk on which somebody else wrote', () => {
  it('is served as far as it is whole', async () => {
    const transferId = newTransferId();
    const shards = await Promise.all(Array.from({ length: 8 }, (_, segment) => makeShard(segment, 100_000)));
    let node = await stage.start();
    await storeAll(node, transferId, shards);
    const folder = folderOf(node, transferId);
    const file = (segment: number): string => path.join(folder, `${segment}.shard`);
    // While it runs: a file that became shorter, one that is another segment's, one that is gone, one that is garbage.
    await truncate(file(1), 50_000);
    await writeFile(file(2), await readFile(file(3)));
    await rm(file(4));
    await writeFile(file(5), 'not a shard');
    const held = (frames: { bytes: Uint8Array | null }[]) => frames.map(({ bytes }, i) => bytes !== null && Buffer.compare(bytes, shards[i]!.bytes) === 0);
    const whole = [true, false, false, true, false, false, true, true];
    expect(held(await fetchFrames(node.url, await order(node, 'fetch', transferId), 0, 7))).toEqual(whole);
    expect((await node.health()).shards).toBe(4);
    expect(await node.metric('damaged_shards_total')).toBe(4);

    // Across a start: an unknown shard that is torn, one that is whole, and names that are not ours.
    await node.end('SIGKILL');
    await writeFile(file(20), (await readFile(file(0))).subarray(0, 100));
    await rename(file(6), file(21));
    await writeFile(path.join(folder, 'notes.txt'), 'mine');
    node = await stage.start({ data: node.data });
    expect((await fetchFrames(node.url, await order(node, 'fetch', transferId), 0, 21)).flatMap(({ segment, bytes }) => (bytes === null ? [] : [segment]))).toEqual([0, 3, 7]);
    expect((await readdir(folder)).toSorted()).toEqual(['0.shard', '3.shard', '7.shard', 'notes.txt']);
  });

  it('gets its shards back before a receipt covers them again, still committed', async () => {
    const transferId = newTransferId();
    const shards = await Promise.all(Array.from({ length: 5 }, (_, segment) => makeShard(segment, 100_000)));
    const node = await stage.start();
    await storeAll(node, transferId, shards);
    const { usedBytes } = await node.health();
    const file = (segment: number): string => path.join(folderOf(node, transferId), `${segment}.shard`);
    const terms = { action: 'store', transferId, shardExpiresAtMs: Date.now() + HOUR_MS } as const;
    const storeAgain = async (): Promise<void> => {
      const client = await StoreClient.open(node.url, await stage.coordinator.order(node.nodeId, terms));
      for (const shard of shards) await client.store(shard, shard.bytes);
      expect((await client.seal()).segments).toEqual([0, 1, 2, 3, 4]);
      await client.close();
      const frames = await fetchFrames(node.url, await order(node, 'fetch', transferId), 0, 4);
      expect(frames.map(({ bytes }, i) => bytes !== null && Buffer.compare(bytes, shards[i]!.bytes) === 0)).toEqual([true, true, true, true, true]);
    };
    await storeAgain(); // until the time that the next order names too: from now on nothing differs
    await truncate(file(1), 50_000);
    await writeFile(file(2), await readFile(file(3)));
    await rm(file(4));
    await storeAgain();
    expect(await node.metric('damaged_shards_total')).toBe(3);
    for (const name of await readdir(path.join(node.data, 'shards'))) await rm(path.join(node.data, 'shards', name), { recursive: true });
    await storeAgain();
    expect([(await node.health()).shards, (await node.health()).usedBytes]).toEqual([5, usedBytes]);

    const other = await makeShard(0, 100_000);
    await rm(file(0));
    const client = await StoreClient.open(node.url, await stage.coordinator.order(node.nodeId, terms));
    client.sendShard(other, other.bytes);
    expect((await client.expect('problem')).error.code).toBe('conflict');
    await client.close();
  });
});

describe('an index', () => {
  const damages: [string, (data: string) => Promise<void>][] = [
    ['lost', (data) => rm(path.join(data, 'index.db'))],
    ['no database', (data) => writeFile(path.join(data, 'index.db'), Buffer.alloc(20_000, 7))],
    [
      'damaged inside',
      async (data) => {
        const bytes = await readFile(path.join(data, 'index.db'));
        await writeFile(path.join(data, 'index.db'), bytes.fill(0xee, 4096));
      },
    ],
    ['cut off', (data) => truncate(path.join(data, 'index.db'), 5000)],
  ];
  it.each(damages)('that is %s is made anew from the disk, and old orders are refused', async (_name, damage) => {
    const transferId = newTransferId();
    const shards = await Promise.all(Array.from({ length: 5 }, (_, segment) => makeShard(segment, 30_000)));
    let node = await stage.start();
    await storeAll(node, transferId, shards);
    const before = await node.health();
    const older = await order(node, 'fetch', transferId);
    await node.end('SIGTERM');
    await damage(node.data);
    node = await stage.start({ data: node.data });
    const { nodeId, usedBytes } = await node.health();
    expect([nodeId, (await node.health()).shards, usedBytes]).toEqual([before.nodeId, 5, before.usedBytes]);

    expect(await codeOf(await fetchRange(node.url, older, 0, 4))).toBe('order_expired');
    const frames = await fetchFrames(node.url, await order(node, 'fetch', transferId), 0, 4);
    for (const { segment, bytes } of frames) expect(Buffer.compare(bytes!, shards[segment]!.bytes)).toBe(0);

    // What was promised by a receipt cannot be told from what was not: nothing is replaced.
    const other = await makeShard(0, 30_000);
    const client = await StoreClient.open(node.url, await order(node, 'store', transferId));
    client.sendShard(other, other.bytes);
    expect((await client.expect('problem')).error.code).toBe('conflict');
    await client.close();
    await node.end('SIGTERM');
    node = await stage.start({ data: node.data });
    expect(await codeOf(await fetchRange(node.url, older, 0, 4))).toBe('order_expired');
  });

  it('lets in one process at a time', async () => {
    const node = await stage.start();
    await expect(stage.start({ data: node.data })).rejects.toThrow(/in use by another node/);
  });
});

it('refuses to start with a damaged key, rather than to become another node', async () => {
  const node = await stage.start();
  await node.end('SIGTERM');
  await writeFile(path.join(node.data, 'node.key'), 'short');
  await expect(stage.start({ data: node.data })).rejects.toThrow(/node\.key is damaged/);
});
