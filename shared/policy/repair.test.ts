import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redundancyFor } from '../protocol/layout.ts';
import { chanceOfFewerThan } from './download-risk.ts';
import { LOST_AFTER_EPOCHS, MAX_FAILURE_CHANCE, compareRepairs, planRepair, repairThreshold, seatState, type Seat, type SeatState } from './repair.ts';

const seats = (counts: Partial<Record<SeatState, number>>, availability = 0.995): Seat[] =>
  Object.entries(counts).flatMap(([state, count]) => Array.from({ length: count }, (): Seat => ({ state: state as SeatState, availability })));
const of24 = redundancyFor(24);

describe('the chance that fewer than k are up', () => {
  it('is the binomial one where all are alike', () => {
    const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
    const binomial = (n: number, k: number, p: number): number => Array.from({ length: k }, (_, j) => choose(n, j) * p ** j * (1 - p) ** (n - j)).reduce((a, b) => a + b, 0);
    for (const p of [0.5, 0.8, 0.9])
      expect(
        chanceOfFewerThan(
          10,
          Array.from({ length: 24 }, () => p),
        ) / binomial(24, 10, p),
      ).toBeCloseTo(1, 9);
  });
  it('is what counting every combination gives', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }), fc.nat(9), (up, required) => {
        let sum = 0;
        for (let set = 0; set < 1 << up.length; set++) {
          const alive = up.filter((_, i) => set & (1 << i)).length;
          if (alive < required) sum += up.reduce((product, chance, i) => product * (set & (1 << i) ? chance : 1 - chance), 1);
        }
        expect(chanceOfFewerThan(required, up)).toBeCloseTo(sum, 12);
      }),
    );
  });
});

describe('a seat', () => {
  const facts = { isStored: true, standing: 'vetted', owedSinceEpoch: null } as const;
  it('is held while its node answers, away while it is silent, lost after half a day of it, and held again when it is back', () => {
    const away = { ...facts, owedSinceEpoch: 100 };
    expect(seatState(facts, 100)).toBe('held');
    expect(seatState(away, 100 + LOST_AFTER_EPOCHS - 1)).toBe('away');
    expect(seatState(away, 100 + LOST_AFTER_EPOCHS)).toBe('lost');
    expect(seatState(facts, 500)).toBe('held');
  });
  it('is held by a suspended node, doubtful with a quarantined one, lost with a disqualified one or without its shards', () => {
    expect(seatState({ ...facts, standing: 'suspended' }, 1)).toBe('held');
    expect(seatState({ ...facts, standing: 'quarantined' }, 1)).toBe('doubtful');
    expect(seatState({ ...facts, standing: 'disqualified' }, 1)).toBe('lost');
    expect(seatState({ ...facts, isStored: false }, 1)).toBe('lost');
  });
  it('with a leaving node is that only while the node still serves', () => {
    expect(seatState({ ...facts, standing: 'leaving' }, 1)).toBe('leaving');
    expect(seatState({ ...facts, standing: 'leaving', owedSinceEpoch: 1 }, 2)).toBe('away');
  });
});

describe('the threshold', () => {
  it('is 18 of 24, and leaves every smaller network a loss to notice', () => {
    expect(repairThreshold(of24)).toBe(18);
    for (let n = 3; n <= 24; n++) {
      const redundancy = redundancyFor(n);
      expect(repairThreshold(redundancy)).toBeGreaterThanOrEqual(redundancy.requiredShards);
      expect(repairThreshold(redundancy)).toBeLessThan(n);
    }
  });
});

describe('planning a repair', () => {
  it('finds nothing to do where every seat is held or away', () => {
    expect(planRepair(seats({ held: 20, away: 4 }), of24)).toBeNull();
  });
  it('hardens a fresh upload: the ten shards that were not sent, from the fourteen that were', () => {
    const plan = planRepair(seats({ held: 14, lost: 10 }), of24)!;
    expect(plan).toMatchObject({ cause: 'below_threshold', margin: 4 });
    expect(plan.vacant).toEqual([14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
    expect(plan.sources).toHaveLength(14);
  });
  it('waits with a few losses, and no longer once homes make them a risk', () => {
    expect(planRepair(seats({ held: 20, lost: 4 }), of24)).toBeNull();
    expect(planRepair(seats({ held: 20, lost: 4 }, 0.8), of24)).toMatchObject({ cause: 'at_risk', vacant: [20, 21, 22, 23] });
  });
  it('counts a quarantined node for nothing, and gives its seat away only when there is need', () => {
    expect(planRepair(seats({ held: 23, doubtful: 1 }), of24)).toBeNull();
    expect(planRepair(seats({ held: 14, doubtful: 10 }), of24)).toMatchObject({ cause: 'below_threshold' });
  });
  it('moves a leaving node’s shard while it serves, and fills what else is vacant in the same go', () => {
    expect(planRepair(seats({ held: 22, leaving: 1, lost: 1 }), of24)).toMatchObject({ cause: 'leaving', vacant: [22, 23], margin: 13 });
  });
  it('names the most available sources first, and none that is away', () => {
    const mixed: Seat[] = [...seats({ held: 6 }, 0.8), ...seats({ away: 4 }, 1), ...seats({ held: 4 }, 0.9), ...seats({ lost: 10 })];
    expect(planRepair(mixed, of24)!.sources).toEqual([10, 11, 12, 13, 0, 1, 2, 3, 4, 5]);
  });
  it('works by margin, with leaving nodes before all but those near their end', () => {
    const critical = planRepair(seats({ held: 12, lost: 12 }), of24)!;
    const thin = planRepair(seats({ held: 13, lost: 11 }), of24)!;
    const fresh = planRepair(seats({ held: 14, lost: 10 }), of24)!;
    const leaving = planRepair(seats({ held: 23, leaving: 1 }), of24)!;
    expect([fresh, leaving, thin, critical].toSorted(compareRepairs)).toEqual([critical, leaving, thin, fresh]);
  });
  it('repairs whatever falls to the threshold or into risk and has a vacancy, and nothing else', () => {
    const anySeat = fc.record({ state: fc.constantFrom<SeatState>('held', 'away', 'leaving', 'doubtful', 'lost'), availability: fc.double({ min: 0, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(anySeat, { minLength: 3, maxLength: 24 }), (list) => {
        const redundancy = redundancyFor(list.length);
        const healthy = list.filter(({ state }) => state === 'held' || state === 'away' || state === 'leaving');
        const risk = chanceOfFewerThan(
          redundancy.requiredShards,
          healthy.map(({ availability }) => availability),
        );
        const isVacant = list.some(({ state }) => state === 'lost' || state === 'doubtful' || state === 'leaving');
        const isNeeded = healthy.length <= repairThreshold(redundancy) || risk > MAX_FAILURE_CHANCE || list.some(({ state }) => state === 'leaving');
        const plan = planRepair(list, redundancy);
        expect(plan !== null).toBe(isVacant && isNeeded);
        if (plan === null) return;
        expect(plan.sources.every((index) => list[index]!.state === 'held' || list[index]!.state === 'leaving')).toBe(true);
        expect(plan.vacant.some((index) => list[index]!.state === 'held' || list[index]!.state === 'away')).toBe(false);
      }),
    );
  });
});
