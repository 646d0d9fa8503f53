import { hash } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodeB64, encodeOpen, type TransferId } from '../../shared/protocol/index.ts';
import { askLeaves } from '../testing/audits.ts';
import { jsonBytes, newTransferId } from '../testing/coordinator.ts';
import type { NodeProcess } from '../testing/node-process.ts';
import { codeOf, fetchFrames, fetchRange, makeShard, type TestShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
  stage.coordinator.epochMs = 1000;
});
afterAll(() => stage.clear());

const order = (node: NodeProcess, action: 'store' | 'fetch' | 'delete', transferId: TransferId) => stage.coordinator.order(node.nodeId, { action, transferId });

interface Scene {
  readonly node: NodeProcess;
  readonly transferId: TransferId;
  readonly shards: readonly TestShard[];
  /** Its last shard is stored, and no receipt asked for yet. */
  readonly client: StoreClient;
}

async function holding(): Promise<Scene> {
  const node = await stage.start({ flags: ['--heartbeat-ms', '100'] });
  const transferId = newTransferId();
  const shards = await Promise.all([0, 1, 2].map((segment) => makeShard(segment, 70_000)));
  const client = await StoreClient.open(node.url, await order(node, 'store', transferId));
  for (const shard of shards) await client.store(shard, shard.bytes);
  return { node, transferId, shards, client };
}

const auditOf = ({ node, transferId }: Scene) => askLeaves(stage.coordinator, node, [{ transferId: encodeB64(transferId), segment: 1, leaf: 0 }]);

/** What the node answers to everybody who asks it for anything. */
async function expectOffline(scene: Scene): Promise<void> {
  const { node, transferId } = scene;
  expect(await codeOf(await fetch(`${node.url}/v1/health`)), 'health').toBe('unavailable');
  expect(await codeOf(await fetchRange(node.url, await order(node, 'fetch', transferId), 0, 2)), 'fetch').toBe('unavailable');
  await expect(auditOf(scene), 'an audit is owed, not failed').rejects.toThrow('status 503');
  const authorization = `Shardsend-Order ${encodeB64(await order(node, 'delete', transferId))}`;
  expect(await codeOf(await fetch(`${node.url}/v1/shards`, { method: 'DELETE', headers: { Authorization: authorization } })), 'no deletion is sworn').toBe('unavailable');
  const late = await StoreClient.connect(node.url);
  late.send(encodeOpen(await order(node, 'store', transferId)));
  expect((await late.expect('problem')).error.code, 'store').toBe('unavailable');
  await late.closed();
  const job = jsonBytes({});
  const commitment = Uint8Array.from(hash('sha256', job, 'buffer'));
  const rebuild = encodeB64(await stage.coordinator.order(node.nodeId, { action: 'rebuild', transferId, commitment }));
  const refused = await fetch(`${node.url}/v1/rebuild`, { method: 'POST', body: job, headers: { Authorization: `Shardsend-Order ${rebuild}` } });
  expect(await codeOf(refused), 'rebuild').toBe('unavailable');
  expect(await node.metric('folder_present')).toBe(0);
  await vi.waitFor(async () => expect(await node.metric('heartbeats_total{outcome="unavailable"}')).toBeGreaterThan(0));
  await vi.waitFor(async () => expect(await node.metric('inventories_total{outcome="unavailable"}'), 'nothing is listed').toBeGreaterThan(0), 10_000);
  expect(await node.metric('damaged_shards_total')).toBe(0);
}

describe('a node whose folder', () => {
  const ways: [string, (data: string) => Promise<void>][] = [
    ['is removed', (data) => rm(data, { recursive: true })],
    ['is emptied', async (data) => void (await Promise.all((await readdir(data)).map((name) => rm(path.join(data, name), { recursive: true }))))],
  ];
  it.each(ways)('%s while it runs is as good as offline: it claims, promises and swears nothing', async (_, remove) => {
    const scene = await holding();
    const { node, client } = scene;
    await remove(node.data);
    const next = await makeShard(3, 1000);
    client.sendShard(next, next.bytes);
    const refused = await client.expect('problem');
    expect([refused.segment, refused.error.code]).toEqual([3, 'unavailable']);
    await expect(client.seal(), 'no receipt for what is gone').rejects.toThrow('unavailable');
    await expectOffline(scene);
    expect(await readdir(path.dirname(path.join(node.data, 'shards'))).catch(() => []), 'nothing is begun anew in its place').not.toContain('shards');
    expect(await node.end('SIGTERM')).toBe(0);
  });

  it('is away for a while serves again what it holds when it is back', async () => {
    const scene = await holding();
    const { node, transferId, shards, client } = scene;
    await client.seal();
    await client.close();
    await rename(node.data, `${node.data}-away`);
    await expectOffline(scene);
    await rename(`${node.data}-away`, node.data);
    expect(await node.health()).toMatchObject({ nodeId: node.nodeId, shards: 3 });
    const frames = await fetchFrames(node.url, await order(node, 'fetch', transferId), 0, 2);
    for (const { segment, bytes } of frames) expect(Buffer.compare(bytes!, shards[segment]!.bytes), `segment ${segment}`).toBe(0);
    expect((await auditOf(scene))[0]).not.toBeNull();
  });

  it('lost what is being written alone makes it again', async () => {
    const { node, client } = await holding();
    await rm(path.join(node.data, 'tmp'), { recursive: true });
    const next = await makeShard(3, 1000);
    await client.store(next, next.bytes);
    expect((await client.seal()).segments).toEqual([0, 1, 2, 3]);
    await client.close();
  });
});
