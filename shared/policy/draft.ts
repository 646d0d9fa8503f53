/**
 * One round of choosing: seat after seat goes to a node that breaks the least rules, drawn by free bytes, or to a rival
 * that is better or less strained (decision 0010). Drawing looks at a few nodes; only where hardly any fit are all looked through.
 */
import { isOnline, type DirectoryNode } from './directory-node.ts';
import type { Candidate, DirectoryIndex, Seated } from './directory-index.ts';
import { HARD_RULES, Tally, capsFor } from './placement-rules.ts';
import { qualityOf } from './quality.ts';
import type { GeoPoint } from './geography.ts';
import { redundancyFor } from '../protocol/layout.ts';
import { MIN_NODES } from '../protocol/limits.ts';

/** Draws for a seat before all nodes are looked through. */
const MAX_DRAWS = 128;
/** A node is strained where, with the new shards, it would hold more than this many times its part of what the network holds. */
const STRAIN = 2;
/** How many rivals more are drawn while the best is strained. */
const MORE_RIVALS = 6;
/** Nodes that a look at all found are kept as the pool of the next seats where drawing would rarely hit one: with less than this part of the weight. */
const POOL_SHARE = 1 / 16;

export interface DraftTerms {
  readonly nowMs: number;
  /** Age of a heartbeat from which on its node counts as offline. */
  readonly onlineForMs: number;
  /** A network on one machine: its nodes may share host and operator. */
  readonly allowSharedHosts: boolean;
  /** Where the sender is; null where unknown, or where nobody sends. */
  readonly sender: GeoPoint | null;
}

export interface DraftOrder {
  /** Nodes that the transfer keeps: rules count them in. */
  readonly kept: readonly Seated[];
  /** Ids that are not to be chosen; those of `kept` go without saying. */
  readonly excluded: ReadonlySet<string>;
  /** Seats to fill. */
  readonly count: number;
  /** Free space that each node must have. */
  readonly needBytes: number;
}

export interface Drafted {
  /** At most `count`, in the order in which they were chosen. */
  readonly nodes: readonly DirectoryNode[];
  /** The rules that they break, together with those kept, as a sum of bits. */
  readonly broken: number;
  /** How many candidates were looked at. */
  readonly examined: number;
}

/** @param random - yields numbers in (0, 1). */
export function draftNodes(index: DirectoryIndex, order: DraftOrder, terms: DraftTerms, random: () => number): Drafted {
  const draft = new Draft(index, order, terms, random);
  while (draft.nodes.length < order.count && draft.fillSeat());
  return draft;
}

class Draft implements Drafted {
  readonly nodes: DirectoryNode[] = [];
  broken = 0;
  examined = 0;
  readonly #index: DirectoryIndex;
  readonly #terms: DraftTerms;
  readonly #random: () => number;
  readonly #keptCount: number;
  readonly #needBytes: number;
  /** Candidates that have the space. */
  readonly #fitting: number;
  readonly #tally: Tally;
  readonly #taken: Set<string>;
  /** No candidate that is left breaks less than this; and so it will stay, since rules are upper bounds. */
  #floor = 0;
  /** All that break no more than that, where they are few. */
  #pool: readonly Candidate[] | null = null;

  constructor(index: DirectoryIndex, { kept, excluded, count, needBytes }: DraftOrder, terms: DraftTerms, random: () => number) {
    this.#index = index;
    this.#terms = terms;
    this.#random = random;
    this.#keptCount = kept.length;
    this.#needBytes = needBytes;
    this.#fitting = index.countWithSpace(needBytes);
    this.#tally = new Tally(index.counts, capsFor(redundancyFor(Math.max(MIN_NODES, kept.length + count)), index.anchorShare(this.#fitting)));
    this.#taken = new Set(excluded);
    for (const seat of kept) {
      this.#tally.add(index.placeOf(seat));
      this.#taken.add(seat.nodeId);
    }
  }

  /** @returns false when nobody is left who may have it. */
  fillSeat(): boolean {
    const pick = this.#pick();
    if (pick === null) return false;
    this.broken |= this.#tally.breachOf(pick.place);
    this.#tally.add(pick.place);
    this.#taken.add(pick.node.nodeId);
    this.nodes.push(pick.node);
    return true;
  }

  /**
   * One drawn from those that break the least, or its rival where that is better. The rival is drawn from all, once: where
   * few may be chosen, their part is large already, and picking the best of them would double it.
   */
  #pick(): Candidate | null {
    const whole = this.#index.weightOf(this.#fitting);
    if (this.#pool === null && this.#fitting > MAX_DRAWS) {
      for (let i = 0; i < MAX_DRAWS; i++) {
        const first = this.#drawFromAll();
        if (first !== null) return this.#bestOf(first, () => this.#drawFromAll());
      }
    }
    let pool = (this.#pool ?? []).filter((candidate) => this.#breachOf(candidate) === this.#floor);
    if (pool.length === 0) pool = this.#leastBreaking();
    if (pool.length === 0) return null;
    const weight = pool.reduce((sum, candidate) => sum + candidate.weight, 0);
    this.#pool = this.#fitting > MAX_DRAWS && weight >= whole * POOL_SHARE ? null : pool;
    return this.#bestOf(drawFrom(pool, weight * this.#random()) ?? pool[0]!, () => drawFrom(pool, whole * this.#random()));
  }

  /** @returns null where the one drawn breaks more than the least, or cannot be chosen. */
  #drawFromAll(): Candidate | null {
    const candidate = this.#index.draw(this.#fitting, this.#random());
    return this.#breachOf(candidate) === this.#floor ? candidate : null;
  }

  /** Looks at all, and raises the floor to what the best of them break. */
  #leastBreaking(): Candidate[] {
    let least: Candidate[] = [];
    this.#floor = Infinity;
    for (let i = 0; i < this.#fitting; i++) {
      const candidate = this.#index.candidates[i]!;
      const breach = this.#breachOf(candidate);
      if (breach < this.#floor) {
        this.#floor = breach;
        least = [];
      }
      if (breach === this.#floor && breach !== Infinity) least.push(candidate);
    }
    return least;
  }

  /** The rules that choosing it would break; Infinity where it cannot be chosen. */
  #breachOf({ node, place }: Candidate): number {
    this.examined += 1;
    const { nowMs, onlineForMs, allowSharedHosts } = this.#terms;
    if (!isOnline(node, nowMs, onlineForMs) || this.#taken.has(node.nodeId)) return Infinity;
    const breach = this.#tally.breachOf(place);
    const mayShare = allowSharedHosts || this.#keptCount + this.nodes.length < MIN_NODES;
    return (breach & HARD_RULES) !== 0 && !mayShare ? Infinity : breach;
  }

  /** @param drawRival - null where the one drawn may not be chosen. */
  #bestOf(first: Candidate, drawRival: () => Candidate | null): Candidate {
    const { sender } = this.#terms;
    const worth = (candidate: Candidate): number => qualityOf(candidate.node, sender) * this.#room(candidate);
    const rival = drawRival();
    let best = rival !== null && worth(rival) > worth(first) ? rival : first;
    for (let more = MORE_RIVALS; more > 0 && this.#room(best) < 1; more--) {
      const roomier = drawRival();
      if (roomier !== null && this.#room(roomier) > this.#room(best)) best = roomier;
    }
    return best;
  }

  /** 1 where the shards would not strain the node, less the more they would. In a network that holds nothing nobody is strained. */
  #room({ usedBytes, offeredBytes }: Candidate): number {
    const { usedShare } = this.#index;
    return usedShare === 0 ? 1 : Math.min(1, (STRAIN * usedShare * offeredBytes) / (usedBytes + this.#needBytes));
  }
}

/** @param at - a running sum of weights. @returns null beyond the last. */
function drawFrom(pool: readonly Candidate[], at: number): Candidate | null {
  let sum = 0;
  return pool.find((candidate) => (sum += candidate.weight) > at) ?? null;
}
