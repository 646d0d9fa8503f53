/**
 * A snapshot of the directory, made ready for choosing from it many times: nodes that may be chosen at all, most free
 * first, so that those with room for a transfer are a prefix and a draw by free bytes is a binary search.
 */
import { UNMEASURED, isAnchor, type DirectoryNode } from './directory-node.ts';
import { REGIONS, regionOf } from './geography.ts';
import type { Place, PlaceCounts } from './placement-rules.ts';

/** Nodes say themselves how much is free: more than this draws no more transfers to one of them. */
const MAX_WEIGHT_BYTES = 2 ** 40;

export interface Candidate {
  readonly node: DirectoryNode;
  readonly place: Place;
  /** In proportion to which it is drawn: its free bytes, 1 to MAX_WEIGHT_BYTES. */
  readonly weight: number;
  /** What it offers, 1 to MAX_WEIGHT_BYTES, and what of it is used, 0 to MAX_WEIGHT_BYTES. */
  readonly offeredBytes: number;
  readonly usedBytes: number;
}

/** A node that a transfer has, as it was when it was chosen; what the directory says of it now goes first. */
export type Seated = Pick<DirectoryNode, 'nodeId' | 'operator' | 'network'>;

type Whereabouts = Pick<DirectoryNode, 'operator' | 'network' | 'country' | 'asn' | 'region' | 'standing' | 'availability'>;

export class DirectoryIndex {
  /** Vetted and unvetted nodes, most free first, equals by id: the snapshot's own order decides nothing. */
  readonly candidates: readonly Candidate[];
  /** Used bytes of all candidates in parts of what they offer. */
  readonly usedShare: number;
  readonly #byId: ReadonlyMap<string, DirectoryNode>;
  /** Weights of all candidates up to each, itself included; then those of vetted ones and of anchors alone. */
  readonly #weights: Float64Array;
  readonly #vetted: Float64Array;
  readonly #anchors: Float64Array;
  readonly #operators: ReadonlyMap<string, number>;
  readonly #networks: ReadonlyMap<string, number>;
  readonly #countries: ReadonlyMap<string | null, number>;
  readonly #asns: ReadonlyMap<number | null, number>;

  constructor(nodes: readonly DirectoryNode[]) {
    this.#byId = new Map(nodes.map((node) => [node.nodeId, node]));
    this.#operators = numbered(nodes.map(({ operator }) => operator));
    this.#networks = numbered(nodes.map(({ network }) => network));
    this.#countries = numbered([null, ...nodes.map(({ country }) => country)]);
    this.#asns = numbered([null, ...nodes.map(({ asn }) => asn)]);
    this.candidates = nodes
      .filter(({ standing }) => standing === 'vetted' || standing === 'unvetted')
      .toSorted((a, b) => b.freeBytes - a.freeBytes || (a.nodeId < b.nodeId ? -1 : 1))
      .map((node) => ({
        node,
        place: this.#placeOf(node),
        weight: weighed(node.freeBytes),
        offeredBytes: weighed(node.capacityBytes),
        usedBytes: usedOf(node),
      }));
    this.usedShare = sumOf(this.candidates, ({ usedBytes }) => usedBytes) / sumOf(this.candidates, ({ offeredBytes }) => offeredBytes);
    this.#weights = runningSum(this.candidates, () => true);
    this.#vetted = runningSum(this.candidates, ({ place }) => !place.unvetted);
    this.#anchors = runningSum(this.candidates, ({ place }) => place.anchor);
  }

  /** One slot more than there are operators and networks: for those of seats that the directory does not know. */
  get counts(): PlaceCounts {
    return {
      operator: this.#operators.size + 1,
      network: this.#networks.size + 1,
      country: this.#countries.size,
      asn: this.#asns.size,
      region: REGIONS.length,
    };
  }

  find(nodeId: string): DirectoryNode | undefined {
    return this.#byId.get(nodeId);
  }

  /** Where a seat's node stands. One that the directory has forgotten is known by operator and network alone. */
  placeOf({ nodeId, operator, network }: Seated): Place {
    return this.#placeOf(this.#byId.get(nodeId) ?? { ...UNMEASURED, operator, network });
  }

  /** How many candidates, from the first on, have so many bytes free. */
  countWithSpace(needBytes: number): number {
    return firstWhere(this.candidates.length, (i) => this.candidates[i]!.node.freeBytes < needBytes);
  }

  /** Weight of the first `count` candidates. */
  weightOf(count: number): number {
    return count === 0 ? 0 : this.#weights[count - 1]!;
  }

  /** The anchors' part of the weight of the vetted among the first `count` candidates, 0 to 1. */
  anchorShare(count: number): number {
    const vetted = count === 0 ? 0 : this.#vetted[count - 1]!;
    return vetted === 0 ? 0 : this.#anchors[count - 1]! / vetted;
  }

  /** One of the first `count` candidates, at least one, in proportion to weight. @param random - in (0, 1). */
  draw(count: number, random: number): Candidate {
    const at = random * this.weightOf(count);
    return this.candidates[firstWhere(count - 1, (i) => this.#weights[i]! > at)]!;
  }

  #placeOf(node: Whereabouts): Place {
    return {
      operator: this.#operators.get(node.operator) ?? this.#operators.size,
      network: this.#networks.get(node.network) ?? this.#networks.size,
      country: this.#countries.get(node.country)!,
      asn: this.#asns.get(node.asn)!,
      region: node.region === null ? null : regionOf(node.region),
      anchor: isAnchor(node),
      unvetted: node.standing === 'unvetted',
    };
  }
}

/** Each different value with a number, counted from 0. */
function numbered<T>(values: readonly T[]): Map<T, number> {
  const numbers = new Map<T, number>();
  for (const value of values) if (!numbers.has(value)) numbers.set(value, numbers.size);
  return numbers;
}

function runningSum(candidates: readonly Candidate[], counts: (candidate: Candidate) => boolean): Float64Array {
  const sums = new Float64Array(candidates.length);
  let sum = 0;
  for (const [i, candidate] of candidates.entries()) sums[i] = sum += counts(candidate) ? candidate.weight : 0;
  return sums;
}

/** The first of 0 to `count` − 1 of which `holds` is true, as it is of all after it; `count` where it is of none. */
function firstWhere(count: number, holds: (i: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

const weighed = (bytes: number): number => Math.min(MAX_WEIGHT_BYTES, Math.max(1, bytes));
const usedOf = ({ capacityBytes, freeBytes }: DirectoryNode): number => Math.min(MAX_WEIGHT_BYTES, Math.max(0, capacityBytes - freeBytes));
const sumOf = (candidates: readonly Candidate[], bytesOf: (candidate: Candidate) => number): number => candidates.reduce((sum, candidate) => sum + bytesOf(candidate), 0);
