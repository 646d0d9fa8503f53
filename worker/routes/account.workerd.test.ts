import { beforeEach, describe, expect, it } from 'vitest';
import type { VaultChange } from '../../shared/protocol/account.ts';
import { utf8 } from '../../shared/protocol/bytes.ts';
import { MAX_VAULT_BOX_BYTES, MAX_VAULT_BYTES, REQUEST_SKEW_MS } from '../../shared/protocol/limits.ts';
import { TestAccount, box, hiddenName } from '../testing/test-account.ts';
import { advance, call, codeOf, logged, startNetwork } from '../testing/test-network.ts';
import { clock } from '../clock.ts';

const PATH = '/api/account/vault';
let account: TestAccount;
let other: TestAccount;
beforeEach(async () => {
  await startNetwork(0);
  [account, other] = await Promise.all([TestAccount.make(), TestAccount.make()]);
});
const entries = (...indexes: number[]): VaultChange[] => indexes.map((index) => ({ name: hiddenName(index), box: box() }));

describe('a vault', () => {
  it('is empty for who never wrote, and every account’s own', async () => {
    expect(await account.read()).toEqual({ revision: 0, head: null, entries: [], more: false });
    const [written] = entries(1);
    const head = box(69);
    expect(await (await account.write(0, [written!], head)).json()).toEqual({ revision: 1 });
    expect(await account.read()).toEqual({ revision: 1, head, entries: [{ ...written, revision: 1 }], more: false });
    expect(await other.read()).toEqual({ revision: 0, head: null, entries: [], more: false });
  });

  it('takes a write on its own revision alone, and changes nothing for any other', async () => {
    await account.write(0, entries(1));
    const before = await account.read();
    for (const base of [0, 2, 7]) expect(await codeOf(await account.write(base, entries(2))), String(base)).toBe('vault_moved');
    expect(await account.read()).toEqual(before);
    expect(await (await account.write(1, entries(2))).json()).toEqual({ revision: 2 });
  });

  it('of two writes on one revision takes one', async () => {
    const codes = await Promise.all(Array.from({ length: 20 }, async (_, i) => codeOf(await account.write(0, entries(i)))));
    expect(codes.filter((code) => code === null)).toHaveLength(1);
    expect(codes.filter((code) => code === 'vault_moved')).toHaveLength(19);
    expect((await account.read()).entries).toHaveLength(1);
  });

  it('tells what is new since a revision, and what was removed', async () => {
    await account.write(0, entries(1, 2, 3));
    const [changed] = entries(2);
    await account.write(1, [changed!, { name: hiddenName(3), box: null }]);
    expect((await account.read(1)).entries).toEqual([
      { ...changed, revision: 2 },
      { name: hiddenName(3), box: null, revision: 2 },
    ]);
    expect((await account.read(2)).entries).toEqual([]);
    expect((await account.read(9)).revision).toBe(2);
  });

  it('is told page by page, also where one revision fills several and boxes are large', async () => {
    const indexes = Array.from({ length: 600 }, (_, i) => i);
    for (const [round, from] of [0, 200, 400].entries()) await account.write(round, entries(...indexes.slice(from, from + 200)));
    const large = [700, 701, 702, 703].map((index) => ({ name: hiddenName(index), box: box(200_000) }));
    for (const [i, entry] of large.entries()) await account.write(3 + i, [entry]);
    expect((await account.read()).more).toBe(true);
    const all = await account.readAll();
    expect(all.map(({ name }) => name)).toEqual([...indexes, 700, 701, 702, 703].map(hiddenName));
    expect(all.slice(-4).map((entry) => entry.box)).toEqual(large.map((entry) => entry.box));
    expect((await account.readAll(2)).map(({ name }) => name)).toEqual([...indexes.slice(400), 700, 701, 702, 703].map(hiddenName));
  });

  it('that would grow beyond its bound is refused as it is, and takes smaller changes', async () => {
    const full = Math.floor(MAX_VAULT_BYTES / MAX_VAULT_BOX_BYTES);
    const big = box(MAX_VAULT_BOX_BYTES);
    for (let i = 0; i < full; i += 2)
      await account.write(
        i / 2,
        [i, i + 1].map((index) => ({ name: hiddenName(index), box: big })),
      );
    const { revision } = await account.read(full);
    expect(revision).toBe(full / 2);
    expect(await codeOf(await account.write(revision, entries(full)))).toBe('vault_full');
    expect((await account.read(full)).revision).toBe(revision);
    expect(await (await account.write(revision, [{ name: hiddenName(0), box: null }, ...entries(full)])).json()).toEqual({ revision: revision + 1 });
  });

  it('leaves nothing once its account is erased, and begins anew', async () => {
    await account.write(0, entries(1));
    await other.write(0, entries(2));
    for (let i = 0; i < 2; i++) expect((await account.call('DELETE', '/api/account')).status).toBe(204);
    expect(await account.read()).toEqual({ revision: 0, head: null, entries: [], more: false });
    expect((await other.read()).entries).toHaveLength(1);
    expect(await (await account.write(0, entries(1))).json()).toEqual({ revision: 1 });
  });
});

describe('a request of an account', () => {
  it('counts with the account’s own signature over it alone, for a while', async () => {
    const nowMs = clock.nowMs();
    const path = `${PATH}?since=0`;
    for (const [name, token] of Object.entries({
      nobody: '',
      'another path': await account.sign('GET', `${PATH}?since=1`),
      'another method': await account.sign('POST', path),
      'another body': await account.sign('GET', path, '{}'),
      'as a node': await account.sign('GET', path, '', nowMs, 'node'),
      'a node’s signature under the account’s name': (await account.sign('GET', path, '', nowMs, 'node')).replace('Shardsend-Node', 'Shardsend-Account'),
      'too old': await account.sign('GET', path, '', nowMs - REQUEST_SKEW_MS - 1),
      'too new': await account.sign('GET', path, '', nowMs + REQUEST_SKEW_MS + 1),
    }))
      expect(await codeOf(await call('GET', path, { token })), name).toBe('unauthorized');
    const token = await account.sign('GET', path);
    expect((await call('GET', path, { token })).status).toBe(200);
    advance(REQUEST_SKEW_MS + 1);
    expect(await codeOf(await call('GET', path, { token })), 'said again, later').toBe('unauthorized');
  });

  it('that is repeated writes nothing twice', async () => {
    const body = JSON.stringify({ base: 0, entries: entries(1), head: box(69) });
    const token = await account.sign('POST', PATH, body);
    expect((await call('POST', PATH, { token, body: utf8(body) })).status).toBe(200);
    expect(await codeOf(await call('POST', PATH, { token, body: utf8(body) }))).toBe('vault_moved');
  });

  it('of another form is refused, and logged without what it held', async () => {
    const good = entries(1)[0]!;
    const head = box(69);
    for (const body of [
      {},
      { base: -1, entries: [good], head },
      { base: 0.5, entries: [good], head },
      { base: 0, entries: [], head },
      { base: 0, entries: [good, good], head },
      { base: 0, entries: [{ ...good, name: 'x' }], head },
      { base: 0, entries: [{ ...good, box: 'AA' }], head },
      { base: 0, entries: [{ ...good, box: '?'.repeat(60) }], head },
      { base: 0, entries: [good], head: null },
      { base: 0, entries: Array.from({ length: 257 }, (_, i) => ({ name: hiddenName(i), box: null })), head },
    ])
      expect(await codeOf(await account.call('POST', PATH, body)), JSON.stringify(body).slice(0, 80)).toBe('bad_request');
    for (const query of ['', '?since=', '?since=-1', '?since=1.5', '?since=0&after=x', '?since=9999999999999999'])
      expect(await codeOf(await account.call('GET', `${PATH}${query}`)), query).toBe('bad_request');
    expect((await account.read()).revision).toBe(0);
    expect(logged.join('\n')).not.toContain(good.name);
  });
});
