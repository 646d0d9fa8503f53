/** Which of two nodes serves a transfer better. */
import type { DirectoryNode } from './directory-node.ts';
import { FARTHEST_KM, distanceKm, type GeoPoint } from './geography.ts';

/** A node this much slower or faster than the median counts no further: senders cancel the slowest and recipients pass them over. */
const SLOWEST = 1 / 2;
const FASTEST = 2;
/** Integrity is close to 1 wherever a node may be chosen: to this power, one at the edge of quarantine (0.97) counts three quarters. */
const INTEGRITY_POWER = 10;
/** A node on the other side of the Earth counts half. */
const FAR_PART = 1 / 2;

/**
 * How good a node is for a sender, comparable only between nodes.
 *
 * @param sender - null where unknown: then nearness says nothing.
 * @returns 0 to √2: integrity^10 × availability × √speed × nearness.
 */
export function qualityOf(node: Pick<DirectoryNode, 'integrity' | 'availability' | 'speed' | 'region'>, sender: GeoPoint | null): number {
  const pace = Math.sqrt(Math.min(FASTEST, Math.max(SLOWEST, node.speed ?? 1)));
  return node.integrity ** INTEGRITY_POWER * node.availability * pace * nearness(node.region, sender);
}

/** From 1 at the sender's door down to FAR_PART; a node that does not say where it stands counts as half way. */
function nearness(region: GeoPoint | null, sender: GeoPoint | null): number {
  if (sender === null) return 1;
  const part = region === null ? 1 / 2 : distanceKm(region, sender) / FARTHEST_KM;
  return 1 - (1 - FAR_PART) * part;
}
