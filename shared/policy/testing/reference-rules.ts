/** The rules of placement as a person would count them, beside the tally that counts as it goes. */
import { redundancyFor } from '../../protocol/layout.ts';
import { isAnchor, type DirectoryNode } from '../directory-node.ts';
import { regionOf } from '../geography.ts';
import { PLACEMENT_RULES, type PlacementRule } from '../placement-rules.ts';

const fullest = (groups: readonly unknown[]): number => Math.max(0, ...[...new Set(groups)].map((group) => groups.filter((other) => other === group).length));

const isKept: Readonly<Record<PlacementRule, (nodes: readonly DirectoryNode[], size: number) => boolean>> = {
  anchors: (nodes, size) => nodes.filter((node) => !isAnchor(node)).length <= size / 2,
  region: (nodes, size) => {
    const most = size - redundancyFor(size).requiredShards;
    const placed = nodes.filter(({ region }) => region !== null);
    const unplaced = nodes.length - placed.length;
    return unplaced <= Math.max(1, 2 * most - size) && unplaced + fullest(placed.map(({ region }) => regionOf(region!))) <= most;
  },
  country: (nodes, size) => fullest(nodes.map(({ country }) => country)) <= Math.max(1, size * 0.5),
  asn: (nodes, size) => fullest(nodes.map(({ asn }) => asn)) <= Math.max(1, size * 0.25),
  unvetted: (nodes, size) => nodes.filter(({ standing }) => standing === 'unvetted').length <= Math.max(1, Math.floor(size / 12)),
  network: (nodes) => fullest(nodes.map(({ network }) => network)) <= 1,
  operator: (nodes) => fullest(nodes.map(({ operator }) => operator)) <= 1,
};

/** The rules of a transfer on `size` nodes that some of them break. */
export const brokenRules = (nodes: readonly DirectoryNode[], size = nodes.length): PlacementRule[] => PLACEMENT_RULES.filter((rule) => !isKept[rule](nodes, size));
