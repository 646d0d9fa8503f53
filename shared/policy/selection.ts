/**
 * Which nodes a transfer gets: pure over a snapshot of the directory, a clock and a seed, so that the coordinator, its
 * tests and a simulation choose alike. docs/protocol.md §4.
 */
import { SendError } from '../protocol/errors.ts';
import { TransferLayout, redundancyFor, type Redundancy } from '../protocol/layout.ts';
import { MAX_NODES, MIN_NODES } from '../protocol/limits.ts';

/** Nodes say themselves how much is free: more than this draws no more transfers to one of them. */
const MAX_WEIGHT_BYTES = 2 ** 40;

/** A node as the directory knows it. */
export interface DirectoryNode {
  /** b64 of 32 bytes. */
  readonly nodeId: string;
  readonly url: string;
  readonly operator: string;
  /** What `networkOf` says of its address. */
  readonly network: string;
  readonly capacityBytes: number;
  readonly freeBytes: number;
  readonly lastSeenMs: number;
}

export interface SelectionRules {
  readonly nowMs: number;
  /** Age of a heartbeat from which on its node counts as offline. */
  readonly onlineForMs: number;
  /** 16 bytes; the same seed and snapshot choose the same nodes. */
  readonly seed: Uint8Array;
  /** A network on one machine: its nodes may share host and operator. */
  readonly allowSharedHosts: boolean;
}

export interface Selection extends Redundancy {
  /** `totalShards` of them; the place in the list is the shard index. */
  readonly nodes: readonly DirectoryNode[];
}

export const isOnline = (node: Pick<DirectoryNode, 'lastSeenMs'>, nowMs: number, onlineForMs: number): boolean => nowMs - node.lastSeenMs < onlineForMs;

/**
 * Chooses a new transfer's nodes and with their number its redundancy.
 *
 * @throws SendError `network_too_small` when fewer than MIN_NODES are online with enough space.
 */
export function chooseNodes(directory: readonly DirectoryNode[], contentBytes: number, rules: SelectionRules): Selection {
  // Fewer nodes hold more each: the space that is asked for settles from above, since the number only falls.
  let eligible = directory.filter((node) => isOnline(node, rules.nowMs, rules.onlineForMs));
  for (;;) {
    if (eligible.length < MIN_NODES) throw new SendError('network_too_small');
    const fitting = withSpace(eligible, contentBytes, redundancyFor(Math.min(MAX_NODES, eligible.length)).requiredShards);
    const nodes = fitting.length < MIN_NODES ? [] : pickNodes(fitting, MAX_NODES, rules);
    if (nodes.length < MIN_NODES) throw new SendError('network_too_small');
    const redundancy = redundancyFor(nodes.length);
    if (withSpace(nodes, contentBytes, redundancy.requiredShards).length === nodes.length) return { ...redundancy, nodes };
    eligible = withSpace(fitting, contentBytes, redundancy.requiredShards);
  }
}

/** What keeps two nodes of one transfer apart. */
export type Neighbour = Pick<DirectoryNode, 'operator' | 'network'>;

/**
 * One more node for a transfer that has others.
 *
 * @param taken - nodes that the transfer keeps: none near them is chosen.
 * @param excluded - ids of those that it has or had.
 * @param needBytes - free space that it must have.
 */
export function chooseReplacement(
  directory: readonly DirectoryNode[],
  taken: readonly Neighbour[],
  excluded: ReadonlySet<string>,
  needBytes: number,
  rules: SelectionRules,
): DirectoryNode | null {
  const eligible = directory.filter((node) => !excluded.has(node.nodeId) && node.freeBytes >= needBytes && isOnline(node, rules.nowMs, rules.onlineForMs));
  return pickApart(eligible, 1, taken, rules)[0] ?? null;
}

function withSpace(nodes: readonly DirectoryNode[], contentBytes: number, requiredShards: number): DirectoryNode[] {
  const needBytes = new TransferLayout(contentBytes, requiredShards).shardBytesPerNode;
  return nodes.filter((node) => node.freeBytes >= needBytes);
}

/** Nodes apart from each other; where these are fewer than MIN_NODES, neighbours fill up to that: the network is too small to be choosy. */
function pickNodes(nodes: readonly DirectoryNode[], count: number, rules: SelectionRules): DirectoryNode[] {
  const apart = pickApart(nodes, count, [], rules);
  if (apart.length >= MIN_NODES) return apart;
  const chosen = new Set(apart);
  const rest = nodes.filter((node) => !chosen.has(node));
  return [...apart, ...pickApart(rest, MIN_NODES - apart.length, [], { ...rules, allowSharedHosts: true })];
}

/** At most one per operator and network, in an order drawn at random with free space as weight. @see Efraimidis and Spirakis 2006 */
function pickApart(nodes: readonly DirectoryNode[], count: number, taken: readonly Neighbour[], rules: SelectionRules): DirectoryNode[] {
  const random = randomFrom(rules.seed);
  const drawn = nodes.map((node) => ({ node, key: Math.log(random()) / weightOf(node) })).toSorted((a, b) => b.key - a.key);
  const operators = new Set(taken.map(({ operator }) => operator));
  const networks = new Set(taken.map(({ network }) => network));
  const picked: DirectoryNode[] = [];
  for (const { node } of drawn) {
    if (picked.length === count) break;
    if (!rules.allowSharedHosts && (operators.has(node.operator) || networks.has(node.network))) continue;
    operators.add(node.operator);
    networks.add(node.network);
    picked.push(node);
  }
  return picked;
}

const weightOf = ({ freeBytes }: DirectoryNode): number => Math.min(MAX_WEIGHT_BYTES, Math.max(1, freeBytes));

/** sfc32: a small generator whose whole state is the seed. Chooses nodes, protects nothing. @returns numbers in (0, 1). @see PractRand */
export function randomFrom(seed: Uint8Array): () => number {
  if (seed.length !== 16) throw new RangeError('a seed has 16 bytes');
  const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  let [a, b, c, counter] = [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return () => (next() + 0.5) / 2 ** 32;
}
