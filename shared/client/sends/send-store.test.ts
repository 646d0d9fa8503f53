import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateEntryKey, openEntry, sealEntry } from '../../crypto/index.ts';
import { KEY_BYTES, utf8 } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { secretsOf, sendRecords } from '../testing/send-records.ts';
import { decodeSendRecord, encodeSendRecord, type SendRecord } from './send-record.ts';
import { VaultSendStore } from './send-store.ts';
import { VaultJournal } from './vault-journal.ts';
import { MemoryBoxes, Vault } from './vault.ts';

const aStore = async () => {
  const boxes = new MemoryBoxes(await generateEntryKey());
  return { boxes, store: new VaultSendStore(new Vault(boxes)) };
};
const aRecord = (seed = 1): SendRecord => fc.sample(sendRecords, { seed, numRuns: 1 })[0]!;

describe('a record', () => {
  test('comes back as it was put', async () => {
    await fc.assert(
      fc.asyncProperty(sendRecords, async (record) => {
        const { store } = await aStore();
        await store.put(record);
        expect(await store.get(record.transferId)).toEqual(record);
        expect(await store.list()).toEqual([record]);
      }),
    );
  });

  test('lies sealed: no link, secret, token, label or name stands in what is stored', async () => {
    await fc.assert(
      fc.asyncProperty(sendRecords, async (record) => {
        const { boxes, store } = await aStore();
        await store.put(record);
        const stored = Buffer.concat([...boxes.boxes].flatMap(([name, box]) => [Buffer.from(name), box]));
        for (const secret of secretsOf(record)) {
          expect(stored.indexOf(secret)).toBe(-1);
          expect(stored.indexOf(JSON.stringify(secret).slice(1, -1))).toBe(-1);
        }
      }),
    );
  });

  test('reads no bytes of another form: cut short, garbage, another version', () => {
    const refuses = (bytes: Uint8Array): void => {
      expect(() => decodeSendRecord(bytes)).toThrow(SendError);
    };
    const text = encodeSendRecord(aRecord());
    fc.assert(fc.property(fc.nat(text.length - 1), (length) => refuses(text.subarray(0, length))));
    fc.assert(fc.property(fc.uint8Array(), refuses));
    fc.assert(fc.property(fc.jsonValue(), (value) => refuses(utf8(JSON.stringify(value)))));
    refuses(utf8(JSON.stringify({ ...aRecord(), version: 2 })));
  });
});

describe('the list', () => {
  test('has the youngest first, and goes on past records that cannot be read', async () => {
    const { boxes, store } = await aStore();
    const records = [1, 2, 3].map((seed) => ({ ...aRecord(seed), createdAtMs: seed }));
    for (const record of records) await store.put(record);
    boxes.boxes.get(`sends/${records[1]!.transferId}`)![20]! ^= 1;
    const unreadable: string[] = [];
    expect(await store.list((id) => unreadable.push(id))).toEqual([records[2], records[0]]);
    expect(unreadable).toEqual([records[1]!.transferId]);
    await expect(store.get(records[1]!.transferId)).rejects.toMatchObject({ code: 'record_unreadable' });
    await store.remove(records[1]!.transferId);
    expect(await store.list((id) => unreadable.push(id))).toHaveLength(2);
    expect(unreadable).toHaveLength(1);
  });

  test('takes no record that was put under another transfer’s name', async () => {
    const { boxes, store } = await aStore();
    const [mine, other] = [aRecord(1), aRecord(2)];
    await store.put(mine);
    await store.put(other);
    boxes.boxes.set(`sends/${mine.transferId}`, boxes.boxes.get(`sends/${other.transferId}`)!);
    await expect(store.get(mine.transferId)).rejects.toMatchObject({ code: 'record_unreadable' });
  });

  test('says so where the machine keeps nothing', async () => {
    const boxes = new MemoryBoxes(await generateEntryKey());
    boxes.write = () => Promise.reject(new Error('no room'));
    await expect(new VaultSendStore(new Vault(boxes)).put(aRecord())).rejects.toMatchObject({ code: 'record_unsaved' });
  });
});

describe('a record that is removed', () => {
  test('takes with it what was kept to go on with its upload, and nothing of another transfer', async () => {
    const boxes = new MemoryBoxes(await generateEntryKey());
    const vault = new Vault(boxes);
    const store = new VaultSendStore(vault);
    const [mine, other] = [aRecord(1), aRecord(2)];
    for (const record of [mine, other]) {
      await store.put(record);
      const journal = new VaultJournal(vault, record.transferId);
      await journal.begin({ begunAtMs: 0, files: [], placement: { requiredShards: 2, totalShards: 3, safeShards: 3, survives: { nodes: 1, operators: 1 }, relaxed: [] } });
      await journal.segment({ index: 0, salt: new Uint8Array(KEY_BYTES), roots: [] });
    }
    await store.remove(mine.transferId);
    expect([...boxes.boxes.keys()].filter((name) => name.includes(mine.transferId))).toEqual([]);
    expect([...boxes.boxes.keys()].filter((name) => name.includes(other.transferId))).toHaveLength(3);
  });
});

describe('a change', () => {
  test('builds on what others changed in the same moment', async () => {
    const { store } = await aStore();
    const record = { ...aRecord(), toldDownloads: 0 };
    await store.put(record);
    const tabs = Array.from({ length: 12 }, () => store.update(record.transferId, (now) => ({ ...now, toldDownloads: now.toldDownloads + 1 })));
    await Promise.all(tabs);
    expect(await store.get(record.transferId)).toEqual({ ...record, toldDownloads: 12 });
  });

  test('of a record that is gone brings it not back', async () => {
    const { boxes, store } = await aStore();
    expect(await store.update(aRecord().transferId, (record) => record)).toBeNull();
    expect(boxes.boxes.size).toBe(0);
  });
});

describe('a sealed entry', () => {
  test('opens under its own name and key alone, whole and unchanged', async () => {
    const key = await generateEntryKey();
    const name = fc.stringMatching(/^[\w-]{1,40}$/);
    await fc.assert(
      fc.asyncProperty(name, name, fc.uint8Array(), fc.nat(), async (own, foreign, text, at) => {
        const box = await sealEntry(key, own, text);
        expect(await openEntry(key, own, box)).toEqual(text);
        if (foreign !== own) await expect(openEntry(key, foreign, box)).rejects.toThrow('open');
        await expect(openEntry(key, own, box.slice(0, at % box.length))).rejects.toThrow(/open|short/);
        const changed = Uint8Array.from(box);
        changed[at % box.length]! ^= 1 << (at % 8);
        await expect(openEntry(key, own, changed)).rejects.toThrow(/open|version/);
        await expect(openEntry(await generateEntryKey(), own, box)).rejects.toThrow('open');
      }),
    );
  });

  test('is another box each time, and its key is nobody’s to read', async () => {
    const key = await generateEntryKey();
    const text = new Uint8Array(8);
    expect(await sealEntry(key, 'a', text)).not.toEqual(await sealEntry(key, 'a', text));
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
  });
});
