/** The rules of placement as a person would count them, beside the tally that counts as it goes. */
import { isAnchor, type DirectoryNode } from '../directory-node.ts';
import { regionOf } from '../geography.ts';
import { PLACEMENT_RULES, type PlacementRule } from '../placement-rules.ts';

const fullest = (groups: readonly unknown[]): number => Math.max(0, ...[...new Set(groups)].map((group) => groups.filter((other) => other === group).length));

const isKept: Readonly<Record<PlacementRule, (nodes: readonly DirectoryNode[]) => boolean>> = {
  anchors: (nodes) => nodes.filter(isAnchor).length >= nodes.length / 2,
  region: (nodes) => {
    const known = nodes.filter(({ region }) => region !== null);
    const outside = known.length - fullest(known.map(({ region }) => regionOf(region!)));
    return outside >= nodes.length * 0.3;
  },
  country: (nodes) => fullest(nodes.map(({ country }) => country)) <= Math.max(1, nodes.length * 0.5),
  asn: (nodes) => fullest(nodes.map(({ asn }) => asn)) <= Math.max(1, nodes.length * 0.25),
  unvetted: (nodes) => nodes.filter(({ standing }) => standing === 'unvetted').length <= Math.max(1, Math.floor(nodes.length / 12)),
  network: (nodes) => fullest(nodes.map(({ network }) => network)) <= 1,
  operator: (nodes) => fullest(nodes.map(({ operator }) => operator)) <= 1,
};

/** The rules that a transfer on these nodes would break. */
export const brokenRules = (nodes: readonly DirectoryNode[]): PlacementRule[] => PLACEMENT_RULES.filter((rule) => !isKept[rule](nodes));
