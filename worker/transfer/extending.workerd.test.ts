import { env } from 'cloudflare:workers';
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_EXPIRY_CHANGES } from '../../shared/protocol/limits.ts';
import type { OwnerStatus, Placement } from '../../shared/protocol/messages.ts';
import { parseOrder } from '../../shared/protocol/order.ts';
import { decodeB64 } from '../../shared/protocol/bytes.ts';
import { clock } from '../clock.ts';
import { advance, codeOf, randomId, startNetwork, TestTransfer } from '../testing/test-network.ts';
import type { TestNode } from '../testing/test-node.ts';
import { Repairs } from '../testing/test-repairs.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
let nodes: TestNode[];
beforeEach(async () => {
  nodes = await startNetwork(4);
});

const change = (transfer: TestTransfer, expiresAtMs: number): Promise<Response> => transfer.asOwner('PATCH', '', { expiresAtMs });
const changed = async (transfer: TestTransfer, expiresAtMs: number): Promise<OwnerStatus> => (await change(transfer, expiresAtMs)).json();
/** Sent for an hour, and every seat filled. */
async function hardened(): Promise<Repairs> {
  const repairs = new Repairs(await new TestTransfer().send(), nodes);
  await repairs.mend();
  for (const node of nodes) node.heldShards = 1;
  return repairs;
}
/** Until when a node's object believes that the node holds the transfer; null where it believes nothing. */
const believedUntil = (transfer: TestTransfer, node: TestNode): Promise<number | null> =>
  runInDurableObject(env.NODES.get(env.NODES.idFromName(node.nodeId)), (_, state) => {
    const [row] = state.storage.sql.exec<{ expiresAtMs: number }>('SELECT expiresAtMs FROM holdings WHERE transferId = ?', transfer.id).toArray();
    return row?.expiresAtMs ?? null;
  });
const watchedUntil = (repairs: Repairs): Promise<number> =>
  runInDurableObject(repairs.watch, (_, state) => state.storage.sql.exec<{ expiresAtMs: number }>('SELECT expiresAtMs FROM watched').one().expiresAtMs);

describe('the time of a transfer', () => {
  it('moves at its owner’s word: status and every order follow at once, nodes, their objects and the watch by alarm', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    const laterMs = clock.nowMs() + 3 * DAY_MS;
    expect(await changed(transfer, laterMs)).toMatchObject({ state: 'ready', expiresAtMs: laterMs });
    const { nodes: seats } = await transfer.claim();
    expect(seats.map(({ order }) => parseOrder(decodeB64(order)).shardExpiresAtMs)).toEqual(Array.from({ length: 4 }, () => laterMs));
    await evictDurableObject(transfer.stub);
    await repairs.ring();
    for (const node of nodes) {
      expect(node.expiries.length).toBe(1);
      expect(node.expiries[0]).toMatchObject({ action: 'extend', shardExpiresAtMs: laterMs, maxBytes: 0 });
      expect(await believedUntil(transfer, node)).toBe(laterMs);
    }
    expect(await watchedUntil(repairs)).toBe(laterMs);
    advance(2 * DAY_MS);
    expect(await transfer.status()).toMatchObject({ state: 'ready', survives: 2 });
    advance(DAY_MS);
    expect(await codeOf(await transfer.asRecipient('GET', ''))).toBe('transfer_expired');
  });

  it('may come earlier: the transfer ends then, whoever has confirmed it', async () => {
    const { transfer } = await hardened();
    for (const node of nodes) node.mood = 'silent';
    const soonMs = clock.nowMs() + 5 * MINUTE_MS;
    expect(await changed(transfer, soonMs)).toMatchObject({ expiresAtMs: soonMs });
    advance(5 * MINUTE_MS);
    expect(await codeOf(await transfer.asRecipient('GET', ''))).toBe('transfer_expired');
  });

  it('is 5 minutes to 30 days away; what misses that by up to a minute becomes the nearest', async () => {
    const { transfer } = await hardened();
    const nowMs = clock.nowMs();
    expect(await changed(transfer, nowMs + 5 * MINUTE_MS - 500)).toMatchObject({ expiresAtMs: nowMs + 5 * MINUTE_MS });
    expect(await changed(transfer, nowMs + 30 * DAY_MS + MINUTE_MS)).toMatchObject({ expiresAtMs: nowMs + 30 * DAY_MS });
    for (const wrongMs of [0, nowMs, nowMs + 4 * MINUTE_MS - 1, nowMs + 30 * DAY_MS + MINUTE_MS + 1])
      expect(await codeOf(await change(transfer, wrongMs)), String(wrongMs)).toBe('bad_request');
    for (const wrong of ['soon', -1, 1.5, null]) expect(await codeOf(await transfer.asOwner('PATCH', '', { expiresAtMs: wrong }))).toBe('bad_request');
    expect((await transfer.status()).expiresAtMs).toBe(nowMs + 30 * DAY_MS);
  });

  it('is the owner’s alone to move, and not once the transfer has ended', async () => {
    const { transfer } = await hardened();
    const laterMs = clock.nowMs() + DAY_MS;
    expect(await codeOf(await transfer.asRecipient('PATCH', '', { expiresAtMs: laterMs }))).toBe('unauthorized');
    const other = new TestTransfer();
    Object.assign(other, { path: transfer.path });
    expect(await codeOf(await change(other, laterMs))).toBe('wrong_owner');
    await transfer.asOwner('DELETE', '');
    expect(await codeOf(await change(transfer, laterMs))).toBe('transfer_revoked');
    expect(await codeOf(await change(new TestTransfer(), laterMs))).toBe('transfer_unknown');
  });

  it('is looked up among those that were named: a receipt costs one signature to verify, however often the time was moved', async () => {
    const transfer = new TestTransfer();
    transfer.placement = await (await transfer.create()).json();
    const entry = transfer.seal(0);
    const first = await transfer.receipts([0, 1, 2], [0]);
    const nowMs = clock.nowMs();
    for (let i = 1; i <= MAX_EXPIRY_CHANGES; i++) await change(transfer, nowMs + HOUR_MS + i);
    const verify = vi.spyOn(crypto.subtle, 'verify');
    /** Whatever else is verified meanwhile is of other tests’ transfers. */
    const receiptsVerified = (): number => verify.mock.calls.filter(([, , , signed]) => new TextDecoder().decode(signed as Uint8Array).startsWith('shardsend/1 receipt')).length;
    const seated = transfer.placement.nodes.find(({ shardIndex }) => shardIndex === 0)!.nodeId;
    const stranger = await transfer.receipt(
      0,
      [0],
      nodes.find(({ nodeId }) => nodeId !== seated),
    );
    const foreign = { ...first[0]!, shardExpiresAtMs: nowMs };
    expect(await codeOf(await transfer.commit([entry], [foreign])), 'a time that no order named').toBe('receipt_invalid');
    expect(receiptsVerified()).toBe(0);
    expect(await codeOf(await transfer.commit([entry], [stranger])), 'another node’s').toBe('receipt_invalid');
    expect(receiptsVerified()).toBe(1);
    expect(await (await transfer.commit([entry], first)).json()).toEqual({ committed: 1 });
    expect(receiptsVerified()).toBe(1 + 3);
    verify.mockRestore();
  });

  it('is moved a hundred times and no more; the same again is no change', async () => {
    const { transfer } = await hardened();
    const nowMs = clock.nowMs();
    for (let i = 1; i <= MAX_EXPIRY_CHANGES; i++) expect((await change(transfer, nowMs + HOUR_MS + i)).status).toBe(200);
    expect((await change(transfer, nowMs + HOUR_MS + MAX_EXPIRY_CHANGES)).status).toBe(200);
    expect(await codeOf(await change(transfer, nowMs + 2 * HOUR_MS))).toBe('conflict');
  });

  it('moves while the sender uploads: receipts under orders from before and after count alike', async () => {
    const transfer = new TestTransfer();
    transfer.placement = await (await transfer.create()).json();
    const entry = transfer.seal(0);
    const before = await transfer.receipts([0, 1], [0]);
    const laterMs = clock.nowMs() + DAY_MS;
    await change(transfer, laterMs);
    transfer.placement = { ...(await (await transfer.create()).json<Placement>()) };
    expect(transfer.placement.expiresAtMs).toBe(laterMs);
    const after = await transfer.receipts([2], [0]);
    expect(await (await transfer.commit([entry], [...before, ...after])).json()).toEqual({ committed: 1 });
    transfer.placement = { ...transfer.placement, expiresAtMs: laterMs + 1 };
    expect(await codeOf(await transfer.commit([], await transfer.receipts([3], [0])))).toBe('receipt_invalid');
  });
});

describe('a node that has to confirm', () => {
  it('is asked again, more and more seldom, with a fresh order; its object believes the old time meanwhile', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    const oldMs = (await transfer.status()).expiresAtMs;
    const [away, lying] = nodes as [TestNode, TestNode];
    [away.mood, lying.mood] = ['silent', 'lying'];
    await change(transfer, clock.nowMs() + DAY_MS);
    await repairs.ring();
    expect(await believedUntil(transfer, away)).toBe(oldMs);
    expect(await believedUntil(transfer, nodes[2]!)).toBe(clock.nowMs() + DAY_MS);
    await repairs.wait(2000);
    await repairs.ring();
    expect(lying.expiries.length, 'a statement whose signature fails is none').toBe(2);
    [away.mood, lying.mood] = ['up', 'up'];
    await repairs.wait(4000);
    await repairs.ring();
    expect([away.expiries.length, nodes[2]!.expiries.length]).toEqual([1, 1]);
    expect(new Set(lying.expiries.map(({ serial }) => serial.join())).size).toBe(3);
    expect(await believedUntil(transfer, away)).toBe(oldMs + DAY_MS - HOUR_MS);
    await repairs.wait(HOUR_MS);
    expect(await transfer.status()).toMatchObject({ survives: 2 });
  });

  it('and has not when its old time comes has lost its shards: they are rebuilt, and nothing is held against it', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    const away = nodes[1]!;
    away.mood = 'silent';
    const laterMs = clock.nowMs() + 7 * DAY_MS;
    await change(transfer, laterMs);
    await repairs.ring();
    expect((await transfer.status()).survives).toBe(2);
    await repairs.wait(HOUR_MS);
    await evictDurableObject(transfer.stub);
    away.mood = 'up';
    await repairs.wait(0);
    transfer.placement = { ...transfer.placement, expiresAtMs: laterMs };
    expect((await repairs.mend()).map(({ message }) => message.targets.map(({ nodeId }) => nodeId))).toEqual([[away.nodeId]]);
    expect(await repairs.stored()).toEqual(['0 1 2 3']);
    expect(await believedUntil(transfer, away)).toBe(laterMs);
    expect(away.expiries, 'its orders named the new time').toEqual([]);
  });

  it('and may have heard of an earlier time before is counted on until that alone', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    const [unsure] = nodes as [TestNode];
    await change(transfer, clock.nowMs() + 3 * DAY_MS);
    await repairs.ring();
    unsure.mood = 'lying'; // it was told, and what it answered is lost
    await change(transfer, clock.nowMs() + HOUR_MS);
    await repairs.ring();
    unsure.mood = 'silent';
    await change(transfer, clock.nowMs() + 5 * DAY_MS);
    await repairs.ring();
    expect(await believedUntil(transfer, unsure)).toBe(clock.nowMs() + HOUR_MS);
    await repairs.wait(HOUR_MS);
    await repairs.ring();
    expect((await transfer.status()).survives).toBe(1);
  });

  it('and keeps fewer shards than it signed for has lost them', async () => {
    const repairs = await hardened();
    nodes[0]!.heldShards = 0;
    await change(repairs.transfer, clock.nowMs() + DAY_MS);
    await repairs.ring();
    expect((await repairs.transfer.status()).survives).toBe(1);
  });

  it('is left alone once the transfer has ended, and deletes under an order that outlasts every time that was named', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    const longMs = clock.nowMs() + DAY_MS;
    for (const node of nodes) node.mood = 'silent';
    await change(transfer, longMs);
    await change(transfer, clock.nowMs() + HOUR_MS);
    await transfer.asOwner('DELETE', '');
    for (const node of nodes) node.mood = 'up';
    await repairs.ring();
    for (const node of nodes) {
      expect(node.expiries).toEqual([]);
      expect(node.deletions[0]).toMatchObject({ shardExpiresAtMs: longMs });
    }
    expect(await codeOf(await transfer.asRecipient('POST', '/claim', { claimId: randomId() }))).toBe('transfer_revoked');
  });

  it('confirms the last of several changes, whichever it was asked for first', async () => {
    const repairs = await hardened();
    const { transfer } = repairs;
    const [firstMs, lastMs] = [clock.nowMs() + DAY_MS, clock.nowMs() + 2 * DAY_MS];
    const node = nodes[0]!;
    const answer = node.answer.bind(node);
    let isChanged = false;
    node.answer = async (request) => {
      const response = await answer(request);
      if (request.method === 'PUT' && !isChanged) {
        isChanged = true;
        await change(transfer, lastMs);
      }
      return response;
    };
    await change(transfer, firstMs);
    await repairs.ring();
    expect(node.expiries.map(({ shardExpiresAtMs }) => shardExpiresAtMs)).toEqual([firstMs, lastMs]);
    expect(await believedUntil(transfer, node)).toBe(lastMs);
    expect((await repairs.rows<{ retryAtMs: number | null }>('keepers')).every(({ retryAtMs }) => retryAtMs === null)).toBe(true);
  });
});
