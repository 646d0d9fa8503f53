import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '@noble/hashes/sha2.js';
import { asNodeId, asShardId, decodeB64, encodeB64 } from '../../shared/protocol/bytes.ts';
import { parseMessage, rebuildSchema, type Problem, type Rebuild, type ReceiptMessage, type SegmentTable } from '../../shared/protocol/messages.ts';
import { verifyOrder, type OrderAction } from '../../shared/protocol/order.ts';
import { encodeStatements } from '../../shared/protocol/receipt.ts';
import { importVerifyingKey, signingKeyFromSeed } from '../../shared/protocol/signature.ts';
import { clock } from '../clock.ts';
import type { TestNode } from '../testing/test-node.ts';
import { addNode, advance, call, codeOf, everyoneReports, random, randomId, startNetwork, TestTransfer } from '../testing/test-network.ts';

const MIB = 2 ** 20;
/** Six nodes: 3 of 6 after rounding 5n/12, of which 5 are safe. */
let nodes: TestNode[];
beforeEach(async () => {
  nodes = await startNetwork(6);
});

interface Job {
  readonly rebuilder: TestNode;
  readonly message: Rebuild;
}
/** Lets the alarm ring and takes the job that some node was given. */
async function nextJob(transfer: TestTransfer): Promise<Job | null> {
  const before = new Map(nodes.map((node) => [node, node.rebuilds.length]));
  await runDurableObjectAlarm(transfer.stub);
  const rebuilder = nodes.find((node) => node.rebuilds.length > before.get(node)!);
  return rebuilder ? { rebuilder, message: rebuilder.rebuilds.at(-1)!.message } : null;
}
const rebuilt = (transfer: TestTransfer, { message }: Job, except: readonly number[] = []): Promise<ReceiptMessage[]> =>
  Promise.all(message.targets.filter(({ shardIndex }) => !except.includes(shardIndex)).map(({ shardIndex, segments }) => transfer.receipt(shardIndex, segments)));
const report = (transfer: TestTransfer, { rebuilder, message }: Job, receipts: readonly ReceiptMessage[], problems: readonly Problem[] = []): Promise<Response> =>
  call('POST', `${transfer.path}/rebuilds`, { node: rebuilder, body: { jobId: message.jobId, receipts, problems } });
async function storedOf(transfer: TestTransfer): Promise<string[]> {
  const { segments } = await (await transfer.asRecipient('GET', '/segments?from=0')).json<SegmentTable>();
  return segments.map(({ stored }) => stored.join(''));
}
const rebuildAt = (transfer: TestTransfer): Promise<number | null> =>
  runInDurableObject(transfer.stub, (_, state) => state.storage.sql.exec<{ rebuildAtMs: number | null }>('SELECT rebuildAtMs FROM transfer').one().rebuildAtMs);
/** Moves to when the transfer looks for missing shards next, with everyone's heartbeats on the way. */
async function waitForLook(transfer: TestTransfer): Promise<void> {
  advance(Math.max(0, (await rebuildAt(transfer))! - clock.nowMs()));
  await everyoneReports();
}
/** The next job, however many looks it takes. */
async function jobSoon(transfer: TestTransfer): Promise<Job> {
  for (let looks = 0; looks < 10; looks++) {
    const job = await nextJob(transfer);
    if (job !== null) return job;
    await waitForLook(transfer);
  }
  throw new Error('no job came');
}

describe('hardening', () => {
  it('has one of the nodes rebuild exactly what the safe set lacks, under orders that fit nothing else', async () => {
    const transfer = await new TestTransfer().send({ contentBytes: 7 * MIB });
    expect(transfer.placement).toMatchObject({ requiredShards: 3, totalShards: 6, safeShards: 5 });
    const job = (await nextJob(transfer))!;
    const message = parseMessage(rebuildSchema, job.message);
    expect(message).toMatchObject({ transferId: transfer.id, requiredShards: 3, totalShards: 6 });
    expect(message.segments).toEqual(transfer.entries.map(({ index, roots }) => ({ index, roots, shardBytes: transfer.layout.segment(index).shardBytes })));
    expect(message.sources.map(({ shardIndex }) => shardIndex)).toEqual([0, 1, 2, 3, 4]);
    expect(message.targets.map(({ shardIndex, segments }) => ({ shardIndex, segments }))).toEqual([{ shardIndex: 5, segments: [0, 1, 2] }]);

    const coordinatorKey = await importVerifyingKey((await signingKeyFromSeed(decodeB64(env.COORDINATOR_SEED))).publicKey);
    const orderOf = (text: string, nodeId: string, action: OrderAction) =>
      verifyOrder(decodeB64(text), { nodeId: asNodeId(decodeB64(nodeId)), action, nowMs: clock.nowMs(), coordinatorKey });
    const orders = await Promise.all(message.sources.map(({ order, nodeId }) => orderOf(order, nodeId, 'fetch')));
    const [target] = message.targets;
    const store = await orderOf(target!.order, target!.nodeId, 'store');
    const statements = [0, 1, 2].map((segment) => ({ ...transfer.shard(segment, 5), root: asShardId(transfer.shard(segment, 5).root) }));
    expect(encodeB64(store.commitment)).toBe(encodeB64(sha256(encodeStatements(statements))));
    expect(store.maxBytes).toBeGreaterThanOrEqual(transfer.layout.shardBytesPerNode);
    const { order, body } = job.rebuilder.rebuilds[0]!;
    expect(order.action).toBe('rebuild');
    expect(encodeB64(order.commitment)).toBe(encodeB64(sha256(body)));
    expect(new Set([...orders, store, order].map(({ serial }) => encodeB64(serial))).size).toBe(7);
  });
  it('believes the targets’ receipts, and is then done', async () => {
    const transfer = await new TestTransfer().send({ contentBytes: 7 * MIB });
    const job = (await nextJob(transfer))!;
    expect(await nextJob(transfer), 'one job at a time').toBeNull();
    await evictDurableObject(transfer.stub);
    const receipts = await rebuilt(transfer, job);
    for (let i = 0; i < 2; i++) expect((await report(transfer, job, receipts)).status, 'also when it is repeated').toBe(204);
    expect(await storedOf(transfer)).toEqual(['012345', '012345', '012345']);
    expect((await transfer.status()).survives).toBe(3);
    expect(await nextJob(transfer)).toBeNull();
    expect(await rebuildAt(transfer)).toBeNull();
  });
  it('goes through a long transfer in jobs of 64 segments', async () => {
    const transfer = await new TestTransfer().send({ contentBytes: 420 * MIB });
    const { segmentCount } = transfer.layout;
    const sizes: number[] = [];
    for (let job = await nextJob(transfer); job !== null; job = await nextJob(transfer)) {
      sizes.push(job.message.segments.length);
      await report(transfer, job, await rebuilt(transfer, job));
    }
    expect(sizes).toEqual([64, 64, segmentCount - 128]);
    expect((await transfer.status()).survives).toBe(3);
  });
  it('turns to another rebuilder at once when one refuses, and later when one lets its lease lapse', async () => {
    const transfer = await new TestTransfer().send();
    for (const node of nodes.slice(0, 5)) node.mood = 'node_busy';
    const job = await jobSoon(transfer);
    expect(job.rebuilder).toBe(nodes[5]);
    for (const node of nodes.slice(0, 5)) node.mood = 'up';
    advance(119_000);
    await everyoneReports();
    expect(await nextJob(transfer), 'the lease still runs').toBeNull();
    await waitForLook(transfer);
    const next = (await nextJob(transfer))!;
    expect(next.message.jobId).not.toBe(job.message.jobId);
    expect(next.rebuilder).not.toBe(nodes[5]);
    // The first one reports after all: its receipts count, the job of the second is not touched by it.
    await report(transfer, job, await rebuilt(transfer, job));
    expect(await storedOf(transfer)).toEqual(['012345']);
    await report(transfer, next, await rebuilt(transfer, next));
    expect(await nextJob(transfer)).toBeNull();
    expect(await rebuildAt(transfer)).toBeNull();
  });
  it('counts only receipts that the seat’s node signed for the committed roots', async () => {
    const transfer = await new TestTransfer().send();
    const job = (await nextJob(transfer))!;
    const forged = [await transfer.receipt(5, [0], transfer.nodeAt(0)), { ...(await transfer.receipt(5, [0])), storedAtMs: 1 }];
    const wrongRoot = { ...transfer.shard(0, 5), root: random(32) };
    forged.push(await transfer.nodeAt(5).receipt({ transferId: transfer.id, shardIndex: 5, shardExpiresAtMs: transfer.placement.expiresAtMs, shards: [wrongRoot] }));
    expect((await report(transfer, job, forged)).status).toBe(204);
    expect(await storedOf(transfer)).toEqual(['01234']);
    const next = (await nextJob(transfer))!;
    expect(next.rebuilder, 'who achieved nothing rests').not.toBe(job.rebuilder);
    await report(transfer, next, await rebuilt(transfer, next));
    expect(await storedOf(transfer)).toEqual(['012345']);
  });
  it('hears no one but the transfer’s nodes', async () => {
    const transfer = await new TestTransfer().send();
    const job = (await nextJob(transfer))!;
    const stranger = await addNode();
    expect(await codeOf(await report(transfer, { ...job, rebuilder: stranger }, await rebuilt(transfer, job)))).toBe('unauthorized');
    expect(await codeOf(await call('POST', `${transfer.path}/rebuilds`, { body: { jobId: randomId(), receipts: [], problems: [] } }))).toBe('unauthorized');
    expect(await storedOf(transfer)).toEqual(['01234']);
    await transfer.asOwner('DELETE', '');
    expect(await codeOf(await report(transfer, job, []))).toBe('transfer_revoked');
  });
  it('leaves a target that fails alone for longer and longer', async () => {
    const transfer = await new TestTransfer().send();
    const restMs = (): Promise<number> =>
      runInDurableObject(
        transfer.stub,
        (_, state) => state.storage.sql.exec<{ from: number }>('SELECT targetFromMs AS "from" FROM seats WHERE shardIndex = 5').one().from - clock.nowMs(),
      );
    for (const expected of [15_000, 30_000, 60_000]) {
      await report(transfer, await jobSoon(transfer), [], [{ shardIndex: 5, code: 'node_full' }]);
      expect(await restMs()).toBe(expected);
      advance(expected - 1);
      await everyoneReports();
      expect(await nextJob(transfer)).toBeNull();
    }
    const job = await jobSoon(transfer);
    await report(transfer, job, await rebuilt(transfer, job));
    expect(await storedOf(transfer)).toEqual(['012345']);
  });
  it('gives the seat of a node that went away and holds nothing to a fresh one, and tells the old one to delete', async () => {
    const transfer = await new TestTransfer().send();
    const gone = transfer.nodeAt(5);
    gone.mood = 'silent';
    const fresh = await addNode();
    nodes = [...nodes, fresh].filter((node, i, all) => all.indexOf(node) === i);
    advance(4 * 60_000);
    await everyoneReports();
    const job = (await nextJob(transfer))!;
    expect(job.message.targets).toMatchObject([{ shardIndex: 5, nodeId: fresh.nodeId, url: fresh.url }]);
    expect(await codeOf(await transfer.commit([], [await transfer.receipt(5, [0], gone)])), 'the old one signs in vain').toBe('receipt_invalid');
    await report(transfer, job, [await transfer.receipt(5, [0], fresh)]);
    expect(await storedOf(transfer)).toEqual(['012345']);
    gone.mood = 'up';
    advance(60_000);
    await everyoneReports();
    await runDurableObjectAlarm(transfer.stub);
    expect(gone.deletions.length).toBe(1);
    expect(fresh.deletions.length).toBe(0);
    expect((await transfer.claim()).nodes.map(({ nodeId }) => nodeId)).toContain(fresh.nodeId);
  });
  it('waits where too few sources are online, and where nobody is left to take a shard', async () => {
    const transfer = await new TestTransfer().send();
    for (const index of [0, 1, 2]) transfer.nodeAt(index).mood = 'silent';
    advance(4 * 60_000);
    await everyoneReports();
    expect(await nextJob(transfer)).toBeNull();
    for (const node of nodes) node.mood = 'up';
    await waitForLook(transfer);
    expect((await nextJob(transfer))?.message.targets.map(({ shardIndex }) => shardIndex)).toEqual([5]);
  });
});
