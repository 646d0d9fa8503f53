/**
 * What happens to a node's reputation, event by event: pure functions from one record to the next and, where its
 * standing changed, to the reason. The numbers and how they were measured: docs/decisions/0006-memory-in-leaves.md.
 */
import { MAX_PACE_RATIO } from '../protocol/limits.ts';
import { measureAvailability } from './availability.ts';
import { noteFailedHandover, noteForgery } from './handovers.ts';
import { STRANDED_AFTER_EPOCHS, OWED_EPOCHS_TO_SUSPEND, judge, type Judged } from './judgement.ts';
import { LEAF_MEMORY, newReputation, standingOf, type Reputation } from './reputation-record.ts';
import { noteRefusal, noteVisit, type Visit } from './service.ts';
import type { StandingReason } from './standing-reasons.ts';
import type { Word } from './word-list.ts';

/** Part of an epoch in which a node must be heard to count as online in it. */
const HEARD_SHARE = 0.5;
/** Wrong leaves that losing everything comes to; a part of it comes to its part of them. */
const LEAVES_OF_A_DECLARED_LOSS = 64;
/** How long after a disqualification an appeal is heard: each one granted doubles it. */
export const APPEAL_WAIT_EPOCHS = 7 * 24;
/** A relative speed moves by this part towards each new measurement, in its logarithm. */
const SPEED_STEP = 1 / 16;

/** What one epoch showed of a node. */
export interface EpochObservation {
  readonly epoch: number;
  /** Part of the epoch in which its heartbeats came, 0 to 1. */
  readonly heardShare: number;
  /** Leaves of every audit that was answered in full, this epoch's and owed ones. */
  readonly provedLeaves: number;
  readonly wrongLeaves: number;
  /** Whether leaves that were asked of it, in this epoch or before, are still unanswered. */
  readonly owes: boolean;
}

/**
 * Takes in one epoch and judges the node. The same epoch again changes nothing: alarms may repeat. Epochs that are
 * left out count as not measured, so that an outage of the coordinator's suspends nobody.
 */
export function recordEpoch(record: Reputation, seen: EpochObservation): Judged {
  if (seen.epoch <= record.epoch) return { record, change: null };
  const isHeard = seen.heardShare >= HEARD_SHARE;
  const owedWhileHeard = seen.owes ? record.owedWhileHeard + (isHeard ? 1 : 0) : 0;
  // Who is there and does not answer is not there.
  const share = owedWhileHeard >= OWED_EPOCHS_TO_SUSPEND ? 0 : seen.heardShare;
  const leaves = seen.provedLeaves + seen.wrongLeaves;
  if (isHeard && !seen.owes && leaves === 0 && isStranded(record, seen.epoch))
    return restart(record, seen.epoch, { code: 'quarantine_lapsed', epochs: seen.epoch - record.quarantined!.sinceEpoch });
  const weighed = weighLeaves(record, seen.provedLeaves, seen.wrongLeaves);
  return judge(record, {
    ...weighed,
    epoch: seen.epoch,
    availability: measureAvailability(record.availability, seen.epoch, share),
    owedSinceEpoch: seen.owes ? (record.owedSinceEpoch ?? seen.epoch) : null,
    owedWhileHeard,
    quarantined: record.quarantined === null ? null : { ...record.quarantined, leaves: record.quarantined.leaves + leaves },
  });
}

/** In quarantine for long: where its transfers ended meanwhile it can prove nothing, since it gets no new ones. */
const isStranded = ({ quarantined, disqualified }: Reputation, epoch: number): boolean =>
  disqualified === null && quarantined !== null && epoch - quarantined.sinceEpoch >= STRANDED_AFTER_EPOCHS;

/** A fresh start as an unvetted node. */
function restart(record: Reputation, epoch: number, reason: StandingReason): Judged {
  const fresh: Reputation = { ...newReputation(epoch), speed: record.speed, leavingSinceEpoch: record.leavingSinceEpoch, appeals: record.appeals };
  return { record: fresh, change: { epoch, from: standingOf(record), to: standingOf(fresh), reason } };
}

/**
 * Takes in that a node said itself, when inventories were compared, that it lost part of what it held. Of the rest it
 * proves nothing: else small losses, told one after another, would wash a record clean.
 *
 * @param share - part of its bytes, 0 to 1.
 */
export function recordDeclaredLoss(record: Reputation, share: number): Judged {
  const { a, b } = weighLeaves(record, 0, share * LEAVES_OF_A_DECLARED_LOSS);
  return judge(record, { ...record, a, b });
}

/** A refusal while the node owed an audit was an absence and is not noted. */
export function recordRefusal(record: Reputation, report: Word): Judged {
  const service = noteRefusal(record.service, report);
  if (record.owedSinceEpoch !== null || service === record.service) return { record, change: null };
  return judge(record, { ...record, service });
}

/** A mystery shopper's visit; see `noteVisit`. A refusal while the node owed an audit was an absence and is not noted. */
export function recordVisit(record: Reputation, visit: Visit): Judged {
  if (!visit.served && record.owedSinceEpoch !== null) return { record, change: null };
  return judge(record, { ...record, service: noteVisit(record.service, visit) });
}

/** Rebuilt shards did not get through at the node, from it or to it, and did without it. A word: see `noteFailedHandover`. */
export function recordFailedHandover(record: Reputation, word: Word): Judged {
  const handovers = noteFailedHandover(record.handovers, word);
  return handovers === record.handovers ? { record, change: null } : judge(record, { ...record, handovers });
}

/** The node passed on a receipt that its node never signed: proved by its own signed report, which the coordinator has checked. */
export function recordForgery(record: Reputation, forgery: Omit<Word, 'source'>): Judged {
  const handovers = noteForgery(record.handovers, forgery);
  return handovers === record.handovers ? { record, change: null } : judge(record, { ...record, handovers });
}

/** @param ratio - the node's rate over the median rate of the same transfer's nodes; one client's word, so it moves little. */
export function recordSpeed(record: Reputation, ratio: number): Reputation {
  const bounded = Math.min(MAX_PACE_RATIO, Math.max(1 / MAX_PACE_RATIO, ratio));
  const { log2, samples } = record.speed;
  const step = Math.max(SPEED_STEP, 1 / (samples + 1));
  return { ...record, speed: { log2: log2 + step * (Math.log2(bounded) - log2), samples: samples + 1 } };
}

/** The operator winds the node down. Once said it stays said: who wants to stay registers a new key. */
export function announceExit(record: Reputation): Judged {
  return record.leavingSinceEpoch === null ? judge(record, { ...record, leavingSinceEpoch: record.epoch }) : { record, change: null };
}

/** @returns the first epoch in which an appeal is heard, or null where there is nothing to appeal against. */
export const appealFromEpoch = (record: Reputation): number | null => (record.disqualified === null ? null : record.disqualified.epoch + APPEAL_WAIT_EPOCHS * 2 ** record.appeals);

/** A fresh start as an unvetted node, once `appealFromEpoch` is reached; before that, and where there is nothing to appeal against, no change. */
export function appeal(record: Reputation, epoch: number): Judged {
  const fromEpoch = appealFromEpoch(record);
  if (fromEpoch === null || epoch < fromEpoch) return { record, change: null };
  return restart({ ...record, appeals: record.appeals + 1 }, epoch, { code: 'appeal_granted', appeals: record.appeals + 1 });
}

/** The order of leaves within an epoch is not known: the wrong ones are spread evenly among the others. */
function weighLeaves(record: Reputation, proved: number, wrong: number): Reputation {
  const leaves = proved + wrong;
  if (leaves === 0) return record;
  const kept = LEAF_MEMORY ** leaves;
  const added = (1 - kept) / (1 - LEAF_MEMORY) / leaves;
  return {
    ...record,
    a: record.a * kept + proved * added,
    b: record.b * kept + wrong * added,
    provedLeaves: record.provedLeaves + proved,
    wrongLeaves: record.wrongLeaves + wrong,
  };
}
