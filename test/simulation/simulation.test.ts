/** The simulator in small: what must hold in any network, and that its shortcuts are equivalent to the long way. */
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { DirectoryIndex, auditSeed, leavesPerAudit, newReputation, pickLeaves, recordEpoch, standingOf, type AuditLeaf, type Holding } from '../../shared/policy/index.ts';
import { asNodeId, utf8 } from '../../shared/protocol/bytes.ts';
import { KIB } from '../../shared/protocol/limits.ts';
import { chanceOfIntegrityAt } from './expected.ts';
import { Network } from './network.ts';
import { picturesOf } from './pictures.ts';
import { Population } from './population.ts';
import { stepPresence, upChance } from './presence.ts';
import { Random } from './random.ts';
import { holds, linesOf, printReport } from './report.ts';
import { resultsOf, type Results } from './results.ts';
import { quickScenario, type Scenario } from './scenario.ts';
import type { SimNode } from './sim-node.ts';
import { simulate } from './simulate.ts';

/** A few seconds of an idle machine. */
const SIMULATION_TIMEOUT_MS = 300_000;

const tiny = (values: Partial<Scenario> = {}): Scenario => ({ ...quickScenario(7), nodes: 200, days: 12, warmUpDays: 8, transfersPerHour: 3, events: [], ...values });

/** Its coordinator sees all nodes alike: as large, and as empty. */
class BlindNetwork extends Network {
  protected override indexed(nodes: readonly SimNode[]): DirectoryIndex {
    const same = { capacityBytes: 2 ** 40, freeBytes: 2 ** 40 };
    return new DirectoryIndex(nodes.map((node) => Object.assign(Object.create(node) as SimNode, same)));
  }
}

/** What contradicts itself in a network's books. */
function contradictionsIn({ nodes, transfers }: Network): string[] {
  const found: string[] = [];
  const storedBytes = new Map(nodes.map((node) => [node, 0]));
  for (const { id, seats, stored, seatBytes } of transfers) {
    for (const property of ['nodeId', 'operator', 'network'] as const)
      if (new Set(seats.map((node) => node[property])).size !== seats.length) found.push(`${id} has two seats of one ${property}`);
    for (const [seat, node] of seats.entries()) if (stored[seat]! && storedBytes.has(node)) storedBytes.set(node, storedBytes.get(node)! + seatBytes);
  }
  for (const [node, bytes] of storedBytes) if (node.storedBytes !== bytes) found.push(`${node.nodeId} holds ${node.storedBytes}, its seats are ${bytes}`);
  return found;
}

describe('a small network through catastrophes', () => {
  let results: Results;
  const contradictions: string[] = [];
  beforeAll(() => {
    const network = simulate(quickScenario(1), (today) => contradictions.push(...contradictionsIn(today)));
    results = resultsOf(network);
  }, SIMULATION_TIMEOUT_MS);
  it('keeps its books: no node, operator or network twice in a transfer, and every byte where a seat says', () => {
    expect(contradictions).toEqual([]);
  });
  it('loses nothing, and downloads hardly ever fail', () => {
    expect(results.transfers).toMatchObject({ lost: 0, refused: 0 });
    expect(results.transfers.sent).toBeGreaterThan(7000);
    expect(results.downloads.chance.all).toBeLessThan(1e-6);
    expect(results.downloads.failed).toBe(0);
  });
  it('finds who deletes, who hides it by silence and who refuses downloads, and nobody else', () => {
    const found = (behaviour: string, standing: string): boolean =>
      results.detection.some((one) => one.behaviour === behaviour && one.standing === standing && one.nodes === one.of);
    expect(found('liar', 'disqualified') && found('silent liar', 'suspended') && found('hostage', 'quarantined')).toBe(true);
    expect(results.honest.disqualified).toBe(0);
  });
  it('hardens every upload with what arithmetic says, and empties leaving nodes before they go', () => {
    expect(results.rebuilds.hardening.bytes / results.transfers.contentBytes).toBeCloseTo(2, 1);
    expect(results.exits.nodes).toBeGreaterThan(0);
    expect(results.exits.seatsLeft).toBe(0);
  });
  it('spreads its load: the busiest hundredth carries less than three times the mean, in transfers and in bytes', () => {
    expect(results.load.transfers.busiestOverMean).toBeLessThan(3);
    expect(results.load.bytes.busiestOverMean).toBeLessThan(3);
  });
  it('gives one Sybil operator no more seats than its systems may have', () => {
    expect(results.sybil.mostSeats).toBeLessThan(24 - 10);
  });
  it('is reported and drawn', () => {
    expect(printReport(results).split('\n').length).toBe(linesOf(results).length + 2);
    for (const svg of Object.values(picturesOf(results))) expect(svg).toMatch(/^<svg [^]*<polyline [^]*<\/svg>\n$/);
    expect(Object.values(picturesOf(results)).join('')).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('a simulation', () => {
  it('repeats itself for a seed, and only for that', () => {
    const [first, again, other] = [7, 7, 8].map((seed) => JSON.stringify(resultsOf(simulate(tiny({ seed })))));
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });
  it('shows losses where there are any: two thirds of the nodes gone in an hour', () => {
    const results = resultsOf(simulate(tiny({ events: [{ kind: 'mass exit', day: 6, share: 0.67, hours: 1 }] })));
    expect(results.transfers.lost).toBeGreaterThan(0);
    expect(results.downloads.chance.all).toBeGreaterThan(1e-6);
    expect(holds(results)).toBe(false);
  });
});

describe('the load', () => {
  /** As busy as a fifth of what the network is planned for. */
  const busy = tiny({ nodes: 250, days: 7, warmUpDays: 14, transfersPerHour: 104 });
  const busiestOf = (network: Network): number => resultsOf(network).load.bytes.busiestOverMean;
  it('is even in bytes where the network is busy: the busiest hundredth carries less than three times the mean', () => {
    expect(busiestOf(simulate(busy))).toBeLessThan(3);
  });
  it('fails its bound where choosing is blind to space', () => {
    const network = simulate(busy, undefined, new BlindNetwork(busy));
    expect(busiestOf(network)).toBeGreaterThan(3);
    expect(holds(resultsOf(network))).toBe(false);
  });
});

describe('its shortcuts', () => {
  it('draw wrong leaves as picking each leaf would find them: the same nodes fall in the same time', () => {
    const holdings = Array.from({ length: 300 }, (_, i): Holding => ({
      transferId: `transfer ${String(i).padStart(3, '0')}`,
      shardIndex: 0,
      firstSegment: 0,
      segmentCount: 1 + (i % 3),
      shardBytes: 1024 * KIB,
      lastShardBytes: 64 * KIB * (1 + (i % 16)),
    }));
    const hoursToOut = (wrongOf: (epoch: number, leaves: number) => number): number => {
      let record = newReputation(0);
      while (standingOf(record) !== 'disqualified') {
        const epoch = record.epoch + 1;
        const leaves = leavesPerAudit(standingOf(record));
        const wrongLeaves = wrongOf(epoch, leaves);
        record = recordEpoch(record, { epoch, heardShare: 1, provedLeaves: leaves - wrongLeaves, wrongLeaves, owes: false }).record;
      }
      return record.epoch;
    };
    const random = new Random(3);
    const nodes = 60;
    let [picked, drawn] = [0, 0];
    for (let i = 0; i < nodes; i++) {
      const nodeId = asNodeId(new Uint8Array(32).fill(i));
      const isMissing = ({ transferId, segment, leaf }: AuditLeaf): boolean => sha256(utf8(`${i} ${transferId} ${segment} ${leaf}`))[0]! < 26;
      picked += hoursToOut((epoch, count) => pickLeaves(auditSeed(new Uint8Array(32).fill(1), nodeId, epoch), holdings, count).filter(isMissing).length);
      drawn += hoursToOut((_, count) => random.binomial(count, 26 / 256));
    }
    // Means of 60 nodes whose time deviates by 3 hours: each is known to 0.4.
    expect(Math.abs(picked / nodes - drawn / nodes)).toBeLessThan(4 * 0.55);
  });
  it('compute the chance that a node is up as often as it is', () => {
    const scenario = tiny();
    const random = new Random(5);
    for (const node of new Population(scenario, random).first().slice(0, 40)) {
      let [up, expected] = [0, 0];
      const hours = 20_000;
      for (let hour = 0; hour < hours; hour++) {
        stepPresence(node, hour, random);
        up += node.isUp ? 1 : 0;
        expected += upChance(node, hour);
      }
      // Spells of five hours leave a 2,000th part of the hours independent: four deviations of 40%.
      expect(Math.abs(up - expected) / hours).toBeLessThan(4 * Math.sqrt(0.2 / (hours / 10)));
    }
  });
  it('draw from the binomial distribution', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.double({ min: 0, max: 0.5, noNaN: true }), fc.nat(1e6), (count, p, seed) => {
        const random = new Random(seed);
        let sum = 0;
        for (let i = 0; i < 2000; i++) sum += random.binomial(count, p);
        expect(Math.abs(sum / 2000 - count * p)).toBeLessThan(6 * Math.sqrt((count * p * (1 - p)) / 2000) + 1e-9);
      }),
      { numRuns: 30, seed: 1 },
    );
  });
  it('bound rare verdicts from above', () => {
    const random = new Random(9);
    const leaves = 400_000;
    let [weight, reached] = [0, 0];
    for (let i = 0; i < leaves; i++) {
      weight = weight * 0.995 + (random.chance(0.02) ? 1 : 0);
      if (weight >= (1 - 0.95) * 200) reached += 1;
    }
    expect(reached).toBeGreaterThan(0);
    expect(reached / leaves).toBeLessThan(chanceOfIntegrityAt(0.95, 0.02));
  });
});
