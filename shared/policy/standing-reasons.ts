/** Why a node's standing changed: for programs a code with its numbers, for the operator one sentence made from them. */
import type { Standing } from './standing.ts';

/** Shares lie in 0 to 1; `epochs` are hours on the real network. */
export type StandingReason =
  | { readonly code: 'proved_itself'; readonly provedLeaves: number; readonly ageEpochs: number }
  | { readonly code: 'availability_low'; readonly availability: number; readonly threshold: number }
  | { readonly code: 'availability_recovered'; readonly availability: number; readonly threshold: number }
  | { readonly code: 'audit_owed'; readonly sinceEpoch: number; readonly epochs: number }
  | { readonly code: 'audit_answered'; readonly epochs: number }
  | { readonly code: 'integrity_low'; readonly integrity: number; readonly threshold: number; readonly wrongLeaves: number }
  | { readonly code: 'integrity_recovered'; readonly integrity: number; readonly threshold: number }
  | { readonly code: 'integrity_lost'; readonly integrity: number; readonly threshold: number; readonly wrongLeaves: number }
  | { readonly code: 'service_refused'; readonly reporters: number; readonly shoppers: number }
  | { readonly code: 'service_resumed'; readonly visits: number }
  | { readonly code: 'receipts_forged'; readonly transfers: number }
  | { readonly code: 'forged_again'; readonly transfers: number }
  | { readonly code: 'handovers_failed'; readonly witnesses: number }
  | { readonly code: 'handovers_trusted'; readonly epochs: number }
  | { readonly code: 'quarantine_outlasted'; readonly epochs: number; readonly integrity: number }
  | { readonly code: 'quarantine_lapsed'; readonly epochs: number }
  | { readonly code: 'exit_announced' }
  | { readonly code: 'appeal_granted'; readonly appeals: number };

export type StandingReasonCode = StandingReason['code'];

/** One entry of a node's history. */
export interface StandingChange {
  readonly epoch: number;
  readonly from: Standing;
  readonly to: Standing;
  readonly reason: StandingReason;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** A loss that the node declared itself comes without a wrong answer. */
const whatIsMissing = (wrongLeaves: number): string =>
  wrongLeaves > 0 ? `Audits found ${counted(wrongLeaves, 'piece')} missing or damaged` : "The node's own list lacks part of what it signed for";

type Sentences = { readonly [Code in StandingReasonCode]: (reason: Extract<StandingReason, { code: Code }>) => string };

/** What happened, in numbers, and what the operator can do about it. */
const sentences: Sentences = {
  proved_itself: ({ provedLeaves, ageEpochs }) => `The node has proven ${counted(provedLeaves, 'piece')} over ${counted(ageEpochs, 'hour')} and is now vetted.`,
  availability_low: ({ availability, threshold }) =>
    `The node was reachable ${percent(availability)} of the last week; below ${percent(threshold)} it gets no new transfers. Keep it online and this lifts by itself.`,
  availability_recovered: ({ availability }) => `The node was reachable ${percent(availability)} of the last week and takes transfers again.`,
  audit_owed: ({ epochs }) =>
    `The node is online but has left an audit unanswered for ${counted(epochs, 'hour')}. It gets no new transfers until it answers; check its disk and its log.`,
  audit_answered: ({ epochs }) => `The node has answered the audit that it owed for ${counted(epochs, 'hour')} and takes transfers again.`,
  integrity_low: ({ integrity, wrongLeaves }) =>
    `${whatIsMissing(wrongLeaves)}; integrity is ${percent(integrity)}. The node gets no new transfers and is audited more often. Check its disk.`,
  integrity_recovered: ({ integrity }) => `Integrity is back at ${percent(integrity)}; the node takes transfers again.`,
  integrity_lost: ({ integrity, wrongLeaves }) =>
    `${whatIsMissing(wrongLeaves)}; integrity fell to ${percent(integrity)} and the node is out. You can appeal once the cause is mended.`,
  service_refused: ({ reporters, shoppers }) =>
    `The node passes its audits but refused downloads to ${counted(reporters, 'client')} and ${counted(shoppers, 'control visit')}. It gets no new transfers until control visits succeed.`,
  service_resumed: ({ visits }) => `The last ${counted(visits, 'control visit')} were served; the node takes transfers again.`,
  receipts_forged: ({ transfers }) =>
    `Rebuilding ${counted(transfers, 'transfer')}, the node reported receipts that no node signed. It gets no new transfers for three days; the third such transfer ends it. Update its program and check its memory.`,
  forged_again: ({ transfers }) =>
    `Rebuilding ${counted(transfers, 'transfer')}, the node reported receipts that no node signed, and is out. You can appeal once the cause is mended.`,
  handovers_failed: ({ witnesses }) =>
    `Rebuilt pieces did not get through between this node and those of ${counted(witnesses, 'operator')}, and did without it. It gets no new transfers until three days have passed. Update its program, check its disk and memory.`,
  handovers_trusted: ({ epochs }) =>
    `Nothing new spoke against the node's part in rebuilds for three days; after ${counted(epochs, 'hour')} in quarantine it takes transfers again.`,
  quarantine_outlasted: ({ epochs, integrity }) =>
    `The node was in quarantine for ${counted(epochs, 'hour')} without recovering (integrity ${percent(integrity)}) and is out. You can appeal once the cause is mended.`,
  quarantine_lapsed: ({ epochs }) => `The node was in quarantine for ${counted(epochs, 'hour')} and holds nothing that it could prove; it starts again as an unvetted one.`,
  exit_announced: () => 'The node is leaving: what it holds moves to other nodes first. Keep it online until it holds nothing.',
  appeal_granted: ({ appeals }) => `Appeal ${appeals} was granted: the node starts again as an unvetted one.`,
};

/** The sentence for the node's operator, of a reason or of its JSON form. */
export function sentenceOfReason<Code extends StandingReasonCode>(reason: Extract<StandingReason, { code: Code }>): string {
  const sentence: (reason: Extract<StandingReason, { code: Code }>) => string = sentences[reason.code];
  return sentence(reason);
}
