import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { generateEntryKey } from '../../crypto/index.ts';
import { sendRecords } from '../testing/send-records.ts';
import type { SendRecord } from './send-record.ts';
import { VaultSendStore } from './send-store.ts';
import { isStillUploading, unfinishedOf } from './uploads.ts';
import { VaultJournal } from './vault-journal.ts';
import { MemoryBoxes, Vault } from './vault.ts';

describe('an upload that this machine takes for unfinished', () => {
  const record: SendRecord = { ...fc.sample(sendRecords, { seed: 3, numRuns: 1 })[0]!, upload: { state: 'sending' } };
  const { transferId } = record;
  let vault: Vault;
  beforeEach(async () => {
    vault = new Vault(new MemoryBoxes(await generateEntryKey()));
    await new VaultSendStore(vault).put(record);
    const placement = { requiredShards: 2, totalShards: 3, safeShards: 3, survives: { nodes: 1, operators: 1 }, relaxed: [] };
    await new VaultJournal(vault, transferId).begin({ files: [{ path: 'a', bytes: 1, type: '', modifiedMs: null }], placement });
  });

  test('is so while its transfer uploads', async () => {
    expect(await isStillUploading(vault, { transferId, state: 'uploading' })).toBe(true);
    expect(await unfinishedOf(vault)).toEqual([record]);
  });
  test('and whose transfer is ready is offered no more, neither to go on nor to be given up; its record stays', async () => {
    expect(await isStillUploading(vault, { transferId, state: 'ready' })).toBe(false);
    expect(await unfinishedOf(vault)).toEqual([]);
    expect(await new VaultJournal(vault, transferId).load()).toBeNull();
    expect(await new VaultSendStore(vault).get(transferId)).toEqual({ ...record, upload: null });
  });
});
