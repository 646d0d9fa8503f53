import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { CLAIM_LEASE_MS } from '../../shared/protocol/limits.ts';
import { claimSchema, leaseSchema, parseMessage, recipientStatusSchema, type LinkStatus, type RecipientStatus } from '../../shared/protocol/messages.ts';
import { advance, codeOf, everyoneReports, randomId, startNetwork, TestLink, TestTransfer } from '../testing/test-network.ts';
import { clock } from '../clock.ts';
import { MAX_CLAIMS, MAX_LIVE_CLAIMS } from './claims.ts';

const MINUTE_MS = 60_000;
const post = (transfer: TestTransfer, action: string, claimId: string): Promise<Response> =>
  transfer.asRecipient('POST', `/${action}`, action === 'commit' || action === 'release' ? { claimId, problems: [] } : { claimId });
const downloads = async (transfer: TestTransfer): Promise<LinkStatus['downloads']> => (await transfer.linkStatus()).downloads;

/** Enters claims without asking for each. */
const fill = (transfer: TestTransfer, state: 'open' | 'released', count: number): Promise<void> =>
  runInDurableObject(transfer.stub, (_, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE names(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM names WHERE i < ?)
       INSERT INTO claims (linkId, claimId, state, startedAtMs, leaseExpiresAtMs) SELECT ?, 'claim ' || i, ?, ?, ? FROM names`,
      count,
      transfer.link.linkId,
      state,
      clock.nowMs(),
      clock.nowMs() + CLAIM_LEASE_MS,
    );
  });

describe('a claim', () => {
  beforeEach(() => startNetwork(3));

  it('takes a place, is renewed while bytes flow, and counts when it is committed', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 2 });
    const claimId = randomId();
    const claim = parseMessage(claimSchema, await (await post(transfer, 'claim', claimId)).json());
    expect(claim).toMatchObject({ claimId, leaseExpiresAtMs: clock.nowMs() + CLAIM_LEASE_MS });
    expect(await downloads(transfer)).toEqual({ limit: 2, committed: 0, claimed: 1 });
    advance(4 * MINUTE_MS);
    expect(parseMessage(leaseSchema, await (await post(transfer, 'renew', claimId)).json()).leaseExpiresAtMs).toBe(clock.nowMs() + CLAIM_LEASE_MS);
    advance(4 * MINUTE_MS);
    expect(await downloads(transfer)).toEqual({ limit: 2, committed: 0, claimed: 1 });
    await evictDurableObject(transfer.stub);
    for (let i = 0; i < 3; i++) expect((await (await post(transfer, 'commit', claimId)).json<RecipientStatus>()).downloads).toEqual({ limit: 2, committed: 1, claimed: 0 });
    expect(await codeOf(await post(transfer, 'claim', claimId)), 'it is over').toBe('claim_lapsed');
    expect((await post(transfer, 'release', claimId)).status, 'nothing to give back').toBe(200);
    expect(await downloads(transfer)).toEqual({ limit: 2, committed: 1, claimed: 0 });
  });
  it('that is repeated, because its answer was lost, is the same claim', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 1 });
    const claimId = randomId();
    for (let i = 0; i < 3; i++) expect((await post(transfer, 'claim', claimId)).status).toBe(200);
    expect(await downloads(transfer)).toEqual({ limit: 1, committed: 0, claimed: 1 });
    expect(await codeOf(await post(transfer, 'claim', randomId()))).toBe('downloads_in_progress');
  });
  it('for the last download goes to exactly one of many at once', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 3 });
    const ids = Array.from({ length: 12 }, randomId);
    const codes = await Promise.all(ids.map(async (id) => codeOf(await post(transfer, 'claim', id))));
    expect(codes.filter((code) => code === null).length).toBe(3);
    expect(new Set(codes)).toEqual(new Set([null, 'downloads_in_progress']));
    const winners = ids.filter((_, i) => codes[i] === null);
    const ends = await Promise.all(winners.map(async (id) => parseMessage(recipientStatusSchema, await (await post(transfer, 'commit', id)).json())));
    expect(ends.map(({ downloads: { committed } }) => committed).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(ends.map(({ state }) => state).toSorted()).toEqual(['ready', 'ready', 'used_up']);
    expect(await codeOf(await post(transfer, 'claim', randomId()))).toBe('transfer_used_up');
    expect((await post(transfer, 'commit', winners[0]!)).status, 'repeated after the end').toBe(200);
  });
  it('for the very last download goes to exactly one of twenty at once', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 2 });
    const { claimId } = await transfer.claim();
    await post(transfer, 'commit', claimId);
    const codes = await Promise.all(Array.from({ length: 20 }, async () => codeOf(await post(transfer, 'claim', randomId()))));
    expect([codes.filter((code) => code === null).length, codes.filter((code) => code === 'downloads_in_progress').length]).toEqual([1, 19]);
  });
  it('whose lease lapsed counts while a place is free, and not when another took it', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 1 });
    const [slow, quick] = [randomId(), randomId()];
    await post(transfer, 'claim', slow);
    advance(CLAIM_LEASE_MS);
    await evictDurableObject(transfer.stub);
    expect((await post(transfer, 'claim', quick)).status).toBe(200);
    for (const action of ['commit', 'renew']) expect(await codeOf(await post(transfer, action, slow)), action).toBe('claim_lapsed');
    expect(await codeOf(await post(transfer, 'claim', slow))).toBe('downloads_in_progress');
    await post(transfer, 'release', quick);
    expect(await (await post(transfer, 'commit', slow)).json()).toMatchObject({ state: 'used_up', downloads: { committed: 1 } });
  });
  it('ends a day after it began, however often it is renewed, so that nobody blocks the others for ever', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 1, expiresInSeconds: 5 * 24 * 3600 });
    const [holder, other] = [randomId(), randomId()];
    const endMs = clock.nowMs() + 24 * 60 * MINUTE_MS;
    await post(transfer, 'claim', holder);
    while (clock.nowMs() + 4 * MINUTE_MS < endMs) {
      advance(4 * MINUTE_MS);
      expect(await codeOf(await post(transfer, 'renew', holder))).toBeNull();
    }
    expect((await (await post(transfer, 'renew', holder)).json<{ leaseExpiresAtMs: number }>()).leaseExpiresAtMs).toBe(endMs);
    expect(await codeOf(await post(transfer, 'claim', other))).toBe('downloads_in_progress');
    advance(endMs - clock.nowMs());
    for (const action of ['renew', 'claim']) expect(await codeOf(await post(transfer, action, holder)), action).toBe('claim_lapsed');
    expect(await codeOf(await transfer.asRecipient('POST', '/fetch-orders', { claimId: holder, shardIndexes: [0] }))).toBe('claim_lapsed');
    expect(await codeOf(await post(transfer, 'claim', other))).toBeNull();
    expect(await codeOf(await post(transfer, 'commit', holder)), 'another has the place').toBe('claim_lapsed');
    await post(transfer, 'release', other);
    expect(await (await post(transfer, 'commit', holder)).json()).toMatchObject({ state: 'used_up' });
  });
  it('is forgotten a day after its lease, and the count is not', async () => {
    const transfer = await new TestTransfer().send({ expiresInSeconds: 5 * 24 * 3600 });
    const claimId = randomId();
    await post(transfer, 'claim', claimId);
    await post(transfer, 'commit', claimId);
    advance(25 * 60 * MINUTE_MS);
    await everyoneReports();
    expect(await runDurableObjectAlarm(transfer.stub)).toBe(true);
    expect(await runInDurableObject(transfer.stub, (_, state) => state.storage.sql.exec('SELECT 1 FROM claims').toArray().length)).toBe(0);
    expect(await codeOf(await post(transfer, 'commit', claimId))).toBe('claim_unknown');
    expect((await downloads(transfer)).committed).toBe(1);
  });
  it('is refused while 1000 are live, and those that are may go on', async () => {
    const transfer = await new TestTransfer().send();
    const [mine, lapsed] = [randomId(), randomId()];
    await post(transfer, 'claim', lapsed);
    advance(CLAIM_LEASE_MS);
    await post(transfer, 'claim', mine);
    await fill(transfer, 'open', MAX_LIVE_CLAIMS - 1);
    for (const [action, claimId] of [
      ['claim', randomId()],
      ['claim', lapsed],
      ['renew', lapsed],
    ] as const)
      expect(await codeOf(await post(transfer, action, claimId)), action).toBe('too_many_requests');
    for (const action of ['claim', 'renew', 'commit']) expect(await codeOf(await post(transfer, action, mine)), action).toBeNull();
    expect(await codeOf(await post(transfer, 'commit', lapsed)), 'takes no place that lasts').toBeNull();
    expect(await codeOf(await post(transfer, 'claim', randomId()))).toBeNull();
  });
  it('is refused while 10,000 are remembered, until some are forgotten', async () => {
    const transfer = await new TestTransfer().send({ expiresInSeconds: 5 * 24 * 3600 });
    const known = randomId();
    await post(transfer, 'claim', known);
    await fill(transfer, 'released', MAX_CLAIMS - 1);
    expect(await codeOf(await post(transfer, 'claim', randomId()))).toBe('too_many_requests');
    expect(await codeOf(await post(transfer, 'claim', known))).toBeNull();
    advance(25 * 60 * MINUTE_MS);
    await everyoneReports();
    await runDurableObjectAlarm(transfer.stub);
    expect(await codeOf(await post(transfer, 'claim', randomId()))).toBeNull();
  });
  it('of one link is taken, however many claims another link that is passed around has', async () => {
    for (const [state, count] of [
      ['open', MAX_LIVE_CLAIMS],
      ['released', MAX_CLAIMS],
    ] as const) {
      const transfer = await new TestTransfer().send();
      const other = new TestLink();
      await transfer.addLink(other, 1);
      await fill(transfer, state, count);
      expect(await codeOf(await post(transfer, 'claim', randomId())), state).toBe('too_many_requests');
      const codes = await Promise.all(Array.from({ length: 20 }, async () => codeOf(await transfer.asRecipient('POST', '/claim', { claimId: randomId() }, other))));
      expect([codes.filter((code) => code === null).length, codes.filter((code) => code === 'downloads_in_progress').length], state).toEqual([1, 19]);
    }
  });
});
