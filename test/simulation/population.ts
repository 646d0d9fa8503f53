/** Who runs nodes, and where: countries, access providers and hosters, lone operators and fleets. Plausible, not surveyed. */
import { newReputation, type GeoPoint } from '../../shared/policy/index.ts';
import type { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import { SimNode, type Behaviour, type NodeKind } from './sim-node.ts';

const GIB = 2 ** 30;

interface Country {
  readonly code: string;
  readonly share: number;
  readonly latitude: number;
  readonly longitude: number;
}
const country = (code: string, share: number, latitude: number, longitude: number): Country => ({ code, share, latitude, longitude });
export const COUNTRIES: readonly Country[] = [
  country('US', 0.2, 39, -95),
  country('CA', 0.04, 45, -76),
  country('BR', 0.05, -20, -47),
  country('AR', 0.02, -34, -59),
  country('GB', 0.07, 52, -1),
  country('DE', 0.12, 51, 10),
  country('FR', 0.07, 47, 2),
  country('NL', 0.06, 52, 5),
  country('PL', 0.04, 52, 20),
  country('IT', 0.03, 43, 12),
  country('SE', 0.03, 60, 16),
  country('UA', 0.03, 49, 31),
  country('ZA', 0.02, -29, 25),
  country('NG', 0.02, 8, 8),
  country('AE', 0.02, 24, 54),
  country('IN', 0.06, 21, 78),
  country('JP', 0.04, 36, 138),
  country('KR', 0.02, 37, 127),
  country('SG', 0.02, 1, 104),
  country('ID', 0.02, -6, 107),
  country('AU', 0.02, -33, 149),
];
const HOSTERS = 40;
const PROVIDERS_PER_COUNTRY = 4;
const SYBIL_SYSTEMS = 4;
/** Nodes of one Sybil operator that share a /24. */
const SYBILS_PER_NETWORK = 4;
const FLEET_SIZE = 5;

const spread = (random: Random, { latitude, longitude }: Country): GeoPoint => ({
  latitude: latitude + random.between(-3, 3),
  longitude: longitude + random.between(-3, 3),
});

/** Where a sender is. */
export const drawSender = (random: Random): GeoPoint => spread(random, random.weighted(COUNTRIES));

/** Makes nodes; every one is new, also to the network. */
export class Population {
  readonly #scenario: Scenario;
  readonly #random: Random;
  #count = 0;

  constructor(scenario: Scenario, random: Random) {
    this.#scenario = scenario;
    this.#random = random;
  }

  /** The network of the first day, adversaries among it. */
  first(): SimNode[] {
    const { nodes, homeShare, adversaries } = this.#scenario;
    const shady = Object.entries(adversaries).flatMap(([behaviour, share]) => Array.from({ length: Math.round(nodes * share) }, () => behaviour as Behaviour));
    return Array.from({ length: nodes }, (_, i) => {
      const behaviour = shady[i] ?? 'honest';
      const kind = behaviour === 'sybil' ? 'server' : behaviour === 'flapping' ? 'home' : this.#random.chance(homeShare) ? 'home' : 'server';
      return this.born(kind, behaviour, 0);
    });
  }

  born(kind: NodeKind, behaviour: Behaviour, hour: number): SimNode {
    const random = this.#random;
    const number = this.#count++;
    const place = random.weighted(COUNTRIES);
    const isFlapping = behaviour === 'flapping';
    const isFleet = kind === 'server' && random.chance(0.4);
    const upShare = isFlapping ? 0.45 : kind === 'home' ? random.between(0.74, 0.88) : random.between(0.994, 0.9995);
    const traits = {
      nodeId: `node-${String(number).padStart(6, '0')}`,
      kind,
      behaviour,
      operator: isFleet ? `fleet-${Math.floor(number / FLEET_SIZE / 2)}` : `operator-${number}`,
      network: behaviour === 'sybil' ? `sybil-${Math.floor(number / SYBILS_PER_NETWORK)}` : kind === 'home' ? `home-${number}` : `rack-${random.below(this.#scenario.nodes)}`,
      country: place.code,
      asn:
        behaviour === 'sybil'
          ? 9000 + (number % SYBIL_SYSTEMS)
          : kind === 'home'
            ? 100 * COUNTRIES.indexOf(place) + random.below(PROVIDERS_PER_COUNTRY)
            : 5000 + skewed(random, HOSTERS),
      region: spread(random, place),
      capacityBytes: Math.min(2048 * GIB, random.lognormal(400 * GIB, 0.6)),
      bornHour: hour,
      upShare,
      redraw: isFlapping ? 0.5 : kind === 'home' ? 0.2 : 0.5,
      dayOffset: kind === 'home' ? Math.round(place.longitude / 15) : null,
      outageEveryHours: kind === 'home' ? 60 * 24 : 180 * 24,
      outageHours: kind === 'home' ? 30 : 8,
      pace: behaviour === 'slow' ? 0.25 : random.lognormal(kind === 'home' ? 0.8 : 1.2, 0.4),
      turnsHour: this.#turnsHour(behaviour, hour),
    };
    return new SimNode(traits, newReputation(hour));
  }

  /** Liars and hostages wait until they are trusted, and do not all turn at once. */
  #turnsHour(behaviour: Behaviour, bornHour: number): number {
    const { warmUpDays, days } = this.#scenario;
    if (behaviour === 'liar' || behaviour === 'silent liar' || behaviour === 'hostage')
      return bornHour + Math.floor(this.#random.between(warmUpDays + 1, warmUpDays + days * 0.8) * 24);
    return behaviour === 'honest' ? Infinity : bornHour;
  }
}

/** Small numbers more often: a few hosters hold much of the network. */
const skewed = (random: Random, count: number): number => Math.floor(count * random.next() ** 1.5);
