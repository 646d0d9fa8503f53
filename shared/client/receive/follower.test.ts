import { describe, expect, test } from 'vitest';
import { encodeB64, ID_BYTES } from '../../protocol/bytes.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import { MemoryTransfer } from '../testing/memory-transfer.ts';
import { NOTE_PATH, NOTE_TYPE } from '../../protocol/limits.ts';
import { sealManifest } from '../send/sealed-manifest.ts';
import { Follower } from './follower.ts';

describe('whoever follows an upload', () => {
  test('names its claim with everything that it asks, so that it is heard while others guess the password', async () => {
    const memory = await MemoryTransfer.seal([new Uint8Array(100)]);
    const { transfer, deps } = memory;
    const claimId = encodeB64(new Uint8Array(ID_BYTES).fill(9));
    const asked: string[] = [];
    const answer = deps.fetch;
    Object.assign(deps, {
      fetch: (url: string, init: RequestInit) => {
        asked.push(url.slice(url.indexOf('/api/')));
        return answer(url, init);
      },
    });
    const layout = new TransferLayout(transfer.status.contentBytes, transfer.status.requiredShards);
    const uploading = { ...transfer, status: { ...transfer.status, state: 'uploading' as const, segments: { total: 1, committed: 0 } } };
    const follower = new Follower(uploading, layout, { signal: new AbortController().signal, onTurn: () => undefined }, deps);
    follower.claimed(claimId);
    await Promise.all([follower.run(), follower.page(0)]);
    await follower.finalManifest().catch(() => undefined); // sealed for nobody here
    const path = `/api/transfers/${transfer.info.transferId}`;
    expect(asked).toEqual([`${path}?claim=${claimId}`, `${path}/segments?from=0&claim=${claimId}`, `${path}/manifest?claim=${claimId}`]);
  });

  test('refuses an end that is of another kind than the beginning: a note that was opened becomes no file', async () => {
    const { transfer, deps } = await MemoryTransfer.seal([new Uint8Array(100)]);
    const files = [{ path: NOTE_PATH, bytes: 100, type: NOTE_TYPE, modifiedMs: null }];
    const begun = { ...transfer, manifest: { ...transfer.manifest, kind: 'note' as const, files } };
    const sealed = await sealManifest({ ...transfer.manifest, files }, transfer.contentSecret, deps.randomBytes);
    Object.assign(deps, { fetch: async () => new Response(sealed) });
    const layout = new TransferLayout(transfer.status.contentBytes, transfer.status.requiredShards);
    const follower = new Follower(begun, layout, { signal: new AbortController().signal, onTurn: () => undefined }, deps);
    await expect(follower.finalManifest()).rejects.toMatchObject({ code: 'manifest_damaged' });
  });
});
