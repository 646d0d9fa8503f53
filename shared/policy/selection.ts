/**
 * Which nodes a transfer gets: pure over a snapshot of the directory, a clock and a seed, so that the coordinator, its
 * tests and a simulation choose alike. docs/protocol.md §4.
 */
import { SendError } from '../protocol/errors.ts';
import { TransferLayout, redundancyFor, type Redundancy } from '../protocol/layout.ts';
import { MAX_NODES, MIN_NODES } from '../protocol/limits.ts';
import type { DirectoryIndex, Seated } from './directory-index.ts';
import { isAnchor, type DirectoryNode } from './directory-node.ts';
import { draftNodes, type DraftTerms } from './draft.ts';
import { PLACEMENT_RULES, rulesIn, type PlacementRule } from './placement-rules.ts';
import { randomFrom } from './random.ts';
import { lossesSurvived } from './resilience.ts';

export interface SelectionTerms extends DraftTerms {
  /** 16 bytes; the same seed and snapshot choose the same nodes. */
  readonly seed: Uint8Array;
}

export interface Selection extends Redundancy {
  /** `totalShards` of them; the place in the list is the shard index. */
  readonly nodes: readonly DirectoryNode[];
  /** Rules that these nodes do not keep, in the order in which rules give way; empty where the network is large enough. */
  readonly relaxed: readonly PlacementRule[];
  /** How many nodes, and how many operators with all their nodes, can be lost at worst once every shard is stored. */
  readonly survives: { readonly nodes: number; readonly operators: number };
}

/**
 * Chooses a new transfer's nodes and with their number its redundancy: as many as are apart by operator and network.
 *
 * @throws SendError `network_too_small` when fewer than MIN_NODES are online with enough space.
 */
export function chooseNodes(directory: DirectoryIndex, contentBytes: number, terms: SelectionTerms): Selection {
  const random = randomFrom(terms.seed);
  // Fewer nodes hold more each: the number that fits settles from above.
  let size = MAX_NODES;
  while (size >= MIN_NODES) {
    const redundancy = redundancyFor(size);
    const needBytes = new TransferLayout(contentBytes, redundancy.requiredShards).shardBytesPerNode;
    const { nodes, broken } = draftNodes(directory, { kept: [], excluded: new Set(), count: size, needBytes }, terms, random);
    if (nodes.length === size) return { ...redundancy, nodes, relaxed: relaxedBy(nodes, broken), survives: survivedBy(nodes, redundancy.requiredShards) };
    size = nodes.length;
  }
  throw new SendError('network_too_small');
}

/**
 * Nodes for seats of a transfer that keeps others.
 *
 * @param kept - the nodes that it keeps: with them, the new ones keep the rules of a transfer of `kept.length + count`.
 * @param excluded - ids of others that it had.
 * @param needBytes - free space that each must have.
 * @returns at most `count`, none where the network has none to give.
 */
export function chooseReplacements(
  directory: DirectoryIndex,
  kept: readonly Seated[],
  excluded: ReadonlySet<string>,
  count: number,
  needBytes: number,
  terms: SelectionTerms,
): readonly DirectoryNode[] {
  return draftNodes(directory, { kept, excluded, count, needBytes }, terms, randomFrom(terms.seed)).nodes;
}

/** A network with few anchors is asked for fewer, and still says so. */
function relaxedBy(nodes: readonly DirectoryNode[], broken: number): PlacementRule[] {
  const rules = new Set<PlacementRule>(rulesIn(broken));
  if (nodes.filter(isAnchor).length < nodes.length / 2) rules.add('anchors');
  return PLACEMENT_RULES.filter((rule) => rules.has(rule));
}

const survivedBy = (nodes: readonly DirectoryNode[], requiredShards: number): Selection['survives'] => ({
  nodes: nodes.length - requiredShards,
  operators: lossesSurvived(
    nodes.map(({ operator }) => operator),
    requiredShards,
  ),
});
