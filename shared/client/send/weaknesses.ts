/** What rules that a placement does not keep mean for the transfer. docs/protocol.md §4; docs/decisions/0005-order-of-relaxation.md. */
import { MAX_NODES } from '../../protocol/limits.ts';
import type { SendResult } from '../types.ts';

/**
 * One for each kind of rule: whose the nodes are (some share an operator), where they stand (many in one region, country,
 * system or network), who they are (many new; or few always online).
 */
export type Weakness = 'operators' | 'places' | 'newcomers' | 'absences';

/** @returns what a sender should weigh, the gravest first; nothing for rules that this program does not know. */
export function weaknessesOf({ totalShards, survives, relaxed }: SendResult['placement']): Weakness[] {
  const found: Weakness[] = [];
  if (survives.operators < survives.nodes) found.push('operators');
  if (['region', 'country', 'asn', 'network'].some((rule) => relaxed.includes(rule))) found.push('places');
  if (relaxed.includes('unvetted')) found.push('newcomers');
  // 24 homes alone, each up 80% of the time, serve all but 7 of 10^6 downloads: anchors count where there are fewer.
  else if (relaxed.includes('anchors') && totalShards < MAX_NODES) found.push('absences');
  return found;
}
