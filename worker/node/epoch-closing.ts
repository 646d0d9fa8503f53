/**
 * The end of an epoch, as one node's object sees it: how long the node was heard, what it proved, what follows. All of
 * it is written in one transaction, once; whatever breaks off before is done again with the same questions.
 */
import { auditSeed, beaconOf, isVisitDue, leavesPerAudit, pickLeaves, recordEpoch, standingOf, tallyAudit, type Reputation } from '../../shared/policy/index.ts';
import { asNodeId, decodeB64 } from '../../shared/protocol/bytes.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf, epochMsOf, onlineForMsOf } from '../environment.ts';
import { log } from '../http/log.ts';
import { signBeacon } from '../network/beacon.ts';
import { NO_TALLY } from '../network/day-tally.ts';
import { transferOf } from '../objects/named.ts';
import { holdAudit, rootsByTransfer, type JudgedLeaf, type OwedAudit } from './audits.ts';
import type { NodeContext } from './duties.ts';
import { skewMsOf } from './epoch-moments.ts';
import { heardShareOf } from './presence.ts';

/** For 4 MiB over a line of 0.3 Mbit/s; never a fourth of an epoch. */
const AUDIT_TIMEOUT_MS = 120_000;

/** @param epoch - whose moment has come. */
export async function closeEpoch(node: NodeContext, epoch: number): Promise<void> {
  const { env, nodeId, stores, write } = node;
  const epochMs = epochMsOf(env);
  const heardShare = heardShareOf(stores.presence.read(), epochMs);
  // Nobody was there to see: the node is asked nothing and blamed for nothing.
  if (heardShare === null) return write(() => stores.presence.close(epoch));

  const audit = await auditOf(node, epoch);
  const { url, lastSeenMs } = stores.registration.read();
  const nowMs = clock.nowMs();
  const isOnline = nowMs - lastSeenMs < onlineForMsOf(env);
  const terms = { nodeId, url, key: await coordinatorKeyOf(env), nowMs, timeoutMs: Math.min(AUDIT_TIMEOUT_MS, epochMs / 4) };
  const rootsOf = (leaves: OwedAudit['leaves']) => rootsByTransfer(leaves, (transferId, own) => transferOf(env, transferId).auditRoots(nodeId, own));
  const judged = audit === null ? [] : await holdAudit(audit, rootsOf, isOnline ? terms : null);
  write(() => enter(node, epoch, heardShare, judged));
}

/** What the node is asked: what it owes, else leaves that this epoch's beacon picks. Null where it holds nothing. */
async function auditOf({ env, nodeId, stores, write }: NodeContext, epoch: number): Promise<OwedAudit | null> {
  const beacon = beaconOf(await signBeacon(env, epoch));
  const nowMs = clock.nowMs();
  const epochMs = epochMsOf(env);
  const expiresAfterMs = nowMs + skewMsOf(epochMs);
  const keptUntilMs = (transferId: string): number => stores.holdings.find(transferId)?.expiresAtMs ?? stores.audits.declaredUntilMs(transferId) ?? 0;
  const owed = stores.audits.owed((transferId) => keptUntilMs(transferId) > expiresAfterMs);
  if (owed !== null) return owed;
  const seed = auditSeed(beacon, asNodeId(decodeB64(nodeId)), epoch);
  const leaves = pickLeaves(seed, stores.holdings.inventory(expiresAfterMs), leavesPerAudit(standingOf(stores.reputation.read())));
  if (leaves.length === 0) return null;
  const audit = { epoch, leaves };
  write(() => stores.audits.ask(audit));
  return audit;
}

/** Inside a transaction. The record is read again: time has passed. */
function enter({ stores }: NodeContext, epoch: number, heardShare: number, leaves: readonly JudgedLeaf[]): void {
  const { closedEpoch } = stores.presence.read();
  if (closedEpoch >= epoch) return;
  stores.presence.close(epoch);
  const nowMs = clock.nowMs();
  const tally = tallyAudit(leaves.map(({ outcome }) => outcome));
  const judged = recordEpoch(sinceWatched(stores.reputation.read(), epoch), { epoch, heardShare, ...tally });
  stores.take(judged, nowMs);
  const audits = { proved: tally.provedLeaves, wrong: tally.wrongLeaves, unanswered: tally.owes ? leaves.length : 0 };
  if (leaves.length > 0) {
    stores.errands.note({ to: 'tally', tally: { ...NO_TALLY, audits }, epoch });
    log({ event: 'audit', ...audits });
  }
  if (!tally.owes) {
    stores.audits.settle();
    for (const { leaf, outcome } of leaves)
      if (outcome === 'wrong' && stores.holdings.find(leaf.transferId) !== undefined) stores.countedLosses.note(leaf.transferId, leaf.segment, epoch);
  }
  // Only who has just answered is visited: one that is away refuses nothing.
  if (tally.owes || leaves.length === 0) return;
  const { record } = judged;
  if (!isVisitDue(record.service, record.quarantined !== null, epoch, Math.random())) return;
  const transferId = stores.holdings.drawByBytes(Math.random());
  if (transferId !== null) stores.errands.note({ to: 'visit', transferId });
}

/** Epochs that nobody watched make nothing that is owed older. */
function sinceWatched(record: Reputation, epoch: number): Reputation {
  const unwatched = epoch - record.epoch - 1;
  return record.owedSinceEpoch === null || unwatched <= 0 ? record : { ...record, owedSinceEpoch: record.owedSinceEpoch + unwatched };
}
