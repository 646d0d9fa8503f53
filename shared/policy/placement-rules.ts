/**
 * What keeps a transfer's nodes apart, so that what fails together holds little of it; and which rule gives way first
 * where a network is too small for all. docs/decisions/0005-order-of-relaxation.md.
 *
 * Every rule is an upper bound: "at least half anchors" is "at most half others". So a node that would break a rule
 * goes on breaking it however many more are chosen, which is what lets a choice stop looking back.
 */
import type { Redundancy } from '../protocol/layout.ts';

/** The first gives way first. */
export const PLACEMENT_RULES = ['anchors', 'region', 'country', 'asn', 'unvetted', 'network', 'operator'] as const;
export type PlacementRule = (typeof PLACEMENT_RULES)[number];

/** Rules as bits, the more important the higher: of two sums, the smaller breaks less. */
const BIT = Object.fromEntries(PLACEMENT_RULES.map((rule, i) => [rule, 1 << i])) as Readonly<Record<PlacementRule, number>>;
/** These keep one hand from holding two shards: they give way only to make a transfer possible at all. */
export const HARD_RULES = BIT.network | BIT.operator;

export const rulesIn = (bits: number): PlacementRule[] => PLACEMENT_RULES.filter((rule) => (bits & BIT[rule]) !== 0);

/** How many of a transfer's nodes may be alike. Per operator and per network it is one. */
export interface Caps {
  readonly others: number;
  readonly region: number;
  /** Nodes whose region is unknown: few enough that two regions can fill the other seats. */
  readonly unplaced: number;
  readonly country: number;
  readonly asn: number;
  readonly unvetted: number;
}

/** No rule asks more than this many times their part of the free space of the anchors. */
const ANCHOR_STRAIN = 3 / 2;

/**
 * The caps of a transfer: half others than anchors, as many in a region as it can lose (14 of 24, so that 42% are outside
 * of any), 50% in a country, 25% in an autonomous system, two of 24 unvetted.
 *
 * @param anchorShare - the anchors' part of vetted nodes' free space, 0 to 1. Where it is under a third, fewer anchors are
 * asked for: the same few in every transfer would carry the network.
 */
export function capsFor({ totalShards: size, requiredShards }: Pick<Redundancy, 'totalShards' | 'requiredShards'>, anchorShare: number): Caps {
  const anchors = Math.min(Math.ceil(size / 2), Math.floor(size * anchorShare * ANCHOR_STRAIN));
  const region = size - requiredShards;
  return {
    others: size - anchors,
    region,
    unplaced: Math.max(1, 2 * region - size),
    country: Math.max(1, Math.floor(size / 2)),
    asn: Math.max(1, Math.floor(size / 4)),
    unvetted: Math.max(1, Math.floor(size / 12)),
  };
}

/** Where a node stands in its directory: small numbers, equal where two nodes are alike. */
export interface Place {
  readonly operator: number;
  readonly network: number;
  /** Unknown countries are alike, and so are unknown systems: hiding gains nothing over any one known. */
  readonly country: number;
  readonly asn: number;
  /** Place in REGIONS; null where unknown, which counts as every region at once. */
  readonly region: number | null;
  readonly anchor: boolean;
  readonly unvetted: boolean;
}

/** How many different operators, networks, countries, systems and regions there are. */
export type PlaceCounts = Readonly<Record<'operator' | 'network' | 'country' | 'asn' | 'region', number>>;

/** A transfer's nodes so far, counted by what they share. */
export class Tally {
  readonly #caps: Caps;
  readonly #operators: Uint8Array;
  readonly #networks: Uint8Array;
  readonly #countries: Uint8Array;
  readonly #asns: Uint8Array;
  readonly #regions: Uint8Array;
  #fullestRegion = 0;
  #unplaced = 0;
  #others = 0;
  #unvetted = 0;

  constructor(counts: PlaceCounts, caps: Caps) {
    this.#caps = caps;
    this.#operators = new Uint8Array(counts.operator);
    this.#networks = new Uint8Array(counts.network);
    this.#countries = new Uint8Array(counts.country);
    this.#asns = new Uint8Array(counts.asn);
    this.#regions = new Uint8Array(counts.region);
  }

  add(place: Place): void {
    this.#operators[place.operator]! += 1;
    this.#networks[place.network]! += 1;
    this.#countries[place.country]! += 1;
    this.#asns[place.asn]! += 1;
    if (place.region === null) this.#unplaced += 1;
    else this.#fullestRegion = Math.max(this.#fullestRegion, (this.#regions[place.region]! += 1));
    if (!place.anchor) this.#others += 1;
    if (place.unvetted) this.#unvetted += 1;
  }

  /** The rules that one more node there would break, as a sum of bits. */
  breachOf(place: Place): number {
    const inRegion = this.#unplaced + (place.region === null ? this.#fullestRegion : this.#regions[place.region]!);
    let bits = 0;
    if (!place.anchor && this.#others >= this.#caps.others) bits |= BIT.anchors;
    if (inRegion >= this.#caps.region || (place.region === null && this.#unplaced >= this.#caps.unplaced)) bits |= BIT.region;
    if (this.#countries[place.country]! >= this.#caps.country) bits |= BIT.country;
    if (this.#asns[place.asn]! >= this.#caps.asn) bits |= BIT.asn;
    if (place.unvetted && this.#unvetted >= this.#caps.unvetted) bits |= BIT.unvetted;
    if (this.#networks[place.network]! > 0) bits |= BIT.network;
    if (this.#operators[place.operator]! > 0) bits |= BIT.operator;
    return bits;
  }
}
