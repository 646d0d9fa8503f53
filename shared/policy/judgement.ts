/**
 * The rules that turn a node's record into its standing. Integrity falls by wrong answers alone and never by silence,
 * presence by silence alone, service by refused downloads that strangers confirm, handovers by forged receipts and by what
 * many others could hand over and this node could not.
 */
import { LEAVES_PER_QUARANTINE_AUDIT } from './audit.ts';
import { MAX_WINDOWS, availabilityOf } from './availability.ts';
import { doubtOf, hasForgedForGood, witnessesOf } from './handovers.ts';
import { integrityOf, standingOf, type Reputation } from './reputation-record.ts';
import { VISITS_TO_ACQUIT, isRefusing, refusedShoppersOf, reportersOf } from './service.ts';
import type { StandingChange, StandingReason } from './standing-reasons.ts';

export const QUARANTINE_AT = 0.97;
export const DISQUALIFY_AT = 0.92;
/** Where a quarantine for wrong answers ends, after MIN_QUARANTINE_EPOCHS at least. */
export const QUARANTINE_ENDS_AT = 0.985;
export const MIN_QUARANTINE_EPOCHS = 24;
/**
 * A week of audits in quarantine, answered without recovering, ends in disqualification: so falls who keeps missing 3 to
 * 8%, or keeps refusing. Leaves count and not hours: nobody is condemned for being offline, or for holding little.
 */
export const MAX_QUARANTINE_LEAVES = 7 * 24 * LEAVES_PER_QUARANTINE_AUDIT;
/** After so long in quarantine a node that holds nothing to prove starts again. */
export const STRANDED_AFTER_EPOCHS = 7 * 24;

export const SUSPEND_BELOW = 0.6;
export const SUSPENSION_ENDS_AT = 0.65;
/** A whole week of windows: a home is not judged by its first nights. */
const MIN_WINDOWS_TO_SUSPEND = MAX_WINDOWS - 1;
/** Epochs in which a node was heard and still owed an audit, from which on it is suspended. One may be bad luck. */
export const OWED_EPOCHS_TO_SUSPEND = 2;

export const MIN_AGE_TO_VET_EPOCHS = 7 * 24;
/** As many as integrity remembers: the credit of the first day is then earned. */
export const MIN_LEAVES_TO_VET = 200;

/** A record after an event, and what the operator is to be told, if anything. */
export interface Judged {
  readonly record: Reputation;
  readonly change: StandingChange | null;
}

/** Applies every rule to `seen`, the record after an event, whose verdicts are still those of `before`. */
export function judge(before: Reputation, seen: Reputation): Judged {
  if (seen.disqualified !== null) return { record: seen, change: null };
  const suspended = judgePresence(seen);
  const quarantined = judgeTrust(seen);
  const disqualified = judgeRight(seen, quarantined);
  const isVetted = seen.isVetted || (seen.epoch - seen.sinceEpoch >= MIN_AGE_TO_VET_EPOCHS && seen.provedLeaves >= MIN_LEAVES_TO_VET);
  const isSame = suspended === seen.suspended && quarantined === seen.quarantined && disqualified === null && isVetted === seen.isVetted;
  const record = isSame ? seen : { ...seen, suspended, quarantined, disqualified, isVetted };
  const [from, to] = [standingOf(before), standingOf(record)];
  return { record, change: from === to ? null : { epoch: record.epoch, from, to, reason: reasonOf(before, record) } };
}

function judgePresence(record: Reputation): Reputation['suspended'] {
  if (record.owedWhileHeard >= OWED_EPOCHS_TO_SUSPEND) return 'audit_owed';
  if (record.availability.closed.length < MIN_WINDOWS_TO_SUSPEND) return null;
  const threshold = record.suspended === 'availability_low' ? SUSPENSION_ENDS_AT : SUSPEND_BELOW;
  return availabilityOf(record.availability) < threshold ? 'availability_low' : null;
}

function judgeTrust(record: Reputation): Reputation['quarantined'] {
  const { quarantined } = record;
  if (quarantined === null) {
    if (integrityOf(record) <= QUARANTINE_AT) return { cause: 'integrity_low', sinceEpoch: record.epoch, leaves: 0 };
    const cause = isRefusing(record.service, record.epoch) ? 'service_refused' : doubtOf(record.handovers, record.epoch);
    return cause && { cause, sinceEpoch: record.epoch, leaves: 0 };
  }
  const isMended = integrityOf(record) >= QUARANTINE_ENDS_AT && isCauseGone(quarantined.cause, record);
  return isMended && record.epoch - quarantined.sinceEpoch >= MIN_QUARANTINE_EPOCHS ? null : quarantined;
}

function isCauseGone(cause: NonNullable<Reputation['quarantined']>['cause'], { service, handovers, epoch }: Reputation): boolean {
  if (cause === 'integrity_low') return true;
  return cause === 'service_refused' ? service.served >= VISITS_TO_ACQUIT : doubtOf(handovers, epoch) === null;
}

function judgeRight(record: Reputation, quarantined: Reputation['quarantined']): Reputation['disqualified'] {
  if (integrityOf(record) <= DISQUALIFY_AT) return { cause: 'integrity_lost', epoch: record.epoch };
  if (hasForgedForGood(record.handovers)) return { cause: 'receipts_forged', epoch: record.epoch };
  // What nothing but others' words began, no time in it makes a proof.
  const isOutlasted = quarantined !== null && quarantined.cause !== 'handovers_failed' && quarantined.leaves >= MAX_QUARANTINE_LEAVES;
  return isOutlasted ? { cause: 'quarantine_outlasted', epoch: record.epoch } : null;
}

/** Why the standing is another: the verdict that now holds, else the one that was lifted. */
function reasonOf(before: Reputation, after: Reputation): StandingReason {
  const integrity = integrityOf(after);
  const { epoch, wrongLeaves } = after;
  if (after.disqualified?.cause === 'integrity_lost') return { code: 'integrity_lost', integrity, threshold: DISQUALIFY_AT, wrongLeaves };
  if (after.disqualified?.cause === 'receipts_forged') return { code: 'forged_again', transfers: after.handovers.forged.length };
  if (after.disqualified !== null) return { code: 'quarantine_outlasted', epochs: epoch - (after.quarantined?.sinceEpoch ?? epoch), integrity };
  if (after.quarantined?.cause === 'integrity_low') return { code: 'integrity_low', integrity, threshold: QUARANTINE_AT, wrongLeaves };
  if (after.quarantined?.cause === 'receipts_forged') return { code: 'receipts_forged', transfers: after.handovers.forged.length };
  if (after.quarantined?.cause === 'handovers_failed') return { code: 'handovers_failed', witnesses: witnessesOf(after.handovers, epoch) };
  if (after.quarantined !== null) return { code: 'service_refused', reporters: reportersOf(after.service, epoch), shoppers: refusedShoppersOf(after.service, epoch) };
  if (after.leavingSinceEpoch !== null && before.leavingSinceEpoch === null) return { code: 'exit_announced' };
  const availability = availabilityOf(after.availability);
  if (before.quarantined === null || after.leavingSinceEpoch === null) {
    if (after.suspended === 'audit_owed') return { code: 'audit_owed', sinceEpoch: after.owedSinceEpoch ?? epoch, epochs: epoch - (after.owedSinceEpoch ?? epoch) + 1 };
    if (after.suspended !== null) return { code: 'availability_low', availability, threshold: SUSPEND_BELOW };
  }
  if (before.quarantined?.cause === 'integrity_low') return { code: 'integrity_recovered', integrity, threshold: QUARANTINE_ENDS_AT };
  if (before.quarantined?.cause === 'receipts_forged' || before.quarantined?.cause === 'handovers_failed')
    return { code: 'handovers_trusted', epochs: epoch - before.quarantined.sinceEpoch };
  if (before.quarantined !== null) return { code: 'service_resumed', visits: after.service.served };
  if (before.suspended === 'audit_owed') return { code: 'audit_answered', epochs: epoch - (before.owedSinceEpoch ?? epoch) };
  if (before.suspended !== null) return { code: 'availability_recovered', availability, threshold: SUSPENSION_ENDS_AT };
  return { code: 'proved_itself', provedLeaves: after.provedLeaves, ageEpochs: epoch - after.sinceEpoch };
}
