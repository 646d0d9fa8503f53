import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeB64, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { MAX_LINKS } from '../../shared/protocol/limits.ts';
import { linkStatusSchema, ownerStatusSchema, parseMessage, recipientStatusSchema, type LinkStatus, type RecipientStatus } from '../../shared/protocol/messages.ts';
import { advance, call, codeOf, random, randomId, startNetwork, TestLink, TestTransfer } from '../testing/test-network.ts';

beforeEach(() => startNetwork(3));

const put = (transfer: TestTransfer, link: TestLink, downloadLimit: number | null = null): Promise<Response> => {
  const { linkId, ...terms } = link.message(downloadLimit);
  return transfer.asOwner('PUT', `/links/${linkId}`, terms);
};
const change = (transfer: TestTransfer, { linkId }: TestLink, downloadLimit: number | null): Promise<Response> => transfer.asOwner('PATCH', `/links/${linkId}`, { downloadLimit });
const revoke = (transfer: TestTransfer, { linkId }: TestLink): Promise<Response> => transfer.asOwner('DELETE', `/links/${linkId}`);
const claim = async (transfer: TestTransfer, link: TestLink, claimId = randomId()): Promise<string> => {
  expect(await codeOf(await transfer.asRecipient('POST', '/claim', { claimId }, link))).toBeNull();
  return claimId;
};
const commit = (transfer: TestTransfer, link: TestLink, claimId: string): Promise<Response> => transfer.asRecipient('POST', '/commit', { claimId, problems: [] }, link);
const opening = async (transfer: TestTransfer, link: TestLink): Promise<string | null> => codeOf(await transfer.asRecipient('GET', '', undefined, link));

describe('several links of a transfer', () => {
  it('are added while it uploads and when it is ready, each opening its own envelope, and none tells of another', async () => {
    const transfer = new TestTransfer();
    transfer.placement = await (await transfer.create({ downloadLimit: 3 })).json();
    const [early, late] = [new TestLink(), new TestLink({ password: true })];
    const added = parseMessage(linkStatusSchema, await (await put(transfer, early, 2)).json());
    expect(added).toEqual({ linkId: early.linkId, state: 'open', downloads: { limit: 2, committed: 0, claimed: 0 }, password: false, wrongTries: 0 });
    const sent = await new TestTransfer().send();
    await put(sent, late);
    for (const [of, link] of [
      [transfer, transfer.link],
      [transfer, early],
      [sent, late],
    ] as const) {
      const text = await (await of.asRecipient('GET', '', undefined, link)).text();
      expect(parseMessage(recipientStatusSchema, JSON.parse(text)).envelope).toBe(encodeB64(link.envelope));
      expect(text).not.toContain('links');
    }
    expect(parseMessage(ownerStatusSchema, await transfer.status()).links.map(({ linkId, downloads }) => [linkId, downloads.limit])).toEqual([
      [transfer.link.linkId, 3],
      [early.linkId, 2],
    ]);
    expect(await codeOf(await call('PUT', `${sent.path}/links/${randomId()}`, { token: sent.link.header(), body: late.message() })), 'by a recipient').toBe('unauthorized');
  });
  it('are the same again when repeated, and a contradiction with other values', async () => {
    const transfer = await new TestTransfer().send();
    const link = new TestLink();
    for (let i = 0; i < 2; i++) expect((await put(transfer, link, 5)).status).toBe(200);
    expect((await transfer.status()).links).toHaveLength(2);
    const { linkId, ...terms } = link.message(5);
    for (const other of [{ downloadLimit: 6 }, { password: true }, { envelope: encodeB64(random(49)) }, { accessHash: encodeB64(random(32)) }])
      expect(await codeOf(await transfer.asOwner('PUT', `/links/${linkId}`, { ...terms, ...other }))).toBe('conflict');
  });
  it('are a hundred at most, those that were revoked among them', async () => {
    const transfer = await new TestTransfer().send();
    for (let i = 1; i < MAX_LINKS; i++) expect((await put(transfer, new TestLink())).status).toBe(200);
    await revoke(transfer, transfer.link);
    expect(await codeOf(await put(transfer, new TestLink()))).toBe('too_many_links');
    expect(parseMessage(ownerStatusSchema, await transfer.status()).links).toHaveLength(MAX_LINKS);
  });
  it('are revoked one by one: its claims end, those of others go on, and nothing of it opens any more', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 2 });
    const other = new TestLink();
    await put(transfer, other, 1);
    const [mine, theirs] = [await claim(transfer, transfer.link), await claim(transfer, other)];
    const revoked = parseMessage(linkStatusSchema, await (await revoke(transfer, transfer.link)).json());
    expect(revoked).toMatchObject({ state: 'revoked', downloads: { limit: 2, committed: 0, claimed: 0 } });
    await evictDurableObject(transfer.stub);
    for (const [method, action, body] of [
      ['GET', ''],
      ['GET', '/manifest'],
      ['GET', '/segments?from=0'],
      ['POST', '/renew', { claimId: mine }],
      ['POST', '/fetch-orders', { claimId: mine, shardIndexes: [0] }],
      ['POST', '/commit', { claimId: mine, problems: [] }],
      ['POST', '/claim', { claimId: randomId() }],
    ] as const)
      expect(await codeOf(await transfer.asRecipient(method, action, body)), action).toBe('transfer_revoked');
    expect((await (await transfer.asRecipient('POST', '/release', { claimId: mine, problems: [] })).json<RecipientStatus>()).envelope).toBeNull();
    expect(await codeOf(await transfer.asRecipient('POST', '/renew', { claimId: theirs }, other))).toBeNull();
    expect(await (await commit(transfer, other, theirs)).json()).toMatchObject({ state: 'used_up', downloads: { committed: 1 } });
    expect(await codeOf(await transfer.asOwner('GET', '')), 'no link is open, and one did its work').toBe('transfer_used_up');
  });
  it('count each for itself; the transfer is used up when none is open and one was used up', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 1 });
    const other = new TestLink();
    await put(transfer, other, 2);
    expect((await commit(transfer, transfer.link, await claim(transfer, transfer.link))).status).toBe(200);
    expect(await opening(transfer, transfer.link)).toBe('transfer_used_up');
    expect((await transfer.status()).state).toBe('ready');
    await commit(transfer, other, await claim(transfer, other));
    expect(await opening(transfer, other)).toBeNull();
    await revoke(transfer, other);
    expect(await codeOf(await transfer.asOwner('GET', ''))).toBe('transfer_used_up');
    expect([await opening(transfer, transfer.link), await opening(transfer, other)], 'each says what became of itself').toEqual(['transfer_used_up', 'transfer_revoked']);
  });
  it('that are used up hand out no envelope any more, to whoever commits the last download again neither', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 1 });
    await put(transfer, new TestLink());
    const claimId = await claim(transfer, transfer.link);
    for (let i = 0; i < 2; i++) expect(await (await commit(transfer, transfer.link, claimId)).json()).toMatchObject({ state: 'used_up', envelope: null });
    expect((await (await change(transfer, transfer.link, 2)).json<LinkStatus>()).state).toBe('open');
    expect(await (await transfer.asRecipient('GET', '')).json(), 'until there is room again').toMatchObject({ envelope: encodeB64(transfer.link.envelope) });
  });
  it('that were all revoked leave a transfer that waits for a new one', async () => {
    const transfer = await new TestTransfer().send();
    await revoke(transfer, transfer.link);
    expect((await transfer.status()).state).toBe('ready');
    const fresh = new TestLink();
    await put(transfer, fresh, 1);
    expect(await opening(transfer, fresh)).toBeNull();
  });
  it('lose their envelopes when the transfer ends', async () => {
    const transfer = await new TestTransfer().send();
    await put(transfer, new TestLink());
    await transfer.asOwner('DELETE', '');
    const kept = await runInDurableObject(transfer.stub, (_, { storage }) => storage.sql.exec('SELECT 1 FROM links WHERE envelope IS NOT NULL').toArray());
    expect(kept).toEqual([]);
    expect(await opening(transfer, transfer.link)).toBe('transfer_revoked');
  });
});

describe('the limit of a link', () => {
  it('is raised and lowered, not below what is committed, and decides at once', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 3 });
    await put(transfer, new TestLink());
    const { link } = transfer;
    for (let i = 0; i < 2; i++) await commit(transfer, link, await claim(transfer, link));
    const [first, second] = [await claim(transfer, link), randomId()];
    expect(await codeOf(await transfer.asRecipient('POST', '/claim', { claimId: second }))).toBe('downloads_in_progress');
    expect(await codeOf(await change(transfer, link, 1))).toBe('conflict');
    expect((await (await change(transfer, link, 4)).json<LinkStatus>()).downloads).toEqual({ limit: 4, committed: 2, claimed: 1 });
    await claim(transfer, link, second);
    // Two are under way, and then one place is left.
    await change(transfer, link, 3);
    await commit(transfer, link, first);
    expect(await codeOf(await commit(transfer, link, second)), 'never exceeded').toBe('transfer_used_up');
    expect((await (await change(transfer, link, null)).json<LinkStatus>()).state, 'open again').toBe('open');
    expect(await codeOf(await commit(transfer, link, second))).toBeNull();
  });
  it('that is lowered to what is committed uses the link up, and with the last one the transfer', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 5 });
    await commit(transfer, transfer.link, await claim(transfer, transfer.link));
    expect((await (await change(transfer, transfer.link, 1)).json<LinkStatus>()).state).toBe('used_up');
    expect(await codeOf(await change(transfer, transfer.link, 2))).toBe('transfer_used_up');
  });
  it('of a link that was revoked, or never was, cannot be changed', async () => {
    const transfer = await new TestTransfer().send();
    await revoke(transfer, transfer.link);
    expect(await codeOf(await change(transfer, transfer.link, 2))).toBe('conflict');
    expect(await codeOf(await change(transfer, new TestLink(), 2))).toBe('not_found');
  });
});

describe('wrong passwords', () => {
  const guess = (transfer: TestTransfer, link = transfer.link): Promise<Response> => call('GET', transfer.path, { token: link.header(random(KEY_BYTES)) });
  const locked = (): Promise<TestTransfer> => new TestTransfer(new TestLink({ password: true })).send();

  it('are counted, also many at once, and from the fifth on make the link deaf for longer each time', async () => {
    const transfer = await locked();
    const codes = await Promise.all(Array.from({ length: 20 }, async () => codeOf(await guess(transfer))));
    expect([codes.filter((code) => code === 'wrong_password').length, codes.filter((code) => code === 'password_wait').length]).toEqual([5, 15]);
    expect((await transfer.linkStatus()).wrongTries, 'what was not heard is not counted').toBe(5);
    for (const seconds of [30, 60, 120, 240, 480, 900, 900]) {
      await evictDurableObject(transfer.stub);
      const deaf = await guess(transfer);
      expect(deaf.headers.get('Retry-After')).toBe(String(seconds));
      expect(deaf.headers.get('Access-Control-Expose-Headers')).toBe('Retry-After');
      expect(await codeOf(deaf)).toBe('password_wait');
      expect(await opening(transfer, transfer.link), 'the right one tells nothing either').toBe('password_wait');
      advance(1000 * seconds - 1);
      expect(await opening(transfer, transfer.link)).toBe('password_wait');
      advance(1);
      expect(await opening(transfer, transfer.link), 'and resets nothing').toBeNull();
      expect(await codeOf(await guess(transfer))).toBe('wrong_password');
    }
  });
  it('say nothing until the fifth, which says how long to wait', async () => {
    const transfer = await locked();
    const waits: (string | null)[] = [];
    for (let i = 0; i < 5; i++) waits.push((await guess(transfer)).headers.get('Retry-After'));
    expect(waits).toEqual([null, null, null, null, '30']);
  });
  it('disturb neither a download that has begun nor another link', async () => {
    const transfer = await locked();
    const other = new TestLink({ password: true });
    await put(transfer, other);
    const claimId = await claim(transfer, transfer.link);
    for (let i = 0; i < 5; i++) await guess(transfer);
    expect(await opening(transfer, other)).toBeNull();
    expect(await codeOf(await transfer.asRecipient('GET', '/segments?from=0'))).toBe('password_wait');
    expect(await codeOf(await transfer.asRecipient('GET', `/segments?from=0&claim=${claimId}`))).toBeNull();
    expect(await codeOf(await transfer.asRecipient('GET', `/segments?from=0&claim=${randomId()}`)), 'a claim that nobody has').toBe('password_wait');
    for (const action of ['', '/manifest']) {
      expect(await codeOf(await transfer.asRecipient('GET', action))).toBe('password_wait');
      expect(await codeOf(await transfer.asRecipient('GET', `${action}?claim=${claimId}`)), 'who follows an upload has a claim').toBeNull();
    }
    for (const action of ['renew', 'claim']) expect(await codeOf(await transfer.asRecipient('POST', `/${action}`, { claimId })), action).toBeNull();
    expect(await codeOf(await commit(transfer, transfer.link, claimId))).toBeNull();
  });
  it('are none where a link has no password, or nobody knows the link', async () => {
    const transfer = await new TestTransfer().send();
    for (let i = 0; i < 6; i++) expect(await codeOf(await guess(transfer))).toBe('wrong_link');
    for (let i = 0; i < 6; i++) expect(await codeOf(await guess(transfer, new TestLink()))).toBe('wrong_link');
    expect((await transfer.linkStatus()).wrongTries).toBe(0);
    expect(await opening(transfer, transfer.link)).toBeNull();
  });
});
