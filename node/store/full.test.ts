import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newTransferId } from '../testing/coordinator.ts';
import type { NodeProcess } from '../testing/node-process.ts';
import { fetchFrames, makeShard, type TestShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';
import { fileBytesOf } from './shard-header.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage.clear());

const order = (node: NodeProcess, action: 'store' | 'fetch', transferId = newTransferId()) => stage.coordinator.order(node.nodeId, { action, transferId });

/** What the node says to each of them, four at a time: `stored` or a code. */
async function offer(node: NodeProcess, bytes: Uint8Array, shards: readonly TestShard[]): Promise<string[]> {
  const client = await StoreClient.open(node.url, bytes);
  const answers: string[] = [];
  for (const shard of shards) client.sendShard(shard, shard.bytes);
  while (answers.length < shards.length) {
    const message = (await client.next())!;
    answers.push(message.type === 'problem' ? message.error.code : message.type);
  }
  await client.close();
  return answers;
}

const count = (answers: readonly string[], what: string): number => answers.filter((answer) => answer === what).length;

describe('a node at its capacity', () => {
  it('takes exactly what fits, counts what is being written, and has room again after a deletion', async () => {
    const size = 100_000;
    const room = 5;
    const node = await stage.start({ flags: ['--capacity', String(room * fileBytesOf(size) + 1000)] });
    const transferId = newTransferId();
    const shards = await Promise.all(Array.from({ length: 9 }, (_, segment) => makeShard(segment, size)));
    const answers = await offer(node, await order(node, 'store', transferId), shards);
    expect([count(answers, 'stored'), count(answers, 'node_full')]).toEqual([room, 4]);
    expect((await node.health()).freeBytes).toBe(1000);
    expect((await fetchFrames(node.url, await order(node, 'fetch', transferId), 0, 8)).filter(({ bytes }) => bytes !== null).length).toBe(room);
    const bytes = await stage.coordinator.order(node.nodeId, { action: 'delete', transferId });
    await fetch(`${node.url}/v1/shards`, { method: 'DELETE', headers: { Authorization: `Shardsend-Order ${Buffer.from(bytes).toString('base64url')}` } });
    expect(await offer(node, await order(node, 'store'), shards.slice(0, room))).toEqual(Array.from({ length: room }, () => 'stored'));
  });
});

/** The strongest limit that this machine lets a test set: a small disk of its own, else a limit on the size of files. */
function limits(data: string): { name: string; under: string[] }[] {
  const limited = { name: 'file size', under: ['sh', '-c', 'ulimit -f 600; exec "$@"', 'sh'] };
  for (const flags of ['-m', '-rm']) {
    const mount = `mount -t tmpfs -o size=3m tmpfs "${data}"`;
    const disk = { name: 'disk', under: ['unshare', flags, 'sh', '-c', `${mount} && exec "$@"`, 'sh'] };
    if (spawnSync(disk.under[0]!, [...disk.under.slice(1), 'true']).status === 0) return [limited, disk];
  }
  return [limited];
}

describe('a node that runs out of disk in the middle of a write', () => {
  it('says node_full, keeps what it has, leaves nothing half written and goes on', async () => {
    const data = await stage.folder();
    for (const { name, under } of limits(data)) {
      const node = await stage.start({ data: name === 'disk' ? data : await stage.folder(), under });
      const transferId = newTransferId();
      const small = await Promise.all(Array.from({ length: 4 }, (_, segment) => makeShard(segment, 100_000)));
      expect(await offer(node, await order(node, 'store', transferId), small), name).toEqual(['stored', 'stored', 'stored', 'stored']);
      const large = await Promise.all([10, 11, 12, 13].map((segment) => makeShard(segment, 1_048_576)));
      expect(count(await offer(node, await order(node, 'store', transferId), large), 'node_full'), name).toBeGreaterThan(1);
      const held = (await fetchFrames(node.url, await order(node, 'fetch', transferId), 0, 13)).filter(({ bytes }) => bytes !== null);
      for (const { segment, bytes } of held) expect(Buffer.compare(bytes!, [...small, ...large].find((shard) => shard.segment === segment)!.bytes)).toBe(0);
      expect(held.slice(0, 4).map(({ segment }) => segment)).toEqual([0, 1, 2, 3]);
      expect((await node.health()).shards).toBe(held.length);
      await node.end('SIGTERM');
    }
  });
});
