import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { generateEntryKey } from '../../crypto/index.ts';
import { asShardId, encodeB64 } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { sendRecords } from '../testing/send-records.ts';
import type { SendRecord } from './send-record.ts';
import { VaultSendStore } from './send-store.ts';
import { isStillUploading, markUpload, settleFailed, settleFinished, sweepJournals, unfinishedOf } from './uploads.ts';
import { VaultJournal, journalled } from './vault-journal.ts';
import { MemoryBoxes, Vault } from './vault.ts';

const DAY_MS = 24 * 3600_000;
const BEGUN_AT_MS = 1_790_000_000_000;
const idOf = (n: number): string => encodeB64(new Uint8Array(16).fill(n));
const [some] = fc.sample(sendRecords, { numRuns: 1, seed: 1 });

let vault: Vault;
let store: VaultSendStore;
beforeEach(async () => {
  vault = new Vault(new MemoryBoxes(await generateEntryKey()));
  store = new VaultSendStore(vault);
});

async function begin(transferId: string): Promise<VaultJournal> {
  const journal = new VaultJournal(vault, transferId);
  const placement = { requiredShards: 2, totalShards: 6, safeShards: 3, survives: { nodes: 4, operators: 4 }, relaxed: [] };
  await journal.begin({ begunAtMs: BEGUN_AT_MS, files: [{ path: 'a', bytes: 1, type: '', modifiedMs: null }], placement });
  await journal.segment({ index: 0, salt: new Uint8Array(32), roots: Array.from({ length: 6 }, () => asShardId(new Uint8Array(32))) });
  return journal;
}
const record = (transferId: string, upload: SendRecord['upload']): SendRecord => ({ ...some!, transferId, upload });

describe('journals that nobody resumes', () => {
  it('are removed when their record was never kept, or says that the upload is over', async () => {
    const [orphan, finished, going] = [idOf(1), idOf(2), idOf(3)];
    for (const id of [orphan, finished, going]) await begin(id);
    await store.put(record(finished, null));
    await store.put(record(going, { state: 'sending' }));
    await sweepJournals(vault, BEGUN_AT_MS + DAY_MS);
    expect([...(await journalled(vault))]).toEqual([going]);
    expect(await new VaultJournal(vault, going).load()).toMatchObject({ segments: [{ index: 0 }] });
  });

  it('stay while another program may be about to keep the record', async () => {
    await begin(idOf(1));
    await sweepJournals(vault, BEGUN_AT_MS + 1000);
    expect([...(await journalled(vault))]).toEqual([idOf(1)]);
  });

  it('stay while the record is one that this program cannot read', async () => {
    await begin(idOf(1));
    await vault.write(`sends/${idOf(1)}`, new Uint8Array(3));
    await sweepJournals(vault, BEGUN_AT_MS + DAY_MS);
    expect([...(await journalled(vault))]).toEqual([idOf(1)]);
  });

  it('go also when only their rest is left', async () => {
    await begin(idOf(1));
    await vault.remove(`uploads/${idOf(1)}/plan`);
    await sweepJournals(vault, BEGUN_AT_MS);
    expect([...(await journalled(vault))]).toEqual([]);
  });
});

describe('the record of an upload', () => {
  it('says that it is paused, that it goes on, and nothing of that once it is over', async () => {
    await store.put(record(idOf(1), { state: 'sending' }));
    await markUpload(vault, idOf(1), 'paused');
    expect((await store.get(idOf(1)))!.upload).toEqual({ state: 'paused' });
    await markUpload(vault, idOf(1), 'sending');
    expect((await store.get(idOf(1)))!.upload).toEqual({ state: 'sending' });
    await store.put(record(idOf(1), null));
    await markUpload(vault, idOf(1), 'paused');
    expect((await store.get(idOf(1)))!.upload).toBeNull();
  });

  it('says that it is paused after a failure that it can go on from', async () => {
    await begin(idOf(1));
    await store.put(record(idOf(1), { state: 'sending' }));
    expect(await settleFailed(vault, idOf(1), new SendError('offline'))).toBe(true);
    expect(await unfinishedOf(vault)).toMatchObject([{ transferId: idOf(1), upload: { state: 'paused' } }]);
  });

  it('without a journal is nothing to continue', async () => {
    await store.put(record(idOf(1), { state: 'paused' }));
    expect(await unfinishedOf(vault)).toEqual([]);
  });
});

describe('on a machine that cannot write any more', () => {
  const transferId = idOf(5);
  const known = record(transferId, { state: 'sending' });
  let boxes: MemoryBoxes;
  beforeEach(async () => {
    boxes = new MemoryBoxes(await generateEntryKey());
    vault = new Vault(boxes);
    store = new VaultSendStore(vault);
    await store.put(known);
  });
  const refuseWrites = (): void => {
    const refuse = async (): Promise<never> => {
      throw new Error('the disk is full');
    };
    Object.assign(boxes, { write: refuse, remove: refuse });
  };

  it('a send that finished is no failure, and its record stays', async () => {
    refuseWrites();
    await settleFinished(vault, transferId);
    expect(await store.get(transferId)).toEqual(known);
  });

  it('one that failed says whether it can be resumed: with its journal, and not without, nor once its transfer ended', async () => {
    const journal = await begin(transferId);
    await new VaultSendStore(vault).put(known);
    refuseWrites();
    expect(await settleFailed(vault, transferId, new SendError('offline'))).toBe(true);
    expect(await settleFailed(vault, transferId, new SendError('transfer_expired'))).toBe(false);
    expect(await journal.load()).not.toBeNull();
    expect(await settleFailed(vault, idOf(6), new SendError('offline'))).toBe(false);
  });
});

describe('an upload that this machine takes for unfinished', () => {
  const transferId = idOf(4);
  beforeEach(async () => {
    await begin(transferId);
    await store.put(record(transferId, { state: 'sending' }));
  });

  it('is so while its transfer uploads', async () => {
    expect(await isStillUploading(vault, { transferId, state: 'uploading' })).toBe(true);
    expect(await unfinishedOf(vault)).toMatchObject([{ transferId }]);
  });

  it('and whose transfer is ready is offered no more, neither to go on nor to be given up; its record stays', async () => {
    expect(await isStillUploading(vault, { transferId, state: 'ready' })).toBe(false);
    expect(await unfinishedOf(vault)).toEqual([]);
    expect(await new VaultJournal(vault, transferId).load()).toBeNull();
    const kept = await store.get(transferId);
    expect(kept).toEqual({ ...record(transferId, null), lastSeen: kept!.lastSeen });
    expect(kept!.lastSeen?.state, 'what was seen of it while it was sent holds no longer').not.toBe('uploading');
  });
});
