import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { encodeB64 } from '../protocol/bytes.ts';
import { parseLink } from '../protocol/link.ts';
import { MAX_LINKS } from '../protocol/limits.ts';
import { problemOf, statusOf as httpStatusOf, type ErrorCode } from '../protocol/errors.ts';
import type { LinkStatus } from '../protocol/messages.ts';
import { webDeps, type ClientDeps } from './deps.ts';
import { addKeptLink, changeKeptLimit, revokeKeptLink } from './kept-links.ts';
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
const add = (deps: ClientDeps) => addKeptLink(store, record, { label: 'for Ada', downloadLimit: 1 }, deps, ONCE);
const links = async () => (await store.get(transferId))!.links;

test('a link is in the record before the coordinator hears of it, which never hears its label', async () => {
  const { linkId, link } = await add(answering((id) => statusOf(id)));
  expect(asked.map(({ kept }) => kept.at(-1))).toEqual([{ linkId, link, label: 'for Ada', password: false }]);
  expect(asked[0]!.url).toContain(`/links/${linkId}`);
  expect(asked[0]!.body).not.toContain('Ada');
  expect(asked[0]!.body).not.toContain(encodeB64(parseLink(link).secret));
  expect((await store.get(transferId))!.lastSeen).toMatchObject({ links: [{ linkId: first.linkId }, { linkId, state: 'open' }], downloads: { limit: 4, committed: 2 } });
});

test('a link that was refused leaves the record; one without an answer stays', async () => {
  await expect(add(answering(() => 'transfer_revoked'))).rejects.toMatchObject({ code: 'transfer_revoked' });
  expect(await links()).toEqual([first]);
  await expect(add(answering(() => 'offline'))).rejects.toMatchObject({ code: 'offline' });
  expect((await links()).map(({ label }) => label)).toEqual(['', 'for Ada']);
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
