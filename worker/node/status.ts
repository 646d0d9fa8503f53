/** What a node's operator may read of it. docs/protocol.md §10, standing. */
import { appealFromEpoch, type Reputation } from '../../shared/policy/index.ts';
import type { NodeStatus } from '../../shared/protocol/node-status.ts';
import { judgementOf, type NodeStores } from './stores.ts';

export function nodeStatusOf(stores: NodeStores, record: Reputation, epochMs: number): NodeStatus {
  const { url, operator, version, capacityBytes, freeBytes, registeredAtMs, lastSeenMs } = stores.registration.read();
  const beginMs = (epoch: number | null): number | null => (epoch === null ? null : epoch * epochMs);
  return {
    nodeId: stores.registration.nodeId(),
    operator,
    version,
    url,
    ...judgementOf(record),
    provedLeaves: record.provedLeaves,
    wrongLeaves: record.wrongLeaves,
    epochMs,
    owedSinceMs: beginMs(record.owedSinceEpoch),
    appealFromMs: beginMs(appealFromEpoch(record)),
    holdings: stores.holdings.totals(),
    capacityBytes,
    freeBytes: Math.min(freeBytes, capacityBytes),
    registeredAtMs,
    lastSeenMs,
    history: stores.reputation.history(),
  };
}
