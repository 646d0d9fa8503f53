/** What arithmetic says the simulation should find: the binomial and mean-field figures that each measured one stands beside. */
import {
  DISQUALIFY_AT,
  INITIAL_CREDIT,
  LEAF_MEMORY,
  LEAVES_PER_AUDIT,
  LEAVES_PER_QUARANTINE_AUDIT,
  QUARANTINE_AT,
  chanceOfFewerThan,
  repairThreshold,
} from '../../shared/policy/index.ts';
import { redundancyFor } from '../../shared/protocol/layout.ts';
import { MAX_NODES } from '../../shared/protocol/limits.ts';
import { DAYS_PER_MONTH, HOURS_PER_DAY, type Scenario } from './scenario.ts';

const HOME_UP = 0.8;
const SERVER_UP = 0.995;
const redundancy = redundancyFor(MAX_NODES);
const { requiredShards, totalShards } = redundancy;

export interface Expected {
  /** Chance that a download fails at an instant, of 24 nodes each up independently: with the homes that transfers have, and with half homes. */
  readonly downChance: number;
  readonly downChanceHalfHomes: number;
  /** The same of the first where losses have come so far that the next one is repaired. */
  readonly downChanceAtThreshold: number;
  /** Chance that a transfer of 30 days is lost where nothing is ever repaired. */
  readonly lossWithoutRepair: number;
  /** Hours until a node that is always up and misses what liars delete is quarantined, then out, where chance evens out. */
  readonly hoursToQuarantine: number;
  readonly hoursToOut: number;
  /** Upper bound for the number of honest nodes disqualified in all of the simulated time. */
  readonly honestDisqualified: number;
  /** Moving the shards of announced departures, in parts of the content sent. */
  readonly leavingTraffic: number;
  /** The better of two drawn nodes is drawn at most twice as often as one. */
  readonly busiestOverMean: number;
}

/** @param homeSeats - mean number of homes among a transfer's nodes. @param lifetimeDays - mean lifetime of the content sent. */
export function expectedOf(scenario: Scenario, homeSeats: number, lifetimeDays: number): Expected {
  const { monthlyDepartures, liarDeletes, honestFailureRate, nodes, days, warmUpDays, gracefulShare } = scenario;
  const homes = Math.round(homeSeats);
  const atThreshold = repairThreshold(redundancy) + 1;
  const departures = (homeSeats * monthlyDepartures.home + (totalShards - homeSeats) * monthlyDepartures.server) / totalShards;
  const wrong = liarDeletes + (1 - liarDeletes) * honestFailureRate;
  const toQuarantine = leavesUntil(QUARANTINE_AT, wrong);
  return {
    downChance: chanceOfFewerThan(requiredShards, mix(homes, HOME_UP, SERVER_UP)),
    downChanceHalfHomes: chanceOfFewerThan(requiredShards, mix(totalShards / 2, HOME_UP, SERVER_UP)),
    downChanceAtThreshold: chanceOfFewerThan(requiredShards, mix(homes, HOME_UP, SERVER_UP).slice(0, atThreshold)),
    lossWithoutRepair: chanceOfFewerThan(requiredShards, mix(homes, 1 - monthlyDepartures.home, 1 - monthlyDepartures.server)),
    hoursToQuarantine: toQuarantine / LEAVES_PER_AUDIT,
    hoursToOut: toQuarantine / LEAVES_PER_AUDIT + (leavesUntil(DISQUALIFY_AT, wrong) - toQuarantine) / LEAVES_PER_QUARANTINE_AUDIT,
    honestDisqualified: nodes * (warmUpDays + days) * HOURS_PER_DAY * LEAVES_PER_AUDIT * chanceOfIntegrityAt(DISQUALIFY_AT, honestFailureRate),
    leavingTraffic: ((departures * lifetimeDays) / DAYS_PER_MONTH) * gracefulShare * totalShards * ((requiredShards + 1) / requiredShards),
    busiestOverMean: 2,
  };
}

const mix = (homes: number, home: number, server: number): number[] => Array.from({ length: totalShards }, (_, i) => (i < homes ? home : server));

/** Leaves until integrity has fallen to `integrity` where every leaf counts as `wrong` of one: 1 − wrong · (1 − λ^n) = integrity. */
const leavesUntil = (integrity: number, wrong: number): number => Math.log(1 - (1 - integrity) / wrong) / Math.log(LEAF_MEMORY);

/**
 * Chernoff's bound for the chance that, at any one leaf, the decayed weight of wrong leaves has come to what `integrity`
 * means, each being wrong independently: min over θ of exp(−θ · b + Σ ln(1 + p · (e^(θ λ^j) − 1))).
 */
export function chanceOfIntegrityAt(integrity: number, p: number): number {
  const b = (1 - integrity) * INITIAL_CREDIT;
  let least = 0;
  for (let theta = 0.1; theta < 8; theta += 0.05) {
    let exponent = -theta * b;
    for (let weight = 1; weight > 1e-6; weight *= LEAF_MEMORY) exponent += Math.log1p(p * Math.expm1(theta * weight));
    least = Math.min(least, exponent);
  }
  return Math.exp(least);
}
