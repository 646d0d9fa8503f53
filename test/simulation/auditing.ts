/**
 * The hourly audit of every node, through the coordinator's own rules. Which leaves are picked is not computed: they
 * fall evenly on all stored bytes (a test of `pickLeaves` holds it to that), so the number of wrong ones among n is
 * drawn from the binomial distribution. A test compares both ways. Who is back answers what it owed, and nothing else that hour.
 */
import { LOST_AFTER_EPOCHS, isVisitDue, leavesPerAudit, recordEpoch, recordVisit, standingOf, type EpochObservation } from '../../shared/policy/index.ts';
import { LEAF_SIZE_BYTES } from '../../shared/protocol/limits.ts';
import type { Network } from './network.ts';
import type { SimNode } from './sim-node.ts';

export function stepAudits(network: Network): void {
  const { hour, nodes } = network;
  for (const node of nodes) {
    if (node.isGone && node.reputation.disqualified !== null) continue;
    const owedBefore = node.reputation.owedSinceEpoch;
    network.judged(node, recordEpoch(node.reputation, observe(network, node)));
    const { owedSinceEpoch, leavingSinceEpoch } = node.reputation;
    const isLostNow = owedSinceEpoch !== null && hour - owedSinceEpoch === LOST_AFTER_EPOCHS;
    const isBackToLeave = leavingSinceEpoch !== null && owedBefore !== null && owedSinceEpoch === null;
    if (isLostNow || isBackToLeave) network.touch(node);
    visit(network, node);
  }
}

function observe(network: Network, node: SimNode): EpochObservation {
  const { hour: epoch, scenario } = network;
  const random = network.streams.audits;
  const heardShare = node.isUp ? 1 : 0;
  const leaves = Math.min(leavesPerAudit(standingOf(node.reputation)), Math.ceil(node.storedBytes / LEAF_SIZE_BYTES));
  if (leaves === 0) return { epoch, heardShare, provedLeaves: 0, wrongLeaves: 0, owes: false };
  const { behaviour } = node.traits;
  const hasDeleted = (behaviour === 'liar' || behaviour === 'silent liar') && node.hasTurned(epoch);
  if (behaviour === 'silent liar' && hasDeleted && !node.owesTheImpossible) node.owesTheImpossible = random.chance(1 - (1 - scenario.liarDeletes) ** leaves);
  if (!node.isUp || node.owesTheImpossible) return { epoch, heardShare, provedLeaves: 0, wrongLeaves: 0, owes: true };
  const missing = hasDeleted && behaviour === 'liar' ? scenario.liarDeletes : 0;
  const wrongLeaves = random.binomial(leaves, missing + (1 - missing) * scenario.honestFailureRate);
  return { epoch, heardShare, provedLeaves: leaves - wrongLeaves, wrongLeaves, owes: false };
}

function visit(network: Network, node: SimNode): void {
  const random = network.streams.visits;
  const { service, quarantined, owedSinceEpoch } = node.reputation;
  if (!isVisitDue(service, quarantined?.cause === 'service_refused', network.hour, random.next())) return;
  if (!node.isUp || owedSinceEpoch !== null) return;
  const served = node.servesDownloads(network.hour) && !random.chance(network.scenario.failedVisitRate);
  network.judged(node, recordVisit(node.reputation, { epoch: network.hour, shopper: random.pick(network.nodes).operator, served }));
}
