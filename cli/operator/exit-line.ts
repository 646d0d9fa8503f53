/** What is left on a node that is leaving, for its operator: how much, what it waits for, and until when at the latest. */
import type { NodeStatus } from '../../shared/protocol/index.ts';
import { formatBytes } from '../progress-line.ts';
import { count, moment } from './status-text.ts';

/** Longer without a heartbeat, and an operator is told that the node should run. */
const SILENT_MS = 5 * 60_000;

/** @returns one line, without its end; null where nothing is left. */
export function exitLine({ holdings, lastSeenMs }: Pick<NodeStatus, 'holdings' | 'lastSeenMs'>, nowMs: number): string | null {
  const { transfers, bytes, lastExpiresAtMs } = holdings;
  if (transfers === 0) return null;
  const last = lastExpiresAtMs === null ? '' : transfers === 1 ? `, ${moment(lastExpiresAtMs)}` : `; the last expires ${moment(lastExpiresAtMs)}`;
  const waits = `${transfers === 1 ? 'It' : 'Each'} waits for another node with room to take it over, or until it expires${last}.`;
  const warning = nowMs - lastSeenMs > SILENT_MS ? ` The node was last heard ${moment(lastSeenMs)}: start it, or others must rebuild what it holds.` : '';
  return `Still here: ${formatBytes(bytes)} of ${count(transfers, 'transfer')}. ${waits}${warning}`;
}
