import { runDurableObjectAlarm } from 'cloudflare:test';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { MIB } from '../../shared/protocol/limits.ts';
import { claimSchema, parseMessage, recipientStatusSchema, segmentTableSchema, type SegmentTable, type Status } from '../../shared/protocol/messages.ts';
import { NodeObject } from '../objects/node.ts';
import { advance, codeOf, everyoneReports, randomId, startNetwork, TestTransfer } from '../testing/test-network.ts';

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;

/** Three segments of two shards, three nodes; nothing stored. */
async function uploading(expiresInSeconds = 3600): Promise<TestTransfer> {
  const transfer = new TestTransfer();
  transfer.placement = await (await transfer.create({ contentBytes: 5 * MIB, expiresInSeconds })).json();
  return transfer;
}
async function opened(expiresInSeconds?: number): Promise<TestTransfer> {
  const transfer = await uploading(expiresInSeconds);
  await transfer.asOwner('PUT', '/manifest', transfer.manifest);
  return transfer;
}
const table = async (transfer: TestTransfer, role: 'asOwner' | 'asRecipient', from = 0): Promise<SegmentTable> =>
  parseMessage(segmentTableSchema, await (await transfer[role]('GET', `/segments?from=${from}`)).json());
const sender = async (transfer: TestTransfer): Promise<Status['sender']> => parseMessage(recipientStatusSchema, await (await transfer.asRecipient('GET', '')).json()).sender;
/** Of one run of the sender's program. */
const session = randomId();
let words = 0;
const say = (transfer: TestTransfer, state: 'active' | 'paused', word: { session?: string; number?: number } = {}) =>
  transfer.asOwner('POST', '/presence', { state, session, number: ++words, ...word });

beforeEach(() => startNetwork(3));

describe('a recipient of a transfer that is being uploaded', () => {
  it('is given the committed segments alone, up to the first gap', async () => {
    const transfer = await opened();
    expect(await table(transfer, 'asRecipient')).toEqual({ segments: [], next: null });
    const entries = [0, 1, 2].map((index) => transfer.seal(index));
    await transfer.commit([entries[0]!, entries[2]!], await transfer.receipts([0, 1, 2], [0, 2]));
    await transfer.commit([entries[1]!], await transfer.receipts([0], [1]));
    expect(await table(transfer, 'asRecipient')).toMatchObject({ segments: [{ index: 0, stored: [0, 1, 2] }], next: null });
    expect(await table(transfer, 'asRecipient', 1)).toEqual({ segments: [], next: null });
    await transfer.commit([], await transfer.receipts([1, 2], [1]));
    expect((await table(transfer, 'asRecipient', 1)).segments.map(({ index }) => index)).toEqual([1, 2]);
  });
  it('is given full pages of what is committed', async () => {
    const transfer = new TestTransfer();
    transfer.placement = await (await transfer.create({ contentBytes: 530 * MIB })).json();
    await transfer.asOwner('PUT', '/manifest', transfer.manifest);
    for (let from = 0; from < 260; from += 13) {
      const indexes = Array.from({ length: 13 }, (_, i) => from + i);
      await transfer.commit(
        indexes.map((index) => transfer.seal(index)),
        await transfer.receipts([0, 1, 2], indexes),
      );
    }
    const [first, second] = [await table(transfer, 'asRecipient'), await table(transfer, 'asRecipient', 256)];
    expect([first.segments.length, first.next, second.segments.length, second.next]).toEqual([256, 256, 4, null]);
  });
  it('claims, renews, fetches and gives back, but counts no download before the transfer is ready', async () => {
    const transfer = await opened();
    const claimId = randomId();
    const claim = parseMessage(claimSchema, await (await transfer.asRecipient('POST', '/claim', { claimId })).json());
    expect(
      claim.nodes.map(({ shardIndex }) => shardIndex),
      'every node may have something soon',
    ).toEqual([0, 1, 2]);
    expect((await transfer.asRecipient('POST', '/renew', { claimId })).status).toBe(200);
    expect((await transfer.asRecipient('POST', '/fetch-orders', { claimId, shardIndexes: [1] })).status).toBe(200);
    expect(await codeOf(await transfer.asRecipient('POST', '/commit', { claimId, problems: [] }))).toBe('transfer_uploading');
    expect((await transfer.status()).links).toMatchObject([{ downloads: { committed: 0, claimed: 1 } }]);
    const entries = [0, 1, 2].map((index) => transfer.seal(index));
    await transfer.commit(entries, await transfer.receipts([0, 1, 2], [0, 1, 2]));
    await transfer.asOwner('POST', '/complete', { problems: [] });
    expect(await (await transfer.asRecipient('POST', '/commit', { claimId, problems: [] })).json()).toMatchObject({ state: 'ready', downloads: { committed: 1, claimed: 0 } });
  });
  it('accuses no node of what may have been on its way', async () => {
    const noted = vi.spyOn(NodeObject.prototype, 'noteRefusal');
    const transfer = await opened();
    const { claimId } = await transfer.claim();
    const released = await transfer.asRecipient('POST', '/release', { claimId, problems: [{ shardIndex: 1, code: 'shard_absent' }] });
    expect(await released.json()).toMatchObject({ state: 'uploading', downloads: { claimed: 0 } });
    await transfer.status();
    expect(noted).not.toHaveBeenCalled();
  });
  it('reads the manifest that was put last', async () => {
    const transfer = await opened();
    const bytes = async () => new Uint8Array(await (await transfer.asRecipient('GET', '/manifest')).arrayBuffer());
    expect(await bytes()).toEqual(transfer.manifest);
    const final = transfer.manifest.with(9, transfer.manifest[9]! ^ 1);
    await transfer.asOwner('PUT', '/manifest', final);
    expect(await bytes()).toEqual(final);
  });
  it('is told when it was withdrawn meanwhile', async () => {
    const transfer = await opened();
    const { claimId } = await transfer.claim();
    await transfer.asOwner('DELETE', '');
    expect(await codeOf(await transfer.asRecipient('GET', '/segments?from=0'))).toBe('transfer_revoked');
    expect(await codeOf(await transfer.asRecipient('POST', '/renew', { claimId }))).toBe('transfer_revoked');
  });
});

describe('the sender of an unfinished transfer', () => {
  it('learns what is known of every segment that it entered', async () => {
    const transfer = await uploading();
    expect(await table(transfer, 'asOwner')).toEqual({ segments: [], next: null });
    const entries = [0, 2].map((index) => transfer.seal(index));
    await transfer.commit(entries, await transfer.receipts([0, 2], [2]));
    expect((await table(transfer, 'asOwner')).segments).toEqual([
      { ...entries[0], stored: [] },
      { ...entries[1], stored: [0, 2] },
    ]);
  });
  it('is silent after a minute without a sign, and active with the next one, whatever it is', async () => {
    const transfer = await opened();
    expect(await sender(transfer)).toBe('active');
    advance(59 * SECOND_MS);
    expect(await sender(transfer)).toBe('active');
    advance(SECOND_MS);
    expect(await sender(transfer)).toBe('silent');
    await say(transfer, 'active');
    expect(await sender(transfer)).toBe('active');
    advance(60 * SECOND_MS);
    await transfer.commit([transfer.seal(0)], []);
    expect(await sender(transfer)).toBe('active');
  });
  it('is paused until it says that it goes on, whatever else of it comes late, and no one once the transfer is ready', async () => {
    const transfer = await opened();
    expect((await say(transfer, 'paused')).status).toBe(204);
    advance(HOUR_MS / 2);
    expect(await sender(transfer)).toBe('paused');
    const entries = [0, 1, 2].map((index) => transfer.seal(index));
    await transfer.commit(entries, await transfer.receipts([0, 1, 2], [0, 1, 2]));
    await transfer.asOwner('POST', '/store-orders', { shardIndexes: [0] });
    await transfer.asOwner('PUT', '/manifest', transfer.manifest);
    expect(await sender(transfer)).toBe('paused');
    await say(transfer, 'active');
    expect(await sender(transfer)).toBe('active');
    await transfer.asOwner('POST', '/complete', { problems: [] });
    expect(await sender(transfer)).toBeNull();
    expect((await say(transfer, 'paused')).status, 'a late word').toBe(204);
    expect(await sender(transfer)).toBeNull();
  });
  it('is believed in the order in which it spoke, not in which it was heard', async () => {
    const transfer = await opened();
    await say(transfer, 'active', { number: 1 });
    await say(transfer, 'paused', { number: 3 });
    expect((await say(transfer, 'active', { number: 2 })).status).toBe(204);
    expect(await sender(transfer)).toBe('paused');
    expect((await say(transfer, 'active', { number: 3 })).status, 'no number stands for two words').toBe(204);
    expect(await sender(transfer)).toBe('paused');
    await say(transfer, 'active', { number: 4 });
    await say(transfer, 'paused', { number: 3 });
    expect(await sender(transfer)).toBe('active');
  });
  it('that began anew counts its words from one, and nothing that is left of its last run is heard', async () => {
    const transfer = await opened();
    await say(transfer, 'paused', { number: 7 });
    const next = randomId();
    await say(transfer, 'active', { session: next, number: 1 });
    expect(await sender(transfer)).toBe('active');
    await say(transfer, 'paused', { session: next, number: 2 });
    await say(transfer, 'active', { number: 8 });
    expect(await sender(transfer)).toBe('paused');
  });
  it('says nothing but these two words, each with its number', async () => {
    const transfer = await opened();
    const word = { state: 'active', session, number: 1 };
    for (const state of ['silent', 'gone', null]) expect(await codeOf(await transfer.asOwner('POST', '/presence', { ...word, state }))).toBe('bad_request');
    for (const number of [0, -1, 1.5, 2 ** 32, null]) expect(await codeOf(await transfer.asOwner('POST', '/presence', { ...word, number }))).toBe('bad_request');
    expect(await codeOf(await transfer.asOwner('POST', '/presence', { ...word, session: 'mine' }))).toBe('bad_request');
    expect(await codeOf(await transfer.asRecipient('POST', '/presence', word))).toBe('unauthorized');
  });
  it('has seven days when it paused, not one', async () => {
    const transfer = await opened(30 * 24 * 3600);
    await say(transfer, 'paused');
    advance(7 * 24 * HOUR_MS - SECOND_MS);
    expect(await sender(transfer)).toBe('paused');
    advance(SECOND_MS);
    await everyoneReports();
    expect(await runDurableObjectAlarm(transfer.stub)).toBe(true);
    expect(await codeOf(await transfer.asRecipient('GET', ''))).toBe('transfer_expired');
  });
});
