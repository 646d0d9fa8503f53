import { describe, expect, it } from 'vitest';
import { encodeB64, ID_BYTES } from '../../protocol/bytes.ts';
import { SendError, type ErrorCode } from '../../protocol/errors.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import { MemoryTransfer } from '../testing/memory-transfer.ts';
import type { UploadSeen } from '../types.ts';
import { NOTE_PATH, NOTE_TYPE } from '../../protocol/limits.ts';
import { sealManifest } from '../send/sealed-manifest.ts';
import { Follower } from './follower.ts';
import type { SpanToFetch } from './segment-mover.ts';

const SEGMENTS = 3;
const content = new Uint8Array(4_300_000).fill(5);
const layoutOf = (segmentCount: number) => ({ segmentCount }) as ConstructorParameters<typeof Follower>[1];

/** An upload of which the coordinator lists what was committed, and the follower of it. */
async function follow({ refusal }: { refusal?: ErrorCode } = {}) {
  const memory = await MemoryTransfer.seal([content]);
  const { transfer } = memory;
  const whole = transfer.status;
  /** What is committed, by the turn of the one who asks. */
  let committed = 0;
  let state: 'uploading' | 'ready' = 'uploading';
  const statusNow = () => ({ ...whole, state, sender: state === 'uploading' ? ('active' as const) : null, segments: { total: SEGMENTS, committed } });
  const api = Object.create(transfer.api, {
    status: {
      value: async () => {
        if (refusal) throw new SendError(refusal);
        return statusNow();
      },
    },
    segments: {
      value: async (from: number, claimId: string | null) => {
        const page = await transfer.api.segments(from, claimId);
        return { segments: page.segments.slice(from, committed), next: null };
      },
    },
  }) as typeof transfer.api;
  const seen: (UploadSeen | null)[] = [];
  const turns: (() => void)[] = [];
  const stop = new AbortController();
  const follower = new Follower(
    { ...transfer, api, status: statusNow(), manifest: { ...transfer.manifest, segmentsDigest: null } },
    layoutOf(SEGMENTS),
    { signal: stop.signal, onUpload: (now) => seen.push(now), onTurn: () => turns.shift()?.() },
    memory.deps,
  );
  return {
    follower,
    seen,
    stop,
    /** What happens before the coordinator is asked for the n-th time. */
    atNextTurn: (change: () => void) => turns.push(change),
    commit: (count: number) => (committed = count),
    complete: () => {
      committed = SEGMENTS;
      state = 'ready';
    },
  };
}

async function spansOf(follower: Follower): Promise<SpanToFetch[]> {
  const spans: SpanToFetch[] = [];
  for await (const span of follower.arriving([{ from: 0, to: SEGMENTS - 1 }])) spans.push(span);
  return spans;
}

describe('following an upload', () => {
  it('gives segments as they are committed, and says how far the sender is until they are done', async () => {
    const { follower, seen, atNextTurn, commit, complete } = await follow();
    atNextTurn(() => commit(1));
    atNextTurn(() => undefined);
    atNextTurn(complete);
    const running = follower.run();
    expect(await spansOf(follower)).toEqual([
      { from: 0, to: 0, hasMore: true },
      { from: 1, to: 2, hasMore: false },
    ]);
    await running;
    expect(seen.map((now) => now?.sender ?? null)).toEqual(['active', 'active', null]);
  });

  it.each(['transfer_revoked', 'transfer_expired'] as const)('tells those who wait that the transfer ended: %s', async (refusal) => {
    const { follower } = await follow({ refusal });
    const running = follower.run();
    await expect(spansOf(follower)).rejects.toMatchObject({ code: refusal });
    await running;
  });

  it('tells those who wait that the download was cancelled', async () => {
    const { follower, stop, atNextTurn } = await follow();
    atNextTurn(() => stop.abort());
    const running = follower.run();
    await expect(spansOf(follower)).rejects.toMatchObject({ code: 'cancelled' });
    await running;
  });

  it('takes no table with holes for an upload that is done', async () => {
    const { follower, atNextTurn, commit, complete } = await follow();
    atNextTurn(() => {
      complete();
      commit(1);
    });
    const running = follower.run();
    await expect(spansOf(follower)).rejects.toMatchObject({ code: 'manifest_damaged' });
    await running;
  });

  it('names its claim with everything that it asks, so that it is heard while others guess the password', async () => {
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

  it('refuses an end that is of another kind than the beginning: a note that was opened becomes no file', async () => {
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
