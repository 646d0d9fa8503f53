/** At most so many nodes of one network are in the directory: whoever holds one network's addresses cannot fill it. docs/protocol.md §10. */
import type { DirectoryNode } from '../../shared/policy/directory-node.ts';

export const MAX_NODES_PER_NETWORK = 16;

export interface KnownNode {
  readonly node: DirectoryNode;
  /** Since when it is known at its network. */
  readonly sinceMs: number;
}

/** What only those see who see all nodes, told to those who see a part. */
export interface Crowding {
  /** Networks that have no room for another node. */
  readonly full: readonly string[];
  /** Nodes that came when there was none. */
  readonly beyond: readonly Pick<DirectoryNode, 'nodeId' | 'network'>[];
}

export const NO_CROWDING: Crowding = { full: [], beyond: [] };

/** Keeps of each network the nodes that are known longest, equals by id. */
export function thinOut(known: readonly KnownNode[]): { nodes: DirectoryNode[]; crowding: Crowding } {
  const networks = Map.groupBy(known, ({ node }) => node.network);
  const nodes: DirectoryNode[] = [];
  const full: string[] = [];
  const beyond: Crowding['beyond'][number][] = [];
  for (const [network, members] of networks) {
    if (members.length >= MAX_NODES_PER_NETWORK) full.push(network);
    const ranked = members.length > MAX_NODES_PER_NETWORK ? members.toSorted(byAge) : members;
    for (const [rank, { node }] of ranked.entries()) {
      if (rank < MAX_NODES_PER_NETWORK) nodes.push(node);
      else beyond.push({ nodeId: node.nodeId, network });
    }
  }
  return { nodes, crowding: { full, beyond } };
}

const byAge = (a: KnownNode, b: KnownNode): number => a.sinceMs - b.sinceMs || (a.node.nodeId < b.node.nodeId ? -1 : 1);
