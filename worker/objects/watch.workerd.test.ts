import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EPOCH_MS } from '../../shared/protocol/limits.ts';
import { clock } from '../clock.ts';
import { shardAt } from '../network/shards.ts';
import { advance, randomId, startNetwork } from '../testing/test-network.ts';
import { TransferObject } from './transfer.ts';
import type { RepairWish, WatchedTransfer } from './watch.ts';

const MINUTE_MS = 60_000;
/** What transfers are told, and what they answer. */
let turns: string[];
let answers: Map<string, boolean | Error>;
beforeEach(async () => {
  await startNetwork(0);
  turns = [];
  answers = new Map();
  vi.spyOn(TransferObject.prototype, 'takeTurn').mockImplementation(async function (this: TransferObject) {
    const name = (this as unknown as { ctx: DurableObjectState }).ctx.id.name!;
    turns.push(name);
    const answer = answers.get(name) ?? true;
    if (answer instanceof Error) throw answer;
    return answer;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const watch = () => shardAt(env.WATCH, 0);
const alarmAt = (): Promise<number | null> => runInDurableObject(watch(), (_, state) => state.storage.getAlarm());
/** Rings if it is time. @returns who has got a turn. */
async function ring(): Promise<string[]> {
  turns = [];
  const dueMs = await alarmAt();
  if (dueMs !== null && dueMs <= clock.nowMs()) await runDurableObjectAlarm(watch());
  return turns;
}
const wish = (values: Partial<RepairWish> = {}): RepairWish => ({ cause: 'below_threshold', margin: 4, failureChance: 0, notBeforeMs: 0, turnUntilMs: 0, ...values });
function transfer(values: Partial<WatchedTransfer> = {}): WatchedTransfer {
  const repaired = { jobs: 0, shards: 0, bytes: 0 };
  return { transferId: randomId(), margin: 4, shards: 100, contentBytes: 1000, expiresAtMs: clock.nowMs() + 30 * 24 * 60 * MINUTE_MS, wish: null, repaired, ...values };
}

describe('the queue of repairs', () => {
  it('gives eight their turn at once, the most endangered first, and the next when one is done', async () => {
    const waiting = Array.from({ length: 12 }, (_, i) => transfer({ wish: wish({ margin: 12 - i }) }));
    for (const each of waiting) await watch().note(each);
    const first = await ring();
    expect(first.length).toBe(8);
    expect(new Set(first)).toEqual(new Set(waiting.slice(4).map(({ transferId }) => transferId)));
    expect(await ring(), 'no turn is free').toEqual([]);
    await watch().note({ ...waiting[11]!, wish: null });
    expect(await ring()).toEqual([waiting[3]!.transferId]);
  });
  it('takes back the turn of one that died, unless it has prolonged it', async () => {
    const [dead, busy] = [transfer({ wish: wish() }), transfer({ wish: wish() })];
    for (const each of [dead, busy]) await watch().note(each);
    expect((await ring()).length).toBe(2);
    await watch().note({ ...busy, wish: wish({ turnUntilMs: clock.nowMs() + 20 * MINUTE_MS }) });
    await evictDurableObject(watch());
    advance(5 * MINUTE_MS);
    expect(await ring()).toEqual([dead.transferId]);
    advance(15 * MINUTE_MS);
    expect(new Set(await ring())).toEqual(new Set([dead.transferId, busy.transferId]));
  });
  it('lets one rest that can do nothing now, and forgets a wish that its transfer has no more', async () => {
    const [resting, content, away] = [transfer({ wish: wish({ notBeforeMs: clock.nowMs() + MINUTE_MS }) }), transfer({ wish: wish() }), transfer({ wish: wish() })];
    answers.set(content.transferId, false);
    answers.set(away.transferId, new Error('unreachable'));
    for (const each of [resting, content, away]) await watch().note(each);
    expect(new Set(await ring())).toEqual(new Set([content.transferId, away.transferId]));
    answers.clear();
    advance(30_000);
    expect(await ring()).toEqual([away.transferId]);
    advance(30_000);
    expect(await ring()).toEqual([resting.transferId]);
  });
});

describe('the census', () => {
  it('counts live transfers by what they survive, each as it last spoke', async () => {
    const [first, second, third] = [transfer({ margin: 14 }), transfer({ margin: 4 }), transfer({ margin: 4, expiresAtMs: clock.nowMs() + MINUTE_MS })];
    for (const each of [first, second, third]) for (let i = 0; i < 2; i++) await watch().note(each);
    expect(await watch().census()).toMatchObject({
      live: 3,
      bytes: 3000,
      byMargin: [
        { margin: 4, transfers: 2, shards: 200 },
        { margin: 14, transfers: 1, shards: 100 },
      ],
    });
    await watch().note({ ...second, margin: -1 });
    for (let i = 0; i < 2; i++) await watch().forget(first.transferId, first.repaired);
    advance(MINUTE_MS);
    expect(await watch().census()).toMatchObject({ live: 1, byMargin: [{ margin: -1, transfers: 1, shards: 100 }] });
  });
  it('counts each repair once, for a day', async () => {
    const one = transfer({ repaired: { jobs: 1, shards: 10, bytes: 100 } });
    for (let i = 0; i < 2; i++) await watch().note(one);
    advance(EPOCH_MS);
    const end = { jobs: 3, shards: 25, bytes: 250 };
    for (let i = 0; i < 2; i++) await watch().forget(one.transferId, end);
    expect((await watch().census()).repairs).toEqual(end);
    advance(23 * EPOCH_MS);
    expect((await watch().census()).repairs).toEqual({ jobs: 2, shards: 15, bytes: 150 });
    advance(EPOCH_MS);
    expect((await watch().census()).repairs).toEqual({ jobs: 0, shards: 0, bytes: 0 });
  });
  it('of nothing writes nothing', async () => {
    expect(await watch().census()).toEqual({ live: 0, bytes: 0, byMargin: [], repairs: { jobs: 0, shards: 0, bytes: 0 } });
    await watch().forget(randomId(), { jobs: 0, shards: 0, bytes: 0 });
    expect(await runInDurableObject(watch(), (_, state) => state.storage.sql.exec('SELECT 1 FROM sqlite_master').toArray().length)).toBe(0);
  });
});
