import { env } from 'cloudflare:workers';
import { runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reputation } from '../../shared/policy/index.ts';
import type { Problem } from '../../shared/protocol/messages.ts';
import { ReputationStore } from '../node/reputation-store.ts';
import { addNode, everyoneReports, register, startNetwork, TestTransfer } from '../testing/test-network.ts';
import type { TestNode } from '../testing/test-node.ts';
import { Repairs, type Job } from '../testing/test-repairs.ts';

const MIB = 2 ** 20;
/** The one index that a sender leaves to the network where there are six nodes. */
const TARGET = 5;
const MISMATCH: readonly Problem[] = [{ shardIndex: TARGET, code: 'shard_mismatch' }];

let nodes: TestNode[];
let repairs: Repairs;
/** Has the target's seat, and rebuilds nothing itself. */
let target: TestNode;
beforeEach(async () => {
  nodes = await startNetwork(6);
  for (const [i, node] of nodes.entries()) await register(node, { operator: `operator ${i}` });
  await everyoneReports();
  const transfer = await new TestTransfer().send({ contentBytes: 7 * MIB });
  repairs = new Repairs(transfer, nodes);
  target = transfer.nodeAt(TARGET);
  target.mood = 'node_busy';
});
afterEach(() => {
  vi.restoreAllMocks();
});

const operatorOf = (node: TestNode): string => `operator ${nodes.indexOf(node)}`;
const recordOf = (node: TestNode): Promise<Reputation> =>
  runInDurableObject(env.NODES.get(env.NODES.idFromName(node.nodeId)), (_, state) => new ReputationStore(state.storage.sql).read());
const wordsOn = async (node: TestNode): Promise<string[]> => (await recordOf(node)).handovers.failed.map(({ source }) => source);
/** The nodes of which anything is noted, and who says so. */
async function everyWord(): Promise<[TestNode, string[]][]> {
  const all = await Promise.all(repairs.nodes.map(async (node): Promise<[TestNode, string[]]> => [node, await wordsOn(node)]));
  return all.filter(([, words]) => words.length > 0);
}
async function jobSoon(): Promise<Job> {
  for (let waits = 0; waits < 10; waits++) {
    const job = await repairs.nextJob();
    if (job !== null) return job;
    await repairs.wait(60_000);
  }
  throw new Error('no job came');
}
async function failedJob(problems = MISMATCH): Promise<Job> {
  const job = await jobSoon();
  await repairs.report(job, [], problems);
  return job;
}

describe('a rebuilder that reports a receipt which no node signed', () => {
  it('has proved it itself: it is quarantined, its operator reads why, and repeating the report adds nothing', async () => {
    const job = await jobSoon();
    const forged = [await repairs.transfer.receipt(TARGET, [0, 1, 2], job.rebuilder)];
    for (let i = 0; i < 2; i++) await repairs.report(job, forged);
    await vi.waitFor(async () => expect((await recordOf(job.rebuilder)).quarantined).toMatchObject({ cause: 'receipts_forged' }));
    expect((await recordOf(job.rebuilder)).handovers).toMatchObject({ failed: [], forged: [{ transferId: repairs.transfer.id }] });
    const answer = await env.NODES.get(env.NODES.idFromName(job.rebuilder.nodeId)).status(null);
    expect(answer).toMatchObject({ ok: true, value: { standing: 'quarantined', history: [{ sentence: expect.stringContaining('receipts that no node signed') }] } });
    for (const node of nodes) if (node !== job.rebuilder) expect((await recordOf(node)).quarantined).toBeNull();
  });
  it('is none where the target signed, whatever its clock or the rest of its receipt says', async () => {
    const job = await jobSoon();
    await repairs.report(job, [await repairs.transfer.receipt(TARGET, [0, 1, 2], target, 1)]);
    const next = await jobSoon();
    expect(next.rebuilder, 'but it brought nothing').not.toBe(job.rebuilder);
    await repairs.report(next, await repairs.receipts(next));
    expect(await repairs.stored()).toEqual(['0 1 2 3 4 5', '0 1 2 3 4 5', '0 1 2 3 4 5']);
    for (const node of nodes) expect((await recordOf(node)).handovers).toEqual({ failed: [], forged: [] });
  });
  it('is none where somebody else reports, or the job was over', async () => {
    const job = await jobSoon();
    await repairs.report(job, await repairs.receipts(job));
    const forged = [await repairs.transfer.receipt(TARGET, [0, 1, 2], job.rebuilder)];
    for (const rebuilder of [job.rebuilder, nodes.find((node) => node !== job.rebuilder)!]) expect((await repairs.report({ ...job, rebuilder }, forged)).status).toBe(204);
    for (const node of nodes) expect((await recordOf(node)).handovers.forged).toEqual([]);
  });
});

describe('a handover that fails', () => {
  it('speaks against the rebuilder once another one’s goes through, by one word that changes no standing', async () => {
    const failed = await failedJob();
    expect(await everyWord(), 'it may have been either, or the sender').toEqual([]);
    const job = await jobSoon();
    const receipts = await repairs.receipts(job);
    for (let i = 0; i < 2; i++) await repairs.report(job, receipts);
    await vi.waitFor(async () => expect(await wordsOn(failed.rebuilder)).toEqual([operatorOf(target)]));
    expect(await everyWord()).toEqual([[failed.rebuilder, [operatorOf(target)]]]);
    expect((await recordOf(failed.rebuilder)).quarantined).toBeNull();
    expect(await repairs.rows('failedHandovers')).toEqual([]);
  });
  it('speaks against the target where rebuilders of two operators met it, and who came after took the shards', async () => {
    const successor = await addNode();
    repairs.nodes.push(successor);
    const rebuilders = [];
    for (let i = 0; i < 3; i++) rebuilders.push((await failedJob([{ shardIndex: TARGET, code: 'receipt_invalid' }])).rebuilder);
    const job = await jobSoon();
    expect(job.message.targets).toMatchObject([{ nodeId: successor.nodeId }]);
    await repairs.report(job, await repairs.receipts(job));
    await vi.waitFor(async () => expect(await wordsOn(target)).toHaveLength(1));
    const [[accused, [witness]]] = (await everyWord()) as [[TestNode, [string]]];
    expect(accused).toBe(target);
    expect(rebuilders.map(operatorOf)).toContain(witness);
  });
  it('speaks against nobody where the target at last takes what several could not give it', async () => {
    for (let i = 0; i < 2; i++) await failedJob();
    expect(await repairs.rows('failedHandovers')).toHaveLength(2);
    const job = await jobSoon();
    await repairs.report(job, await repairs.receipts(job));
    expect(await everyWord()).toEqual([]);
  });
  it('speaks against nobody where it came later all the same, where a node was away, or where no one can meet the roots', async () => {
    const late = await failedJob();
    await repairs.report(late, await repairs.receipts(late));
    expect(await repairs.stored()).toEqual(['0 1 2 3 4 5', '0 1 2 3 4 5', '0 1 2 3 4 5']);
    expect(await repairs.rows('failedHandovers')).toEqual([]);

    const other = await new TestTransfer().send({ contentBytes: 7 * MIB });
    repairs = new Repairs(other, nodes);
    repairs.takeJobs();
    for (const node of nodes) node.mood = node === other.nodeAt(TARGET) ? 'node_busy' : 'up';
    await failedJob([{ shardIndex: TARGET, code: 'node_unreachable' }]);
    expect(await repairs.rows('failedHandovers')).toEqual([]);
    await failedJob();
    await other.asOwner('DELETE', '');
    expect(await repairs.rows('failedHandovers'), 'it has ended').toEqual([]);
    expect(await everyWord()).toEqual([]);
  });
});
