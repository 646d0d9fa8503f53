import { describe, expect, test } from 'vitest';
import { encodeB64, ID_BYTES } from '../../protocol/bytes.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import { MemoryTransfer } from '../testing/memory-transfer.ts';
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
});
