/** One person's machines, and the coordinator that keeps their vault without being able to read it. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { AccountApi, Identity, syncVault } from '../../shared/client/account/index.ts';
import type { ClientDeps } from '../../shared/client/index.ts';
import { MemoryBoxes, Vault, VaultSendStore, generateEntryKey, withLabel, type SendRecord } from '../../shared/client/sends/index.ts';
import { asEntropy, wordsOf, type Entropy } from '../../shared/crypto/index.ts';
import { encodeB64 } from '../../shared/protocol/index.ts';
import { Network } from '../support/network.ts';

const PORT = 18_440;
const random = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));

let base: string;
let network: Network;
let entropy: Entropy;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'shardsend-vault-'));
  network = await Network.start({ port: PORT, nodes: 3, data: path.join(base, 'network') });
});
afterAll(async () => {
  await network?.stop();
  await rm(base, { recursive: true, force: true, maxRetries: 5 });
});
beforeEach(() => {
  entropy = asEntropy(random(32));
});

class Machine {
  readonly vault: Vault;
  readonly boxes: MemoryBoxes;
  readonly sends: VaultSendStore;
  readonly api: AccountApi;
  readonly identity: Identity;
  /** How often it asked the coordinator. */
  requests = 0;
  /** What comes between it and the coordinator; nothing unless set. */
  change: (response: Response, url: string) => Promise<Response> = async (response) => response;

  private constructor(identity: Identity, boxes: MemoryBoxes) {
    const deps: ClientDeps = {
      ...nodeDeps(),
      fetch: async (url, init) => {
        this.requests++;
        return this.change(await fetch(url, init), url);
      },
    };
    this.identity = identity;
    this.boxes = boxes;
    this.vault = new Vault(boxes);
    this.sends = new VaultSendStore(this.vault);
    this.api = new AccountApi(network.origin, identity, deps);
  }
  static async make(words = entropy): Promise<Machine> {
    return new Machine(await Identity.from(words), new MemoryBoxes(await generateEntryKey()));
  }
  sync() {
    return syncVault({ vault: this.vault, identity: this.identity, api: this.api });
  }
  async list(): Promise<SendRecord[]> {
    return (await this.sends.list()).toSorted((a, b) => (a.transferId < b.transferId ? -1 : 1));
  }
  async label(transferId: string, label: string): Promise<void> {
    await this.sends.update(transferId, (record) => withLabel(record, record.links[0]!.linkId, label));
  }
}

function newRecord(title = 'a name that nobody is to read.pdf'): SendRecord {
  const linkId = encodeB64(random(16));
  return {
    version: 1,
    transferId: encodeB64(random(16)),
    coordinator: network.origin,
    ownerToken: encodeB64(random(32)),
    contentSecret: encodeB64(random(32)),
    title,
    fileCount: 1,
    bytes: 1000,
    createdAtMs: Date.now(),
    expiresAtMs: Date.now() + 3600_000,
    links: [{ linkId, link: `${network.origin}/d/${encodeB64(random(16))}#${encodeB64(random(37))}`, label: '', password: false }],
    upload: null,
    notify: false,
    toldDownloads: 0,
    lastSeen: null,
  };
}

test('what one machine sent appears on the other, and on one that has nothing but the words', async () => {
  const [desk, laptop] = [await Machine.make(), await Machine.make()];
  const record = newRecord();
  await desk.sends.put(record);
  expect(await desk.sync()).toEqual({ received: 0, sent: 1 });
  expect(await laptop.sync()).toEqual({ received: 1, sent: 0 });
  expect(await laptop.list()).toEqual([record]);
  expect(await laptop.sync()).toEqual({ received: 0, sent: 0 });
  const other = newRecord('another');
  await laptop.sends.put(other);
  await laptop.sync();
  const found = await Machine.make();
  await found.sync();
  expect(await found.list()).toEqual([record, other].toSorted((a, b) => (a.transferId < b.transferId ? -1 : 1)));
  const stranger = await Machine.make(asEntropy(random(32)));
  expect(await stranger.sync()).toEqual({ received: 0, sent: 0 });
});

test('what both changed while they were apart is merged, and nothing of it is lost', async () => {
  const [desk, laptop] = [await Machine.make(), await Machine.make()];
  const [one, two, gone, kept] = [newRecord('one'), newRecord('two'), newRecord('gone'), newRecord('kept')];
  for (const record of [one, two, gone, kept]) await desk.sends.put(record);
  await desk.sync();
  await laptop.sync();

  await desk.label(one.transferId, 'for Ana');
  await laptop.label(one.transferId, 'for Ben');
  await desk.label(two.transferId, 'office');
  await laptop.sends.update(two.transferId, (record) => ({ ...record, notify: true }));
  await laptop.sends.remove(gone.transferId);
  await desk.sends.remove(kept.transferId);
  await laptop.label(kept.transferId, 'still wanted');
  await desk.sync();
  await laptop.sync();
  await desk.sync();

  const [onDesk, onLaptop] = [await desk.list(), await laptop.list()];
  expect(onDesk).toEqual(onLaptop);
  const of = ({ transferId }: SendRecord): SendRecord | undefined => onDesk.find((record) => record.transferId === transferId);
  expect(of(one)?.links[0]?.label).toBe('for Ana / for Ben');
  expect(of(two)).toMatchObject({ notify: true, links: [{ label: 'office' }] });
  expect(of(gone)).toBeUndefined();
  expect(of(kept)?.links[0]?.label).toBe('still wanted');
  expect(await desk.sync()).toEqual({ received: 0, sent: 0 });
  expect(await laptop.sync()).toEqual({ received: 0, sent: 0 });
});

test('machines that write at the same moment all get through', async () => {
  const machines = await Promise.all(Array.from({ length: 6 }, () => Machine.make()));
  const records = machines.map((_, i) => newRecord(`of machine ${i}`));
  await Promise.all(machines.map((machine, i) => machine.sends.put(records[i]!)));
  await Promise.all(machines.map((machine) => machine.sync()));
  await Promise.all(machines.map((machine) => machine.sync()));
  for (const machine of machines) expect((await machine.list()).map(({ title }) => title).toSorted()).toEqual(records.map(({ title }) => title));
});

test('a machine that ended in the middle of anything goes on where it was', async () => {
  const [desk, laptop] = [await Machine.make(), await Machine.make()];
  for (let i = 0; i < 3; i++) await desk.sends.put(newRecord(`record ${i}`));
  await desk.sync();
  await desk.label((await desk.list())[0]!.transferId, 'first');
  for (let failing = 1; ; failing++) {
    // Every answer is lost once, in turn: the write it answers may have been made.
    const before = laptop.requests;
    laptop.change = async (response) => {
      if (laptop.requests - before === failing) throw new DOMException('the machine ended', 'AbortError');
      return response;
    };
    const api = new AccountApi(network.origin, laptop.identity, { ...nodeDeps(), fetch: async (url, init) => (laptop.requests++, laptop.change(await fetch(url, init), url)) });
    const outcome = await syncVault({ vault: laptop.vault, identity: laptop.identity, api }, { patienceMs: 0 }).catch((thrown: unknown) => thrown);
    laptop.change = async (response) => response;
    if (!(outcome instanceof Error)) break;
    await laptop.sends.put(newRecord(`of laptop ${failing}`));
  }
  await desk.sync();
  await laptop.sync();
  await desk.sync();
  expect(await desk.list()).toEqual(await laptop.list());
  expect((await desk.list()).length).toBeGreaterThan(4);
});

test('a thousand records go up and come down in few requests', async () => {
  const [desk, laptop] = [await Machine.make(), await Machine.make()];
  for (let i = 0; i < 1000; i++) await desk.sends.put(newRecord(`record ${i}`));
  expect(await desk.sync()).toEqual({ received: 0, sent: 1000 });
  expect(desk.requests).toBeLessThan(12);
  expect(await laptop.sync()).toEqual({ received: 1000, sent: 0 });
  expect(laptop.requests).toBeLessThan(12);
  expect(await laptop.list()).toEqual(await desk.list());
});

describe('a coordinator that is not honest', () => {
  const withPage = (change: (page: Record<string, unknown>) => Record<string, unknown>) => async (response: Response, url: string) =>
    url.includes('/vault') && response.ok ? Response.json(change((await response.json()) as Record<string, unknown>)) : response;

  test('finds neither links, names, words nor keys in what it keeps', async () => {
    const desk = await Machine.make();
    const record = newRecord();
    await desk.sends.put(record);
    await desk.label(record.transferId, 'a label that nobody is to read');
    await desk.sync();
    const [{ link }] = record.links as [SendRecord['links'][number]];
    const key = link.slice(link.indexOf('#') + 1);
    const secrets = [
      record.title,
      'a label that',
      key,
      record.ownerToken,
      record.contentSecret,
      record.transferId,
      ...wordsOf(entropy).filter((word) => word.length > 7),
      encodeB64(entropy),
    ];
    const files = (await readdir(path.join(network.data, 'coordinator'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(0);
    let account = false;
    for (const file of files) {
      const bytes = await readFile(path.join(file.parentPath, file.name));
      account ||= bytes.includes(Buffer.from(desk.identity.hide(`sends/${record.transferId}`)));
      for (const secret of secrets) expect(bytes.includes(secret), `${secret} in ${file.name}`).toBe(false);
    }
    expect(account, 'the vault was among what was searched').toBe(true);
  });

  test('that shows an older vault, another one of the same age, or none, is found out, and nothing here changes', async () => {
    const [desk, laptop] = [await Machine.make(), await Machine.make()];
    await desk.sends.put(newRecord('first'));
    await desk.sync();
    const old = await desk.api.readVault({ since: 0, after: null });
    await laptop.sync();
    await desk.sends.put(newRecord('second'));
    await desk.sync();
    await laptop.sync();
    const before = await laptop.list();
    const newest = await desk.api.readVault({ since: 0, after: null });
    const lies: Record<string, (page: Record<string, unknown>) => Record<string, unknown>> = {
      'an older one': () => old,
      none: () => ({ revision: 0, head: null, entries: [], more: false }),
      'an older one under the new number': () => ({ ...old, revision: newest.revision }),
    };
    for (const [name, lie] of Object.entries(lies)) {
      laptop.change = withPage(lie);
      await expect(laptop.sync(), name).rejects.toMatchObject({ code: 'vault_replayed' });
      expect(await laptop.list(), name).toEqual(before);
    }
    laptop.change = async (response) => response;
    expect(await laptop.sync()).toEqual({ received: 0, sent: 0 });
  });

  test('that leaves entries out, changes them, or mixes old and new is found out, and nothing here changes', async () => {
    const desk = await Machine.make();
    for (const title of ['first', 'second']) await desk.sends.put(newRecord(title));
    await desk.sync();
    const old = (await desk.api.readVault({ since: 0, after: null })).entries;
    for (const { transferId } of await desk.list()) await desk.label(transferId, 'new');
    await desk.sync();
    const lies: Record<string, (page: Record<string, unknown>) => Record<string, unknown>> = {
      'one left out': (page) => ({ ...page, entries: (page['entries'] as unknown[]).slice(1) }),
      'an old one among new ones': (page) => {
        const [first, second] = page['entries'] as { name: string }[];
        return { ...page, entries: [old.find(({ name }) => name === first!.name), second] };
      },
      'two exchanged': (page) => {
        const [first, second] = page['entries'] as { name: string; box: string }[];
        return {
          ...page,
          entries: [
            { ...first, box: second!.box },
            { ...second, box: first!.box },
          ],
        };
      },
      'a head that nobody sealed': (page) => ({ ...page, head: encodeB64(Uint8Array.of(1, ...random(68))) }),
      'a head of nothing': (page) => ({ ...page, head: null }),
      'another number': (page) => ({ ...page, revision: (page['revision'] as number) + 1 }),
    };
    for (const [name, lie] of Object.entries(lies)) {
      const laptop = await Machine.make();
      laptop.change = withPage(lie);
      await expect(laptop.sync(), name).rejects.toMatchObject({ code: 'vault_damaged' });
      expect(await laptop.list(), name).toEqual([]);
    }
  });
});
