import { describe, expect, test } from 'vitest';
import { asShardId } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import type { TransferApi } from '../coordinator-api.ts';
import { webDeps, type ClientDeps } from '../deps.ts';
import { CommitLedger } from './commit-ledger.ts';
import { SegmentBook } from './segment-book.ts';
import type { ReceivedReceipt, StoreConnection } from './store-connection.ts';
import type { StorePool } from './store-pool.ts';

const SAFE_SHARDS = 2;

/** A connection that holds segments without a receipt; the test decides when it gives one. */
function connectionOf(shardIndex: number, segments: readonly number[]) {
  const sealing = Promise.withResolvers<ReceivedReceipt>();
  return {
    shardIndex,
    seat: { shardIndex },
    unsealed: new Set(segments),
    seal: () => sealing.promise,
    fail: (error: SendError) => sealing.reject(error),
    sign(): void {
      this.unsealed.clear();
      sealing.resolve({ shardIndex, shardExpiresAtMs: 1, storedAtMs: 1, segments, signature: new Uint8Array(64) });
    },
  };
}

function stage(connections: readonly ReturnType<typeof connectionOf>[]) {
  const told: { segments: number[]; receipts: number[] }[] = [];
  const reported: string[] = [];
  /** Ends whatever waits for a time to pass. */
  let passTime = (): void => undefined;
  const api = {
    async commitSegments({ segments, receipts }: { segments: { index: number }[]; receipts: { shardIndex: number }[] }) {
      told.push({ segments: segments.map(({ index }) => index), receipts: receipts.map(({ shardIndex }) => shardIndex) });
    },
  };
  const pool = {
    open: connections as readonly unknown[] as StoreConnection[],
    praise: () => undefined,
    report: (_: unknown, code: string) => reported.push(code),
  };
  const deps: ClientDeps = {
    ...webDeps(),
    delay: (_, signal) =>
      new Promise((resolve, reject) => {
        passTime = resolve;
        signal?.addEventListener('abort', () => reject(new SendError('cancelled')));
      }),
  };
  const book = new SegmentBook(SAFE_SHARDS);
  const ledger = new CommitLedger(book, pool as unknown as StorePool, api as unknown as TransferApi, SAFE_SHARDS, deps, new AbortController().signal);
  for (const index of [0, 1]) book.add({ index, salt: new Uint8Array(32), roots: [0, 1, 2].map((i) => asShardId(new Uint8Array(32).fill(i))) });
  return { ledger, told, reported, passTime: () => passTime() };
}

describe('a commit', () => {
  test('waits for no receipt that its segments do not need, and the next one tells what came late', async () => {
    const [first, second, slow] = [connectionOf(0, [0]), connectionOf(1, [0]), connectionOf(2, [0])];
    const { ledger, told, reported } = stage([first, second, slow]);
    const committing = ledger.commit([0]);
    first.sign();
    second.sign();
    expect(await committing).toEqual([]);
    expect(told).toEqual([{ segments: [0], receipts: [0, 1] }]);
    slow.sign();
    await ledger.commit([]);
    expect(told.slice(1)).toEqual([{ segments: [], receipts: [2] }]);
    expect(reported).toEqual([]);
  });

  test('waits for a slow receipt that they do need', async () => {
    const [first, slow] = [connectionOf(0, [0]), connectionOf(1, [0])];
    const { ledger, told } = stage([first, slow]);
    const committing = ledger.commit([0]);
    first.sign();
    await Promise.resolve();
    expect(told).toEqual([]);
    slow.sign();
    expect(await committing).toEqual([]);
    expect(told).toEqual([{ segments: [0], receipts: [0, 1] }]);
  });

  test('goes on without a node that never signs: its segments come back as lacking', async () => {
    const [first, silent] = [connectionOf(0, [0, 1]), connectionOf(1, [0, 1])];
    const { ledger, told, reported, passTime } = stage([first, silent]);
    const committing = ledger.commit([0, 1]);
    first.sign();
    for (let i = 0; i < 8; i++) await Promise.resolve();
    passTime();
    expect(await committing).toEqual([0, 1]);
    expect(told).toEqual([{ segments: [0, 1], receipts: [0] }]);
    expect(reported).toEqual(['node_slow']);
  });
});
