import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asNodeId, encodeHex } from '../protocol/bytes.ts';
import { KIB, LEAF_SIZE_BYTES, MIB } from '../protocol/limits.ts';
import { auditSeed, beaconMessage, beaconOf, epochAt, leavesPerAudit, pickLeaves, stillAsked, tallyAudit, type Holding } from './audit.ts';

const seedOf = (n: number): Uint8Array => auditSeed(new Uint8Array(32).fill(7), asNodeId(new Uint8Array(32).fill(9)), n);
const holding = (i: number, values: Partial<Holding> = {}): Holding => ({
  transferId: `transfer ${String(i).padStart(4, '0')}`,
  shardIndex: i % 24,
  firstSegment: 0,
  segmentCount: 1,
  shardBytes: MIB,
  lastShardBytes: MIB,
  ...values,
});
const anyRun = fc.record({ segmentCount: fc.integer({ min: 1, max: 5 }), lastShardBytes: fc.integer({ min: 1, max: MIB }) });
const anyInventory = fc.array(anyRun, { maxLength: 12 }).map((runs) => runs.map((run, i) => holding(i, run)));

describe('the audit seed', () => {
  it('follows from beacon, node and epoch, as docs/protocol.md has it', () => {
    expect(encodeHex(beaconMessage(258))).toBe(`${encodeHex(new TextEncoder().encode('shardsend/1 beacon\0'))}0000000000000102`);
    const beacon = beaconOf(new Uint8Array(64).fill(1));
    const node = asNodeId(new Uint8Array(32).fill(2));
    const seeds = [auditSeed(beacon, node, 1), auditSeed(beacon, node, 2), auditSeed(beacon, asNodeId(new Uint8Array(32)), 1), auditSeed(beaconOf(new Uint8Array(64)), node, 1)];
    expect(new Set(seeds.map(encodeHex)).size).toBe(4);
    expect(() => auditSeed(new Uint8Array(31), node, 1)).toThrow(RangeError);
  });
  it('belongs to an epoch whose length the network sets', () => {
    expect(epochAt(7_199_999, 3_600_000)).toBe(1);
    expect(epochAt(7_199_999, 1000)).toBe(7199);
  });
});

describe('picked leaves', () => {
  it('exist, differ, and are the same for whoever picks again', () => {
    fc.assert(
      fc.property(anyInventory, fc.nat(), fc.integer({ min: 0, max: 64 }), (inventory, epoch, count) => {
        const picked = pickLeaves(seedOf(epoch), inventory, count);
        expect(pickLeaves(seedOf(epoch), inventory, count)).toEqual(picked);
        expect(picked.length).toBeLessThanOrEqual(count);
        expect(new Set(picked.map(({ transferId, segment, leaf }) => `${transferId}/${segment}/${leaf}`)).size).toBe(picked.length);
        for (const { transferId, shardIndex, segment, shardBytes, leaf } of picked) {
          const held = inventory.find((one) => one.transferId === transferId)!;
          expect(held.shardIndex).toBe(shardIndex);
          expect(segment < held.segmentCount && shardBytes === (segment === held.segmentCount - 1 ? held.lastShardBytes : held.shardBytes)).toBe(true);
          expect(leaf * LEAF_SIZE_BYTES < shardBytes).toBe(true);
        }
      }),
    );
  });
  it('are as many as asked where enough is held, and all there are where little is', () => {
    expect(pickLeaves(seedOf(1), [holding(1), holding(2)], 16)).toHaveLength(16);
    expect(pickLeaves(seedOf(1), [holding(1, { lastShardBytes: 100 * KIB })], 16)).toHaveLength(2);
    expect(pickLeaves(seedOf(1), [], 16)).toEqual([]);
  });
  it('fall on every stored byte alike', () => {
    const inventory = [
      holding(1, { segmentCount: 3, lastShardBytes: 64 * KIB }),
      holding(2, { lastShardBytes: 192 * KIB }),
      holding(3, { firstSegment: 5, lastShardBytes: 768 * KIB }),
    ];
    const weights = new Map([
      [`${inventory[0]!.transferId} 0`, 16],
      [`${inventory[0]!.transferId} 1`, 16],
      [`${inventory[0]!.transferId} 2`, 1],
      [`${inventory[1]!.transferId} 0`, 3],
      [`${inventory[2]!.transferId} 5`, 12],
    ]);
    const counts = new Map<string, number>();
    const draws = 12_000;
    for (let i = 0; i < draws; i++)
      for (const { transferId, segment } of pickLeaves(seedOf(i), inventory, 1)) counts.set(`${transferId} ${segment}`, (counts.get(`${transferId} ${segment}`) ?? 0) + 1);
    // Chi-square with 4 degrees of freedom: 18.5 is passed once in a thousand, and these draws are always the same.
    let chiSquare = 0;
    for (const [key, weight] of weights) chiSquare += ((counts.get(key) ?? 0) - (draws * weight) / 48) ** 2 / ((draws * weight) / 48);
    expect(chiSquare).toBeLessThan(18.5);
  });
  it('find missing bytes as often as independent draws would', () => {
    const inventory = Array.from({ length: 200 }, (_, i) => holding(i));
    let wrong = 0;
    for (let epoch = 0; epoch < 500; epoch++) wrong += pickLeaves(seedOf(epoch), inventory, 16).filter(({ transferId }) => transferId.endsWith('7')).length;
    // 8000 draws at 10%: mean 800, deviation 27.
    expect(Math.abs(wrong - 800)).toBeLessThan(4 * 27);
  });
  it('come from an inventory in order, or not at all', () => {
    expect(() => pickLeaves(seedOf(1), [holding(2), holding(1)], 1)).toThrow(RangeError);
    expect(() => pickLeaves(seedOf(1), [holding(1, { segmentCount: 2 }), holding(1, { firstSegment: 1 })], 1)).toThrow(RangeError);
    expect(pickLeaves(seedOf(1), [holding(1), holding(1, { firstSegment: 4 })], 1)).toHaveLength(1);
  });
  it('are more in quarantine', () => {
    expect([leavesPerAudit('vetted'), leavesPerAudit('quarantined')]).toEqual([16, 64]);
  });
});

describe('an audit', () => {
  it('counts proved and wrong leaves once all are answered', () => {
    expect(tallyAudit(['proved', 'wrong', 'proved'])).toEqual({ provedLeaves: 2, wrongLeaves: 1, owes: false });
    expect(tallyAudit([])).toEqual({ provedLeaves: 0, wrongLeaves: 0, owes: false });
  });
  it('counts nothing and stays owed while a leaf is unanswered, whatever the others are', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('proved' as const, 'wrong' as const, 'unanswered' as const)), fc.nat(), (outcomes, at) => {
        const silent = outcomes.toSpliced(at % (outcomes.length + 1), 0, 'unanswered');
        expect(tallyAudit(silent)).toEqual({ provedLeaves: 0, wrongLeaves: 0, owes: true });
      }),
    );
  });
  it('that is owed loses the leaves of transfers that ended meanwhile', () => {
    const leaves = pickLeaves(seedOf(3), [holding(1), holding(2)], 16);
    const ended = stillAsked(leaves, (transferId) => transferId !== holding(1).transferId);
    expect(ended.length).toBeGreaterThan(0);
    expect(ended.every(({ transferId }) => transferId === holding(2).transferId)).toBe(true);
  });
});
