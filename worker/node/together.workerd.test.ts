/** A node's object and real transfers: what they say to each other, from an upload to its end. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { bucketDigest, type BucketAnswer } from '../../shared/protocol/inventory.ts';
import { encodeB64 } from '../../shared/protocol/bytes.ts';
import type { SegmentTable } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { call, everyoneReports, startNetwork, TestTransfer } from '../testing/test-network.ts';
import type { TestNode } from '../testing/test-node.ts';
import { EPOCH_MS, WatchedNode } from '../testing/watched-node.ts';

const DAY_SECONDS = 24 * 3600;
let nodes: TestNode[];
beforeEach(async () => {
  nodes = await startNetwork(3);
});

/** A transfer that every node holds, and that has told their objects so. */
async function sent(): Promise<{ transfer: TestTransfer; watched: WatchedNode }> {
  const transfer = await new TestTransfer().send({ contentBytes: 4 * 2 ** 20, expiresInSeconds: 5 * DAY_SECONDS, isKept: true });
  await rings(transfer);
  return { transfer, watched: new WatchedNode(transfer.nodeAt(1), false) };
}
async function rings(transfer: TestTransfer): Promise<void> {
  await everyoneReports();
  for (let i = 0; i < 4; i++) await runDurableObjectAlarm(transfer.stub);
}
const storedOf = async (transfer: TestTransfer): Promise<number[][]> =>
  (await (await transfer.asRecipient('GET', '/segments?from=0')).json<SegmentTable>()).segments.map(({ stored }) => stored);
const standingIn = (transfer: TestTransfer, node: TestNode): Promise<string> =>
  runInDurableObject(transfer.stub, (_, { storage }) => storage.sql.exec<{ standing: string }>('SELECT standing FROM seats WHERE nodeId = ?', node.nodeId).one().standing);

async function listsItself(node: TestNode): Promise<string[]> {
  const buckets = Array.from({ length: 16 }, (_, bucket) => encodeB64(bucketDigest(node.list(bucket))));
  const { differ } = await (await call('POST', '/api/nodes/inventory', { node, body: { buckets } })).json<{ differ: number[] }>();
  const surplus: string[] = [];
  for (const bucket of differ) {
    const answer = await (await call('POST', `/api/nodes/inventory/${bucket}`, { node, body: { transfers: node.list(bucket) } })).json<BucketAnswer>();
    surplus.push(...answer.surplus.map(({ transferId }) => transferId));
  }
  return surplus;
}

describe('a transfer', () => {
  it('that is sent is held, audited against its roots, and let go when it is revoked; what a node forgot to delete is garbage that clears', async () => {
    const { transfer, watched } = await sent();
    expect((await watched.status()).holdings).toMatchObject({ transfers: 1, bytes: transfer.layout.shardBytesPerNode });
    expect(await listsItself(watched.node)).toEqual([]);
    await watched.epochs(2);
    const { provedLeaves, wrongLeaves } = await watched.status();
    expect(provedLeaves).toBeGreaterThan(16);
    expect(wrongLeaves).toBe(0);

    await transfer.asOwner('DELETE', '');
    await rings(transfer);
    expect((await watched.status()).holdings).toEqual({ transfers: 0, bytes: 0, lastExpiresAtMs: null });
    expect(watched.node.deletions.length).toBe(1);
    expect(await listsItself(watched.node)).toEqual([transfer.id]);
    const asked = watched.node.audits.length;
    await watched.epochs(1);
    expect(watched.node.audits.length, 'nothing is asked of a node that is to hold nothing').toBe(asked);
  });
  it('whose upload is in progress is not deleted by any inventory', async () => {
    const transfer = new TestTransfer();
    transfer.placement = await (await transfer.create({ contentBytes: 4 * 2 ** 20, expiresInSeconds: DAY_SECONDS })).json();
    await transfer.sealKept(0, [0, 1, 2]);
    for (const node of nodes) expect(await listsItself(node)).toEqual([]);
    await transfer.asOwner('DELETE', '');
    for (const node of nodes) expect(await listsItself(node)).toEqual([transfer.id]);
  });
  it('learns from an inventory that a node lost its shards, and lacks them', async () => {
    const { transfer, watched } = await sent();
    await watched.liveUntil(clock.nowMs() + EPOCH_MS / 4);
    expect((await transfer.status()).survives).toBe(1);
    watched.node.shards.clear();
    expect(await listsItself(watched.node)).toEqual([]);
    await watched.settle();
    expect((await storedOf(transfer)).every((stored) => !stored.includes(1))).toBe(true);
    expect((await transfer.status()).survives).toBe(0);
    expect(await watched.status()).toMatchObject({ standing: 'disqualified', holdings: { transfers: 0 } });
  });
  it('learns what becomes of its nodes', async () => {
    const { transfer, watched } = await sent();
    watched.node.auditMood = 'wrong';
    await watched.epochs(1);
    expect(await standingIn(transfer, watched.node)).toBe('quarantined');
    await call('POST', `/api/nodes/${transfer.nodeAt(2).nodeId}/leave`, { node: transfer.nodeAt(2), body: {} });
    await new WatchedNode(transfer.nodeAt(2), false).settle();
    expect(await standingIn(transfer, transfer.nodeAt(2))).toBe('leaving');
  });
});
