import { env } from 'cloudflare:workers';
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LOST_AFTER_EPOCHS, epochAt } from '../../shared/policy/index.ts';
import { decodeB64 } from '../../shared/protocol/bytes.ts';
import { EPOCH_MS } from '../../shared/protocol/limits.ts';
import { parseOrder } from '../../shared/protocol/order.ts';
import { clock } from '../clock.ts';
import type { SeatNews } from '../node/news.ts';
import { NodeObject } from '../objects/node.ts';
import { addNode, codeOf, everyoneReports, register, startNetwork, TestTransfer } from '../testing/test-network.ts';
import type { TestNode } from '../testing/test-node.ts';
import { Repairs } from '../testing/test-repairs.ts';

const MIB = 2 ** 20;
/** Twelve nodes: 5 of 12, of which 7 are safe and 9 the threshold. */
let nodes: TestNode[];
beforeEach(async () => {
  nodes = await startNetwork(12);
});
afterEach(() => {
  vi.restoreAllMocks();
});

let generation = 100;
const news = (values: Partial<SeatNews>): SeatNews => ({ standing: 'vetted', owedSinceEpoch: null, generation: ++generation, ...values });
const gone = (): SeatNews => news({ owedSinceEpoch: epochAt(clock.nowMs(), EPOCH_MS) - LOST_AFTER_EPOCHS });

/** Sent and hardened: every seat is filled, everybody has been told. */
async function hardened(contentBytes = 12 * MIB): Promise<Repairs> {
  const transfer = await new TestTransfer().send({ contentBytes, expiresInSeconds: 30 * 24 * 3600 });
  const repairs = new Repairs(transfer, nodes);
  await repairs.mend();
  expect((await transfer.status()).survives).toBe(7);
  return repairs;
}
async function fresh(repairs: Repairs, count: number): Promise<TestNode[]> {
  const added: TestNode[] = [];
  for (let i = 0; i < count; i++) added.push(await addNode());
  repairs.nodes.push(...added);
  return added;
}
async function operatedBy(operatorOf: (i: number) => string): Promise<void> {
  for (const [i, node] of nodes.entries()) await register(node, { operator: operatorOf(i) });
  await everyoneReports();
}
const seatsOf = async (repairs: Repairs): Promise<string[]> => (await repairs.rows<{ nodeId: string }>('seats')).map(({ nodeId }) => nodeId);
/** What a node's object believes that the node holds of the transfer, or null. */
const heldShards = (repairs: Repairs, node: TestNode): Promise<number | null> =>
  runInDurableObject(env.NODES.get(env.NODES.idFromName(node.nodeId)), (_, state) => {
    const [row] = state.storage.sql.exec<{ shards: number }>('SELECT shards FROM holdings WHERE transferId = ?', repairs.transfer.id).toArray();
    return row?.shards ?? null;
  });

describe('losses', () => {
  it('wait while the transfer is in no danger', async () => {
    const repairs = await hardened();
    expect((await repairs.watch.census()).repairs, 'hardening is none').toEqual({ jobs: 0, shards: 0, bytes: 0 });
    for (const index of [0, 1]) await repairs.transfer.stub.seatNews(repairs.transfer.nodeAt(index).nodeId, gone());
    expect((await repairs.transfer.status()).survives, 'and are told').toBe(5);
    await fresh(repairs, 2);
    expect(await repairs.nextJob()).toBeNull();
  });
  it('are mended at the threshold: fresh nodes get the seats, are filled from who is left, and the old ones are let go', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    const lost = [0, 1, 2, 3, 4].map((index) => transfer.nodeAt(index));
    const added = await fresh(repairs, 5);
    for (const node of lost) {
      node.mood = 'silent';
      await transfer.stub.seatNews(node.nodeId, gone());
    }
    await repairs.wait(4 * 60_000);
    expect((await transfer.status()).survives).toBe(2);
    const job = (await repairs.nextJob())!;
    expect(job.message.targets.map(({ shardIndex, segments }) => [shardIndex, segments.length])).toEqual([0, 1, 2, 3, 4].map((index) => [index, 3]));
    expect(new Set(job.message.targets.map(({ nodeId }) => nodeId))).toEqual(new Set(added.map(({ nodeId }) => nodeId)));
    expect(job.message.sources.map(({ shardIndex }) => shardIndex)).toEqual([5, 6, 7, 8, 9, 10, 11]);
    expect(await repairs.stored()).toEqual(Array(3).fill('5 6 7 8 9 10 11'));
    await repairs.report(job, await repairs.receipts(job));
    expect(await repairs.nextJob()).toBeNull();
    expect(await repairs.stored()).toEqual(Array(3).fill('0 1 2 3 4 5 6 7 8 9 10 11'));
    expect((await transfer.status()).survives).toBe(7);
    for (const node of added) expect(await heldShards(repairs, node)).toBe(3);
    for (const node of lost) expect(await heldShards(repairs, node)).toBeNull();
    for (const node of lost) node.mood = 'up';
    await repairs.wait(3600_000);
    await repairs.ring();
    expect(lost.map(({ deletions }) => deletions.length)).toEqual([1, 1, 1, 1, 1]);
    expect(added.every(({ deletions }) => deletions.length === 0)).toBe(true);
    expect((await repairs.watch.census()).repairs).toEqual({ jobs: 1, shards: 15, bytes: 5 * transfer.layout.shardBytesPerNode });
  });
  it('of a node that lists fewer shards than it signed for are mended where they were; old receipts do not count again', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    for (const index of [0, 1, 2, 3]) await transfer.stub.seatNews(transfer.nodeAt(index).nodeId, gone());
    const forgetful = transfer.nodeAt(7);
    const old = await transfer.receipt(7, [0, 1, 2]);
    await repairs.wait(60_000);
    for (let i = 0; i < 2; i++) await transfer.stub.seatLost(forgetful.nodeId, 1);
    expect(await transfer.stub.auditRoots(forgetful.nodeId, [{ segment: 0, leaf: 0 }]), 'what was asked before stays asked').not.toEqual([null]);
    const added = await fresh(repairs, 4);
    const job = (await repairs.nextJob())!;
    expect(await heldShards(repairs, forgetful)).toBeNull();
    expect(job.message.targets.map(({ shardIndex }) => shardIndex)).toEqual([0, 1, 2, 3, 7]);
    expect(job.message.targets[4]!.nodeId).toBe(forgetful.nodeId);
    await repairs.report(job, [old]);
    expect(await repairs.stored(), 'the former holders of 0 to 3 count as lost').toEqual(Array(3).fill('4 5 6 8 9 10 11'));
    await repairs.mend();
    await repairs.wait(60_000);
    await repairs.mend();
    expect((await transfer.status()).survives).toBe(7);
    expect(await heldShards(repairs, forgetful)).toBe(3);
    expect(forgetful.deletions).toEqual([]);
    expect(new Set(await seatsOf(repairs))).toEqual(
      new Set([...nodes.filter((node) => ![0, 1, 2, 3].some((i) => transfer.nodeAt(i) === node)), ...added].map(({ nodeId }) => nodeId)),
    );
  });
  it('that were none, because the node came back in time, set off nothing', async () => {
    const repairs = await hardened();
    for (const index of [0, 1, 2]) await repairs.transfer.stub.seatNews(repairs.transfer.nodeAt(index).nodeId, gone());
    await repairs.transfer.stub.seatNews(repairs.transfer.nodeAt(0).nodeId, news({}));
    await fresh(repairs, 5);
    expect(await repairs.nextJob()).toBeNull();
    const late = { standing: 'disqualified', owedSinceEpoch: null, generation: 1 } as const;
    await repairs.transfer.stub.seatNews(repairs.transfer.nodeAt(0).nodeId, late);
    expect((await repairs.transfer.status()).survives, 'news that came late says nothing').toBe(5);
  });
});

describe('a node that leaves', () => {
  it('serves and is a source until its seat is filled, and is then told to delete', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    const leaver = transfer.nodeAt(3);
    const [successor] = await fresh(repairs, 1);
    await transfer.stub.seatNews(leaver.nodeId, news({ standing: 'leaving' }));
    const job = (await repairs.nextJob())!;
    expect(job.message.targets).toMatchObject([{ shardIndex: 3, nodeId: successor!.nodeId }]);
    expect(job.message.sources.find(({ shardIndex }) => shardIndex === 3)?.nodeId).toBe(leaver.nodeId);
    expect((await transfer.claim()).nodes[3]!.nodeId).toBe(leaver.nodeId);
    expect(await repairs.stored()).toEqual(Array(3).fill('0 1 2 3 4 5 6 7 8 9 10 11'));
    expect((await transfer.status()).survives).toBe(7);
    expect(await transfer.stub.whereabouts(leaver.nodeId)).toBe('keep');
    expect(await transfer.stub.auditRoots(leaver.nodeId, [{ segment: 1, leaf: 0 }])).not.toEqual([null]);
    expect(await heldShards(repairs, leaver)).toBe(3);

    await repairs.report(job, await repairs.receipts(job));
    await repairs.ring();
    expect((await transfer.claim()).nodes[3]!.nodeId).toBe(successor!.nodeId);
    expect(leaver.deletions.length).toBe(1);
    expect(await heldShards(repairs, leaver)).toBeNull();
    expect(await transfer.stub.whereabouts(leaver.nodeId)).toBe('surplus');
    expect(await transfer.stub.auditRoots(leaver.nodeId, [{ segment: 1, leaf: 0 }])).toEqual([null]);
  });
  it('and loses a part meanwhile keeps the rest until its seat is filled; one that has lost everything is let go at once', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    const leavers = [transfer.nodeAt(3), transfer.nodeAt(4)];
    await fresh(repairs, 2);
    for (const leaver of leavers) await transfer.stub.seatNews(leaver.nodeId, news({ standing: 'leaving' }));
    const job = (await repairs.nextJob())!;
    await transfer.stub.seatLost(leavers[0]!.nodeId, 2);
    await transfer.stub.seatLost(leavers[1]!.nodeId, 0);
    await repairs.ring();
    expect(leavers.map(({ deletions }) => deletions.length)).toEqual([0, 1]);
    expect(await transfer.stub.whereabouts(leavers[0]!.nodeId)).toBe('keep');
    await repairs.report(job, await repairs.receipts(job));
    await repairs.ring();
    expect(leavers.map(({ deletions }) => deletions.length)).toEqual([1, 1]);
  });
  it('stays where nobody can take its place, and goes when somebody can', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    await transfer.stub.seatNews(transfer.nodeAt(3).nodeId, news({ standing: 'leaving' }));
    expect(await repairs.nextJob()).toBeNull();
    expect(await seatsOf(repairs)).toContain(transfer.nodeAt(3).nodeId);
    await fresh(repairs, 1);
    await repairs.wait(60_000);
    expect((await repairs.mend()).length).toBe(1);
    expect(await seatsOf(repairs)).not.toContain(transfer.nodeAt(3).nodeId);
  });
});

describe('a node that is disqualified', () => {
  it('in the middle of hardening loses its seat, and is a source as long as its shards have the committed roots', async () => {
    const transfer = await new TestTransfer().send({ contentBytes: 12 * MIB });
    const repairs = new Repairs(transfer, nodes);
    await fresh(repairs, 1);
    const first = (await repairs.nextJob())!;
    await transfer.stub.seatNews(transfer.nodeAt(2).nodeId, news({ standing: 'disqualified' }));
    expect((await transfer.status()).survives).toBe(1);
    await repairs.report(first, await repairs.receipts(first));
    const next = (await repairs.nextJob())!;
    expect(next.message.targets.map(({ shardIndex }) => shardIndex)).toEqual([2]);
    expect(next.message.sources.at(-1)).toMatchObject({ shardIndex: 2, nodeId: transfer.nodeAt(2).nodeId });
    await repairs.report(next, await repairs.receipts(next));
    await repairs.ring();
    expect((await transfer.status()).survives).toBe(7);
    expect(transfer.nodeAt(2).deletions.length).toBe(1);
  });
});

describe('who lies in a repair', () => {
  it('is named by the rebuilder’s operator, unless the fault may be somebody else’s', async () => {
    const noted = vi.spyOn(NodeObject.prototype, 'noteRefusal');
    await operatedBy((i) => `operator ${i}`);
    const repairs = await hardened();
    const { transfer } = repairs;
    const [successor] = await fresh(repairs, 1);
    await transfer.stub.seatNews(transfer.nodeAt(3).nodeId, news({ standing: 'leaving' }));
    const job = (await repairs.nextJob())!;
    // The rebuilder is drawn by lot, and nobody accuses itself.
    const liar = transfer.nodeAt(5) === job.rebuilder ? 6 : 5;
    const problems = [
      { shardIndex: 3, code: 'node_unreachable' },
      { shardIndex: liar, code: 'shard_mismatch' },
    ] as const;
    await repairs.report(job, [], problems);
    const accused = () => noted.mock.contexts.map((object) => (object as { ctx: DurableObjectState }).ctx.id.toString());
    await vi.waitFor(() => expect(noted).toHaveBeenCalledTimes(1));
    expect(accused()).toEqual([env.NODES.idFromName(transfer.nodeAt(liar).nodeId).toString()]);
    expect(noted.mock.calls).toEqual([[{ transferId: transfer.id, source: `operator ${nodes.indexOf(job.rebuilder)}` }]]);
    await repairs.wait(60_000);
    const next = (await repairs.nextJob())!;
    expect(next.rebuilder).not.toBe(job.rebuilder);
    await repairs.report(next, await repairs.receipts(next), [{ shardIndex: 3, code: 'shard_mismatch' }]);
    await vi.waitFor(() => expect(noted).toHaveBeenCalledTimes(2));
    expect(accused().at(-1), 'the successor has signed: it was the leaver').toBe(env.NODES.idFromName(transfer.nodeAt(3).nodeId).toString());
    expect(successor!.deletions).toEqual([]);
  });
  it('and rebuilds nothing is passed over, whatever it signs', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    await fresh(repairs, 1);
    await transfer.stub.seatNews(transfer.nodeAt(3).nodeId, news({ standing: 'leaving' }));
    const cheats = new Set<TestNode>();
    for (let i = 0; i < 3; i++) {
      const job = (await repairs.nextJob())!;
      cheats.add(job.rebuilder);
      await repairs.report(job, i === 0 ? [] : [await transfer.receipt(3, [0, 1, 2], transfer.nodeAt(0))]);
    }
    expect(cheats.size).toBe(3);
    const failures = (await repairs.rows<{ nodeId: string; rebuilderFailures: number }>('seats')).filter(({ rebuilderFailures }) => rebuilderFailures > 0);
    expect(new Set(failures.map(({ nodeId }) => nodeId))).toEqual(new Set([...cheats].map(({ nodeId }) => nodeId)));
    expect((await repairs.mend()).length).toBe(1);
  });
});

describe('nodes’ objects', () => {
  it.each([12, 300])('hear once of the upload and once of the hardening, also of %i MiB', async (mebibytes) => {
    const told = vi.spyOn(NodeObject.prototype, 'hold');
    await hardened(mebibytes * MIB);
    expect(told.mock.calls.map(([{ shardIndex }]) => shardIndex).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(told.mock.calls.every(([{ runs }]) => runs.length === 1)).toBe(true);
  });
});

describe('a visit', () => {
  it('is made by a node of another operator, and its outcome told to the visited one’s object', async () => {
    const noted = vi.spyOn(NodeObject.prototype, 'noteVisit');
    await operatedBy((i) => (i < 10 ? 'one' : `other ${i}`));
    const repairs = await hardened();
    const { transfer } = repairs;
    repairs.takeJobs();
    const visited = nodes[0]!;
    const index = transfer.placement.nodes.findIndex(({ nodeId }) => nodeId === visited.nodeId);
    for (const [problems, served] of [
      [[], true],
      [[{ shardIndex: index, code: 'node_busy' as const }], false],
    ] as const) {
      await transfer.stub.visit(visited.nodeId);
      const [job] = repairs.takeJobs();
      expect(nodes.indexOf(job!.rebuilder)).toBeGreaterThan(9);
      expect(job!.message).toMatchObject({ lastSegment: transfer.layout.segmentCount - 1, sources: [{ shardIndex: index, nodeId: visited.nodeId }], targets: [] });
      const terms = ({ order }: { order: string }) => ({ ...parseOrder(decodeB64(order)), serial: null, notBeforeMs: 0, expiresAtMs: 0, signature: null });
      const asRecipient = (await transfer.claim()).nodes.find(({ nodeId }) => nodeId === visited.nodeId)!;
      expect(terms(job!.message.sources[0]!), 'nobody can tell it from a recipient by its order').toEqual(terms(asRecipient));
      await evictDurableObject(transfer.stub);
      for (let i = 0; i < 2; i++) await repairs.report(job!, [], problems);
      await vi.waitFor(() => expect(noted.mock.lastCall).toEqual([{ shopper: `other ${nodes.indexOf(job!.rebuilder)}`, served }]));
    }
    expect(noted, 'each report counts once').toHaveBeenCalledTimes(2);
  });
  it('begins at the first segment or anywhere, and ends after few or many: how far it reads is drawn', async () => {
    await operatedBy((i) => `operator ${i}`);
    const repairs = await hardened(200 * MIB);
    const { transfer } = repairs;
    repairs.takeJobs();
    const visits = 40;
    for (let i = 0; i < visits; i++) await transfer.stub.visit(transfer.nodeAt(1).nodeId);
    const runs = repairs.takeJobs().map(({ message }) => message.segments.map(({ index }) => index));
    expect(runs.length).toBe(visits);
    for (const run of runs) expect(run, 'one run, as long as there is more').toEqual(run.map((_, i) => run[0]! + i));
    expect(runs.filter(([first]) => first === 0).length).toBeGreaterThan(visits / 8);
    expect(new Set(runs.map(([first]) => first)).size).toBeGreaterThan(3);
    expect(new Set(runs.map(({ length }) => length)).size).toBeGreaterThan(3);
  });
  it('is never made by a node that is doubted itself: its word decides about another', async () => {
    await operatedBy((i) => `operator ${i}`);
    const repairs = await hardened();
    const { transfer } = repairs;
    const [visited, ...others] = transfer.placement.nodes.map((_, index) => transfer.nodeAt(index));
    for (const [i, node] of others.slice(0, -1).entries()) await transfer.stub.seatNews(node.nodeId, news({ standing: i % 2 === 0 ? 'quarantined' : 'disqualified' }));
    repairs.takeJobs();
    for (let i = 0; i < 4; i++) await transfer.stub.visit(visited!.nodeId);
    expect(repairs.takeJobs().map(({ rebuilder }) => rebuilder.nodeId)).toEqual(Array(4).fill(others.at(-1)!.nodeId));
  });
  it('is given up where nobody can go, and is no licence to report for anyone else', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    await transfer.stub.visit(nodes[0]!.nodeId);
    expect(repairs.takeJobs(), 'all nodes are of one operator').toEqual([]);
    const [stranger] = await fresh(repairs, 1);
    await transfer.stub.visit(stranger!.nodeId);
    expect(repairs.takeJobs()).toEqual([]);
    expect(await repairs.rows('visits')).toEqual([]);
    const forged = { rebuilder: stranger!, message: { jobId: transfer.id } as never };
    expect(await codeOf(await repairs.report(forged, [], []))).toBe('unauthorized');
  });
});
