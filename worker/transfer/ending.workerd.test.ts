import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { asNodeId, decodeB64 } from '../../shared/protocol/bytes.ts';
import { ENDED_KEPT_MS } from '../../shared/protocol/limits.ts';
import type { Deletion, Status } from '../../shared/protocol/messages.ts';
import { verifyOrder } from '../../shared/protocol/order.ts';
import { importVerifyingKey, signingKeyFromSeed } from '../../shared/protocol/signature.ts';
import { clock } from '../clock.ts';
import { publish } from '../testing/publishing.ts';
import type { TestNode } from '../testing/test-node.ts';
import { advance, codeOf, everyoneReports, randomId, register, startNetwork, TestTransfer } from '../testing/test-network.ts';

const HOUR_MS = 3600_000;
let nodes: TestNode[];
beforeEach(async () => {
  nodes = await startNetwork(4);
});

const count = (transfer: TestTransfer, table: string): Promise<number> =>
  runInDurableObject(transfer.stub, (_, state) => state.storage.sql.exec<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`).one().rows);
const statements = (transfer: TestTransfer): Promise<(Deletion | null)[]> =>
  runInDurableObject(transfer.stub, (_, state) =>
    state.storage.sql
      .exec<{ statement: string | null }>('SELECT statement FROM deletions')
      .toArray()
      .map(({ statement }) => (statement === null ? null : (JSON.parse(statement) as Deletion))),
  );
const alarmAt = (transfer: TestTransfer): Promise<number | null> => runInDurableObject(transfer.stub, (_, state) => state.storage.getAlarm());

describe('a transfer ends', () => {
  it('when its owner revokes it: contents go at once, every node deletes and signs for it', async () => {
    const transfer = await new TestTransfer().send();
    expect(await (await transfer.asOwner('DELETE', '')).json()).toMatchObject({ state: 'revoked' });
    expect([await count(transfer, 'segments'), await count(transfer, 'manifest')]).toEqual([0, 0]);
    await evictDurableObject(transfer.stub);
    expect(await alarmAt(transfer)).toBe(clock.nowMs());
    await runDurableObjectAlarm(transfer.stub);
    for (const node of nodes) {
      const seat = transfer.placement.nodes.find(({ nodeId }) => nodeId === node.nodeId)!;
      expect(node.deletions.length).toBe(1);
      expect(node.deletions[0]).toMatchObject({ action: 'delete', shardIndex: seat.shardIndex, shardExpiresAtMs: transfer.placement.expiresAtMs });
      expect(asNodeId(node.key.publicKey)).toEqual(node.deletions[0]!.nodeId);
    }
    expect((await statements(transfer)).map((statement) => statement?.nodeId ?? '').toSorted()).toEqual(nodes.map(({ nodeId }) => nodeId).toSorted());
    expect(await (await transfer.asOwner('DELETE', '')).json()).toMatchObject({ state: 'revoked' });
    for (const [method, action, body] of [
      ['GET', ''],
      ['GET', '/manifest'],
      ['GET', '/segments?from=0'],
      ['POST', '/claim', { claimId: randomId() }],
    ] as const)
      expect(await codeOf(await transfer.asRecipient(method, action, body)), action).toBe('transfer_revoked');
    expect(await codeOf(await transfer.create())).toBe('transfer_revoked');
  });
  it('when it expires, whether or not an alarm rang', async () => {
    const transfer = await new TestTransfer().send();
    expect(await alarmAt(transfer), 'hardening is due').toBe(clock.nowMs());
    advance(HOUR_MS - 1);
    expect((await transfer.asRecipient('GET', '')).status).toBe(200);
    advance(1);
    expect(await codeOf(await transfer.asRecipient('GET', ''))).toBe('transfer_expired');
    expect(await codeOf(await transfer.asOwner('GET', ''))).toBe('transfer_expired');
    expect(await (await transfer.asOwner('DELETE', '')).json(), 'too late to revoke').toMatchObject({ state: 'expired' });
    await runDurableObjectAlarm(transfer.stub);
    expect(nodes.every(({ deletions }) => deletions.length === 1)).toBe(true);
  });
  it('by its alarm alone, when nobody asks', async () => {
    const transfer = await new TestTransfer().send();
    await everyoneReports();
    await runDurableObjectAlarm(transfer.stub);
    advance(HOUR_MS);
    await runDurableObjectAlarm(transfer.stub);
    expect(nodes.every(({ deletions }) => deletions.length === 1)).toBe(true);
    expect(await count(transfer, 'segments')).toBe(0);
  });
  it('when the last download is committed', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 1 });
    const { claimId } = await transfer.claim();
    const end = await (await transfer.asRecipient('POST', '/commit', { claimId, problems: [] })).json<Status>();
    expect(end).toMatchObject({ state: 'used_up', downloads: { limit: 1, committed: 1, claimed: 0 } });
    await runDurableObjectAlarm(transfer.stub);
    expect(nodes.every(({ deletions }) => deletions.length === 1)).toBe(true);
    expect(await codeOf(await transfer.asRecipient('GET', ''))).toBe('transfer_used_up');
  });
  it('a day after its upload was abandoned, counted from the last sign of life', async () => {
    const transfer = new TestTransfer();
    transfer.placement = await (await transfer.create({ expiresInSeconds: 7 * 24 * 3600 })).json();
    advance(23 * HOUR_MS);
    await transfer.commit([transfer.seal(0)], []);
    expect(await alarmAt(transfer)).toBe(clock.nowMs() + 24 * HOUR_MS);
    advance(24 * HOUR_MS - 1);
    expect((await transfer.asOwner('GET', '')).status).toBe(200);
    advance(1);
    await runDurableObjectAlarm(transfer.stub);
    expect(await codeOf(await transfer.asOwner('GET', ''))).toBe('transfer_expired');
    expect(nodes.every(({ deletions }) => deletions.length === 1)).toBe(true);
  });
});

describe('deletion', () => {
  it('is asked again, more and more seldom, of nodes that are away, lie or answer with a problem, each time with a fresh order', async () => {
    const transfer = await new TestTransfer().send();
    const [away, lying, broken] = nodes as [TestNode, TestNode, TestNode];
    [away.mood, lying.mood, broken.mood] = ['silent', 'lying', 'internal'];
    await transfer.asOwner('DELETE', '');
    const pauses: number[] = [];
    for (let i = 0; i < 12; i++) {
      await runDurableObjectAlarm(transfer.stub);
      if (i === 4) await evictDurableObject(transfer.stub);
      const next = (await alarmAt(transfer))!;
      pauses.push(next - clock.nowMs());
      advance(next - clock.nowMs());
    }
    expect(pauses.slice(0, 4)).toEqual([2000, 4000, 8000, 16_000]);
    expect(pauses.at(-1)).toBe(15 * 60_000);
    expect((await statements(transfer)).filter((statement) => statement !== null).length, 'a statement whose signature fails is none').toBe(1);
    for (const node of nodes) node.mood = 'up';
    await runDurableObjectAlarm(transfer.stub);
    expect((await statements(transfer)).every((statement) => statement !== null)).toBe(true);
    expect(new Set(lying.deletions.map(({ serial }) => serial.join())).size).toBe(lying.deletions.length);
    expect(nodes[3]!.deletions.length, 'who has answered is left alone').toBe(1);
    expect(await alarmAt(transfer)).toBeGreaterThan(clock.nowMs() + 20 * 24 * HOUR_MS);
  });
  it('follows a node to its new address', async () => {
    const transfer = await new TestTransfer().send();
    Object.assign(nodes[0]!, { url: 'http://10.5.5.5:9000' });
    advance(3000);
    await everyoneReports();
    await register(nodes[0]!);
    await publish();
    await transfer.asOwner('DELETE', '');
    await runDurableObjectAlarm(transfer.stub);
    expect(nodes[0]!.deletions.length).toBe(1);
  });
  it('is verified under the coordinator’s key by the node', async () => {
    const transfer = await new TestTransfer().send();
    let sent = '';
    const answer = nodes[0]!.answer.bind(nodes[0]!);
    nodes[0]!.answer = (request) => {
      sent = request.headers.get('Authorization') ?? '';
      return answer(request);
    };
    await transfer.asOwner('DELETE', '');
    await runDurableObjectAlarm(transfer.stub);
    const coordinatorKey = await importVerifyingKey((await signingKeyFromSeed(decodeB64(env.COORDINATOR_SEED))).publicKey);
    const check = { nodeId: asNodeId(nodes[0]!.key.publicKey), action: 'delete' as const, nowMs: clock.nowMs(), coordinatorKey };
    expect((await verifyOrder(decodeB64(sent.replace('Shardsend-Order ', '')), check)).action).toBe('delete');
  });
  it('and the reason of the end are remembered for 30 days; then the transfer is unknown and its storage empty', async () => {
    const transfer = await new TestTransfer().send();
    nodes[0]!.mood = 'silent';
    await transfer.asOwner('DELETE', '');
    advance(ENDED_KEPT_MS - 1);
    await runDurableObjectAlarm(transfer.stub);
    expect(await codeOf(await transfer.asRecipient('GET', ''))).toBe('transfer_revoked');
    advance(1);
    await runDurableObjectAlarm(transfer.stub);
    expect(await codeOf(await transfer.asRecipient('GET', ''))).toBe('transfer_unknown');
    await evictDurableObject(transfer.stub);
    expect(await codeOf(await transfer.asOwner('DELETE', ''))).toBe('transfer_unknown');
    expect(await runInDurableObject(transfer.stub, (_, state) => state.storage.sql.exec('SELECT 1 FROM sqlite_master').toArray().length)).toBe(0);
    expect(await alarmAt(transfer)).toBeNull();
  });
});

describe('the alarm', () => {
  it('goes on after its work broke', async () => {
    const transfer = await new TestTransfer().send();
    await transfer.asOwner('DELETE', '');
    const moment = clock.nowMs();
    nodes[0]!.answer = () => {
      throw new Error('unexpected');
    };
    await runInDurableObject(transfer.stub, (_, state) => state.storage.sql.exec('ALTER TABLE deletions RENAME TO elsewhere'));
    await runDurableObjectAlarm(transfer.stub);
    expect(await alarmAt(transfer)).toBe(moment + 30_000);
    await runInDurableObject(transfer.stub, (_, state) => state.storage.sql.exec('ALTER TABLE elsewhere RENAME TO deletions'));
    await runDurableObjectAlarm(transfer.stub);
    expect((await statements(transfer)).filter((statement) => statement !== null).length).toBe(3);
  });
  it('of a transfer that never was does nothing', async () => {
    const transfer = new TestTransfer();
    await runInDurableObject(transfer.stub, (object) => object.alarm());
    expect(await alarmAt(transfer)).toBeNull();
  });
});
