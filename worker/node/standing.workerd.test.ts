import { env } from 'cloudflare:workers';
import { runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { APPEAL_WAIT_EPOCHS, LOST_AFTER_EPOCHS, epochAt } from '../../shared/policy/index.ts';
import { clock } from '../clock.ts';
import { publish, publishedNodes } from '../testing/publishing.ts';
import { advance, randomId, startNetwork } from '../testing/test-network.ts';
import { EPOCH_MS, WatchedNode } from '../testing/watched-node.ts';

let watched: WatchedNode;
beforeEach(async () => {
  const [node] = await startNetwork(1);
  watched = new WatchedNode(node!);
});
const published = async () => {
  await publish();
  return (await publishedNodes()).find(({ nodeId }) => nodeId === watched.node.nodeId);
};
async function disqualify(): Promise<void> {
  watched.node.auditMood = 'wrong';
  await watched.epochs(2);
  expect((await watched.status()).standing).toBe('disqualified');
}

describe('a standing that changes', () => {
  it('has a reason that the operator can read, and reaches the directory', async () => {
    await watched.hold(8);
    watched.node.auditMood = 'wrong';
    await watched.epochs(1);
    const { history, integrity } = await watched.status();
    expect(history).toHaveLength(1);
    expect(history[0]).toMatchObject({ atMs: clock.nowMs(), from: 'unvetted', to: 'quarantined', reason: { code: 'integrity_low', wrongLeaves: 16 } });
    expect(history[0]!.sentence).toContain('16 pieces missing or damaged');
    expect(await published()).toMatchObject({ standing: 'quarantined', integrity });
  });
  it('reaches every transfer that the node holds, once each, also when the object dies while it tells them', async () => {
    const transfers = [];
    for (let i = 0; i < 40; i++) transfers.push(await watched.hold(1));
    for (const transfer of transfers.slice(0, 36)) transfer.isDeaf = true;
    watched.node.auditMood = 'wrong';
    await watched.epochs(1);
    await watched.liveUntil(clock.nowMs() + 60_000);
    expect(
      transfers.map(({ news }) => news.length),
      'many that cannot be told keep nobody waiting',
    ).toEqual(transfers.map((_, i) => (i < 36 ? 0 : 1)));
    await watched.kill();
    for (const transfer of transfers) transfer.isDeaf = false;
    await watched.liveUntil(clock.nowMs() + 120_000);
    expect(transfers.map(({ news }) => news.map(({ standing }) => standing))).toEqual(transfers.map(() => ['quarantined']));
    const late = await (await watched.object()).hold({ transferId: randomId(), shardIndex: 0, runs: transfers[0]!.runs(1000), expiresAtMs: clock.nowMs() + 1e9 });
    expect(late).toEqual(transfers[0]!.news[0]);
  });
  it('is no news to transfers where it says nothing of their seats', async () => {
    const held = await watched.hold(8);
    watched.node.auditMood = 'silent';
    await watched.epochs(3);
    expect((await watched.status()).standing).toBe('suspended');
    expect(held.news).toEqual([]);
  });
});

describe('a node that owes an audit', () => {
  it('is told lost to its transfers after 48 epochs, and found when it answers', async () => {
    const held = await watched.hold(8);
    watched.node.auditMood = 'silent';
    await watched.epochs(LOST_AFTER_EPOCHS, false);
    expect(held.news).toEqual([]);
    await watched.epochs(1, false);
    const since = epochAt(clock.nowMs(), EPOCH_MS) - LOST_AFTER_EPOCHS;
    expect(held.news.map(({ owedSinceEpoch }) => owedSinceEpoch)).toEqual([since]);
    watched.node.auditMood = 'right';
    await watched.epochs(2);
    expect(held.news.map(({ owedSinceEpoch }) => owedSinceEpoch)).toEqual([since, null]);
    expect(held.news[1]!.generation).toBeGreaterThan(held.news[0]!.generation);
  });
});

describe('disqualification is not permanent: an appeal', () => {
  it('is heard after its time and not before, begins anew, and says so to operator, directory and transfers', async () => {
    const held = await watched.hold(8);
    await disqualify();
    expect(await watched.reasons()).toEqual(['disqualified integrity_lost', 'quarantined integrity_low']);
    expect(held.news.map(({ standing }) => standing)).toEqual(['quarantined', 'disqualified']);
    const fromMs = (await watched.status()).appealFromMs!;
    expect(fromMs).toBe((epochAt(clock.nowMs(), EPOCH_MS) + APPEAL_WAIT_EPOCHS) * EPOCH_MS);
    const object = await watched.object();
    expect(await object.appeal()).toMatchObject({ ok: false, code: 'conflict' });
    advance(fromMs - clock.nowMs() - 1);
    expect(await object.appeal()).toMatchObject({ ok: false, code: 'conflict' });
    advance(1);
    for (let i = 0; i < 2; i++)
      expect(await object.appeal(), 'also when it is repeated').toMatchObject({ ok: true, value: { standing: 'unvetted', integrity: 1, appealFromMs: null } });
    await watched.settle();
    expect((await watched.reasons()).slice(0, 1)).toEqual(['unvetted appeal_granted']);
    expect(held.news.at(-1)).toMatchObject({ standing: 'unvetted' });
    expect(await published()).toMatchObject({ standing: 'unvetted', integrity: 1 });
    watched.node.auditMood = 'right';
    await watched.epochs(3);
    expect(await watched.status()).toMatchObject({ standing: 'unvetted', wrongLeaves: 0 });
  });
  it('has to wait twice as long the second time', async () => {
    await watched.hold(8);
    await disqualify();
    advance(APPEAL_WAIT_EPOCHS * EPOCH_MS);
    await (await watched.object()).appeal();
    await watched.heartbeat();
    await disqualify();
    expect((await watched.status()).appealFromMs).toBe((epochAt(clock.nowMs(), EPOCH_MS) + 2 * APPEAL_WAIT_EPOCHS) * EPOCH_MS);
  });
  it('of who has nothing to appeal against changes nothing', async () => {
    const before = await watched.record();
    expect(await (await watched.object()).appeal()).toMatchObject({ ok: true, value: { standing: 'unvetted' } });
    expect(await watched.record()).toEqual(before);
  });
  it('is not made by registering again', async () => {
    await watched.hold(8);
    await disqualify();
    advance(40 * 24 * EPOCH_MS);
    const by = { nodeId: watched.node.nodeId, atMs: clock.nowMs() };
    const place = { network: '10.0.0.0/24', country: null, asn: null, region: null };
    await (await watched.object()).register(by, { url: watched.node.url, operator: 'somebody else', capacityBytes: 10, freeBytes: 10, version: '1' }, place);
    expect(await published()).toMatchObject({ standing: 'disqualified', operator: 'somebody else' });
  });
});

describe('a node that leaves', () => {
  it('says so once; its transfers are told, and when they have let go of it, it holds nothing', async () => {
    const held = [await watched.hold(2, 200 * EPOCH_MS), await watched.hold(3, 48 * EPOCH_MS)];
    const lastExpiresAtMs = clock.nowMs() + 200 * EPOCH_MS;
    const object = await watched.object();
    for (let i = 0; i < 2; i++) expect(await object.leave()).toMatchObject({ ok: true, value: { standing: 'leaving', holdings: { transfers: 2, lastExpiresAtMs } } });
    await watched.settle();
    expect(held.map(({ news }) => news.map(({ standing }) => standing))).toEqual([['leaving'], ['leaving']]);
    expect(await published()).toMatchObject({ standing: 'leaving' });
    for (const { id } of held) await object.letGo(id);
    expect(await watched.status()).toMatchObject({ standing: 'leaving', holdings: { transfers: 0, bytes: 0, lastExpiresAtMs: null } });
    expect(await watched.reasons()).toEqual(['leaving exit_announced']);
  });
});

describe('a node at which rebuilt shards do not get through', () => {
  const fail = async (source: string, transferId = randomId()): Promise<void> => (await watched.object()).noteFailedHandover({ transferId, source });

  it('is quarantined by the words of five operators, told to directory and transfers, and no operator does it alone', async () => {
    const held = await watched.hold(8);
    for (let i = 0; i < 20; i++) await fail('one operator');
    const [record, alarmAtMs] = [await watched.record(), await watched.alarmAtMs()];
    await fail('one operator');
    expect([await watched.record(), await watched.alarmAtMs()], 'said again it is nothing new').toEqual([record, alarmAtMs]);
    for (let i = 0; i < 4; i++) {
      expect((await watched.status()).standing).toBe('unvetted');
      await fail(`operator ${i}`);
    }
    expect(await watched.reasons()).toEqual(['quarantined handovers_failed']);
    expect((await watched.status()).history[0]!.sentence).toContain('5 operators');
    await watched.settle();
    expect(held.news.map(({ standing }) => standing)).toEqual(['quarantined']);
    expect(await published()).toMatchObject({ standing: 'quarantined' });
  });
  it('and that forged receipts in three transfers is out, with the reason, also when the object dies between them', async () => {
    for (const transferId of ['a', 'a', 'b', 'c']) {
      await watched.kill();
      await (await watched.object()).noteForgery(transferId);
    }
    expect(await watched.reasons()).toEqual(['disqualified forged_again', 'quarantined receipts_forged']);
    const stranger = env.NODES.get(env.NODES.idFromName('who never registered'));
    await stranger.noteForgery('a');
    await stranger.noteFailedHandover({ transferId: 'a', source: 'x' });
    expect(await runInDurableObject(stranger, (_, state) => [...state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'reputation'")])).toEqual([]);
  });
});

describe('a node that refuses downloads', () => {
  const refuse = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await (await watched.object()).noteRefusal({ transferId: randomId(), source: `192.0.2.${i}` });
  };

  it('is visited once three strangers accuse it, and quarantined once two shoppers were refused: no client does it alone', async () => {
    const held = await watched.hold(8);
    for (let i = 0; i < 20; i++) await (await watched.object()).noteRefusal({ transferId: randomId(), source: '192.0.2.1' });
    await refuse(3);
    expect((await watched.status()).standing).toBe('unvetted');
    await watched.epochs(1);
    expect(held.visits).toBe(1);
    await (await watched.object()).noteVisit({ shopper: 'one', served: false });
    await (await watched.object()).noteVisit({ shopper: 'one', served: false });
    expect((await watched.status()).standing).toBe('unvetted');
    await (await watched.object()).noteVisit({ shopper: 'two', served: false });
    expect(await watched.reasons()).toEqual(['quarantined service_refused']);
    await watched.epochs(1);
    expect(held.visits, 'and visited on').toBe(2);
    expect(held.news.map(({ standing }) => standing)).toEqual(['quarantined']);
  });
  it('is written down, and told to the directory, once a source and transfer, however often it is said', async () => {
    const report = { transferId: randomId(), source: 'a stranger' };
    await (await watched.object()).noteRefusal(report);
    await watched.settle();
    const [record, alarmAtMs] = [await watched.record(), await watched.alarmAtMs()];
    for (let i = 0; i < 3; i++) await (await watched.object()).noteRefusal(report);
    expect(await watched.record()).toEqual(record);
    expect(await watched.alarmAtMs(), 'nobody is to be told anything').toBe(alarmAtMs);
  });
  it('but owes its audit is away, and neither visited nor blamed', async () => {
    const held = await watched.hold(8);
    watched.node.auditMood = 'silent';
    await watched.epochs(1);
    await refuse(5);
    await (await watched.object()).noteVisit({ shopper: 'one', served: false });
    await watched.epochs(1);
    expect((await watched.record()).service).toEqual({ reports: [], refused: [], served: 0 });
    expect(held.visits).toBe(0);
  });
  it('is visited where it holds most, and the visit is not lost with the object', async () => {
    const [small, large] = [await watched.hold(1), await watched.hold(40)];
    large.isBroken = small.isBroken = true;
    await refuse(3);
    await watched.epochs(1);
    expect(watched.node.audits).toEqual([]);
    large.isBroken = small.isBroken = false;
    await watched.liveUntil(clock.nowMs() + 60_000);
    await watched.kill();
    await watched.epochs(4);
    expect(large.visits + small.visits).toBe(5);
    expect(large.visits).toBeGreaterThan(small.visits);
  });
  it('is not protected by reporters with endless names', async () => {
    await (await watched.object()).noteRefusal({ transferId: randomId(), source: 'x'.repeat(1000) });
    expect((await watched.record()).service.reports).toHaveLength(1);
  });
});
