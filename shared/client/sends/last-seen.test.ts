import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateEntryKey } from '../../crypto/index.ts';
import { asShardId, encodeB64 } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import type { OwnerStatus } from '../../protocol/messages.ts';
import { sendRecords } from '../testing/send-records.ts';
import { withStatus } from './last-seen.ts';
import { lookAfter } from './look-after.ts';
import { VaultSendStore } from './send-store.ts';
import { VaultJournal, journalled } from './vault-journal.ts';
import { MemoryBoxes, Vault } from './vault.ts';

const transferId = encodeB64(new Uint8Array(16).fill(1));
const [some] = fc.sample(sendRecords, { numRuns: 1, seed: 1 });
const record = { ...some!, transferId, upload: { state: 'sending' as const } };
const status = (state: OwnerStatus['state'], sender: OwnerStatus['sender']): OwnerStatus => ({
  transferId,
  state,
  sender,
  requiredShards: 2,
  totalShards: 6,
  contentBytes: 1,
  createdAtMs: 1,
  expiresAtMs: 2,
  segments: { total: 1, committed: 1 },
  survives: 4,
  links: [],
});

describe('what the coordinator says of an upload', () => {
  it('is noted while it lasts, as long as there is one to resume', () => {
    expect(withStatus(record, status('uploading', 'active'), 1).upload).toEqual({ state: 'sending' });
    expect(withStatus(record, status('uploading', 'silent'), 1).upload).toEqual({ state: 'paused' });
    expect(withStatus(record, status('ready', null), 1).upload).toBeNull();
  });

  it('makes no unfinished upload of one that nothing was kept of, such as a note', () => {
    expect(withStatus({ ...record, upload: null }, status('uploading', 'active'), 1).upload).toBeNull();
  });

  it.each([
    ['that it is ready', async () => status('ready', null)],
    [
      'that it has ended',
      async () => {
        throw new SendError('transfer_expired');
      },
    ],
  ])('%s, takes what was kept to resume it', async (_, ask) => {
    const vault = new Vault(new MemoryBoxes(await generateEntryKey()));
    const store = new VaultSendStore(vault);
    const placement = { requiredShards: 2, totalShards: 6, safeShards: 3, survives: { nodes: 4, operators: 4 }, relaxed: [] };
    const journal = new VaultJournal(vault, transferId);
    await journal.begin({ begunAtMs: 1, files: [{ path: 'a', bytes: 1, type: '', modifiedMs: null }], placement });
    await journal.segment({ index: 0, salt: new Uint8Array(32), roots: Array.from({ length: 6 }, () => asShardId(new Uint8Array(32))) });
    await store.put(record);
    await lookAfter(
      store,
      record,
      async () => status('uploading', 'active'),
      () => 1,
    );
    expect(await journalled(vault)).toEqual(new Set([transferId]));
    expect((await lookAfter(store, record, ask, () => 1))?.record?.upload).toBeNull();
    expect(await journalled(vault)).toEqual(new Set());
  });
});
