import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { hashToken } from '../crypto/index.ts';
import { concatBytes, encodeB64, utf8 } from '../protocol/bytes.ts';
import { parseLink } from '../protocol/link.ts';
import { MAX_LINKS } from '../protocol/limits.ts';
import { problemOf } from '../protocol/error-sentences.ts';
import { statusOf as httpStatusOf, type ErrorCode } from '../protocol/errors.ts';
import type { LinkStatus } from '../protocol/messages.ts';
import { webDeps, type ClientDeps } from './deps.ts';
import { addKeptLink, changeKeptLimit, repeatKeptLink, revokeKeptLink, type KeptLinkChoices } from './kept-links.ts';
import type { PasswordKey } from './link-keys.ts';
import { MemoryBoxes, Vault, VaultSendStore, generateEntryKey, type SendRecord } from './sends/index.ts';
import { sendRecords } from './testing/send-records.ts';

const ONCE = { patienceMs: 0 };
const sample = fc.sample(sendRecords, { seed: 5, numRuns: 1 })[0]!;
const first = { ...fc.sample(sendRecords, { seed: 1, numRuns: 50 }).flatMap(({ links }) => links)[0]!, label: '' };
const statusOf = (linkId: string, values: Partial<LinkStatus> = {}): LinkStatus => ({
  linkId,
  state: 'open',
  downloads: { limit: 1, committed: 0, claimed: 0 },
  password: false,
  wrongTries: 0,
  ...values,
});
const record: SendRecord = {
  ...sample,
  links: [first],
  lastSeen: {
    atMs: 1,
    state: 'ready',
    downloads: { limit: 3, committed: 2 },
    links: [{ linkId: first.linkId, state: 'open', downloads: { limit: 3, committed: 2 } }],
    survives: 1,
    totalShards: 3,
  },
};
const { transferId } = record;

let store: VaultSendStore;
/** What the record held whenever the coordinator was asked, and what was asked. */
let asked: { readonly url: string; readonly body: string; readonly kept: SendRecord['links'] }[];
beforeEach(async () => {
  store = new VaultSendStore(new Vault(new MemoryBoxes(await generateEntryKey())));
  await store.put(record);
  asked = [];
});

function answering(answer: (linkId: string) => LinkStatus | ErrorCode): ClientDeps {
  return {
    ...webDeps(),
    async fetch(url, init) {
      asked.push({ url, body: typeof init?.body === 'string' ? init.body : '', kept: (await store.get(transferId))?.links ?? [] });
      const said = answer(url.slice(url.lastIndexOf('/') + 1));
      if (typeof said !== 'string') return Response.json(said);
      if (said === 'offline') throw new TypeError('no network');
      return Response.json(problemOf(said), { status: httpStatusOf(said) });
    },
  };
}
const add = (deps: ClientDeps, wishes: Partial<KeptLinkChoices> = {}) => addKeptLink(store, record, { label: 'for Ada', downloadLimit: 1, ...wishes }, deps, ONCE);
/** What stands for the work that a password makes. */
const keyOf = (password: string) => async (salt: Uint8Array) => hashToken(concatBytes(utf8(password), salt)) as PasswordKey;
const links = async () => (await store.get(transferId))!.links;

test('a link is in the record before the coordinator hears of it, which never hears its label', async () => {
  const { linkId, link } = await add(answering((id) => statusOf(id)));
  expect(asked.map(({ kept }) => kept.at(-1))).toMatchObject([{ linkId, link, label: 'for Ada', password: false }]);
  expect(asked[0]!.url).toContain(`/links/${linkId}`);
  expect(asked[0]!.body).not.toContain('Ada');
  expect(asked[0]!.body).not.toContain(encodeB64(parseLink(link).secret));
  expect((await store.get(transferId))!.lastSeen).toMatchObject({ links: [{ linkId: first.linkId }, { linkId, state: 'open' }], downloads: { limit: 4, committed: 2 } });
});

test('two that are asked for at the same time are two links, whatever they have in common', async () => {
  const deps = answering((id) => statusOf(id));
  const made = await Promise.all([add(deps), add(deps)]);
  expect(new Set(made.map(({ link }) => link)).size).toBe(2);
  const [one, ...others] = await Promise.all([add(deps), add(answering(() => 'offline')).catch(() => null), add(deps)]);
  expect(new Set([one.link, others[1].link, ...made.map(({ link }) => link)]).size).toBe(4);
});

test('a link that was refused leaves the record; one without an answer stays', async () => {
  await expect(add(answering(() => 'transfer_revoked'))).rejects.toMatchObject({ code: 'transfer_revoked' });
  expect(await links()).toEqual([first]);
  await expect(add(answering(() => 'offline'))).rejects.toMatchObject({ code: 'offline' });
  expect((await links()).map(({ label }) => label)).toEqual(['', 'for Ada']);
});

test.each([
  { of: 'a link that opens at once', wishes: {} },
  { of: 'a link with a password', wishes: { passwordKey: keyOf('swordfish') } },
])('$of that got no answer is the same link when it is asked for again, and is said to be confirmed then', async ({ wishes }) => {
  await expect(
    add(
      answering(() => 'offline'),
      wishes,
    ),
  ).rejects.toMatchObject({ code: 'offline' });
  const [, lost] = await links();
  const { linkId, link } = await add(
    answering((id) => statusOf(id)),
    wishes,
  );
  expect([linkId, link]).toEqual([lost!.linkId, lost!.link]);
  const said = asked.map(({ url, body }) => [url, JSON.parse(body) as unknown]);
  expect(said).toEqual([said[0], said[0]]);
  expect(await links()).toEqual([first, { linkId, link, label: 'for Ada', password: lost!.password }]);
  expect(
    (
      await add(
        answering((id) => statusOf(id)),
        wishes,
      )
    ).linkId,
    'another one',
  ).not.toBe(linkId);
});

test('what is asked for otherwise is another link: with another password, limit or label', async () => {
  const passwordKey = keyOf('swordfish');
  await expect(
    add(
      answering(() => 'offline'),
      { passwordKey },
    ),
  ).rejects.toMatchObject({ code: 'offline' });
  const ids = new Set([(await links())[1]!.linkId]);
  for (const wishes of [{ passwordKey: keyOf('herring') }, { passwordKey, downloadLimit: 2 }, { passwordKey, label: '' }, {}])
    ids.add(
      (
        await add(
          answering((id) => statusOf(id)),
          wishes,
        )
      ).linkId,
    );
  expect(ids.size).toBe(5);
  expect((await links()).length).toBe(6);
});

test('a link without an answer is sent again as it was made, without its password', async () => {
  await expect(
    add(
      answering(() => 'offline'),
      { passwordKey: keyOf('swordfish') },
    ),
  ).rejects.toMatchObject({ code: 'offline' });
  const { linkId } = (await links())[1]!;
  const repeat = (answer: (id: string) => LinkStatus | ErrorCode) => repeatKeptLink(store, record, linkId, answering(answer), ONCE);
  await expect(repeat(() => 'offline')).rejects.toMatchObject({ code: 'offline' });
  await expect(
    repeat(() => 'conflict'),
    'it is there, otherwise than it was made',
  ).rejects.toMatchObject({ code: 'conflict' });
  expect((await links()).length).toBe(2);
  expect(await repeat((id) => statusOf(id, { password: true }))).toMatchObject({ linkId, state: 'open' });
  const said = asked.map(({ url, body }) => [url, JSON.parse(body) as unknown]);
  expect(said).toEqual([said[0], said[0], said[0], said[0]]);
  await expect(
    repeat((id) => statusOf(id)),
    'it was answered',
  ).rejects.toMatchObject({ code: 'not_found' });
});

test('nothing is asked where the record cannot take the link', async () => {
  const deps = answering((id) => statusOf(id));
  await store.put({ ...record, links: Array.from({ length: MAX_LINKS }, () => first) });
  await expect(add(deps)).rejects.toMatchObject({ code: 'too_many_links' });
  await store.remove(transferId);
  await expect(add(deps)).rejects.toMatchObject({ code: 'record_unsaved' });
  expect(asked).toEqual([]);
});

test('a changed limit and a revoked link stand in the record at once', async () => {
  const downloads = { limit: 9, committed: 2, claimed: 0 };
  const limited = answering((id) => statusOf(id, { downloads }));
  await changeKeptLimit(store, record, first.linkId, 9, limited, ONCE);
  expect((await store.get(transferId))!.lastSeen!.downloads).toEqual({ limit: 9, committed: 2 });
  const revoked = answering((id) => statusOf(id, { state: 'revoked', downloads }));
  await revokeKeptLink(store, record, first.linkId, revoked, ONCE);
  expect((await store.get(transferId))!.lastSeen).toMatchObject({ links: [{ state: 'revoked' }], downloads: { limit: 2, committed: 2 } });
  expect(await links()).toEqual([first]);
});

test('a link that the coordinator never got leaves the record when it is revoked', async () => {
  const revoke = (answer: ErrorCode) =>
    revokeKeptLink(
      store,
      record,
      first.linkId,
      answering(() => answer),
      ONCE,
    );
  await expect(revoke('wrong_owner')).rejects.toMatchObject({ code: 'wrong_owner' });
  expect(await links()).toEqual([first]);
  expect(await revoke('not_found')).toBeNull();
  expect(await links()).toEqual([]);
});
