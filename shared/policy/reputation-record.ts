/**
 * What the network remembers of a node: one record of plain JSON, replaced and never changed, kept by the coordinator.
 * Time counts in epochs (hours on the real network), audits in leaves.
 */
import * as v from 'valibot';
import { parseMessage } from '../protocol/messages.ts';
import { availabilitySchema, newAvailability } from './availability.ts';
import { handoversSchema, newHandovers } from './handovers.ts';
import { newService, serviceSchema } from './service.ts';
import type { Standing } from './standing.ts';

/** What each audited leaf leaves of the weight of those before it: a memory of 200 leaves. docs/decisions/0006-memory-in-leaves.md */
export const LEAF_MEMORY = 0.995;
/** A newcomer's credit: that of a node which proved leaves for ever, so that age makes no liar safer. */
export const INITIAL_CREDIT = 1 / (1 - LEAF_MEMORY);

/** Fewer measurements than these are no speed. */
const MIN_SPEED_SAMPLES = 8;

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const weight = v.pipe(v.number(), v.finite(), v.minValue(0));

const reputationSchema = v.pipe(
  v.strictObject({
    version: v.literal(1),
    /** The last epoch that was recorded. */
    epoch: whole,
    /** Where the present probation began: at registration or at the last appeal. */
    sinceEpoch: whole,
    /** Decayed weights of proved and of wrong leaves; integrity is `a / (a + b)`. */
    a: weight,
    b: weight,
    /** Leaves of the present probation. */
    provedLeaves: whole,
    wrongLeaves: whole,
    availability: availabilitySchema,
    /** Since when asked leaves are unanswered, in how many epochs since then the node was online all the same. */
    owedSinceEpoch: v.nullable(whole),
    owedWhileHeard: whole,
    service: serviceSchema,
    handovers: handoversSchema,
    /** Mean of log2 of measured speeds, each relative to the other nodes of its transfer. */
    speed: v.strictObject({ log2: v.pipe(v.number(), v.minValue(-3), v.maxValue(3)), samples: whole }),
    isVetted: v.boolean(),
    leavingSinceEpoch: v.nullable(whole),
    suspended: v.nullable(v.picklist(['availability_low', 'audit_owed'])),
    /** `leaves`: those that it answered for since then, in audits. */
    quarantined: v.nullable(v.strictObject({ cause: v.picklist(['integrity_low', 'service_refused', 'receipts_forged', 'handovers_failed']), sinceEpoch: whole, leaves: whole })),
    disqualified: v.nullable(v.strictObject({ cause: v.picklist(['integrity_lost', 'quarantine_outlasted', 'receipts_forged']), epoch: whole })),
    appeals: whole,
  }),
  v.check(({ a, b }) => a + b > 0, 'a record without weight has no integrity'),
);

export type Reputation = Readonly<v.InferOutput<typeof reputationSchema>>;

/** @param json - a record as `JSON.parse` gives it. @throws SendError `internal` where it is none: it never left the coordinator. */
export const parseReputation = (json: unknown): Reputation => parseMessage(reputationSchema, json, 'internal');

export const newReputation = (epoch: number): Reputation => ({
  version: 1,
  epoch,
  sinceEpoch: epoch,
  a: INITIAL_CREDIT,
  b: 0,
  provedLeaves: 0,
  wrongLeaves: 0,
  availability: newAvailability(epoch),
  owedSinceEpoch: null,
  owedWhileHeard: 0,
  service: newService(),
  handovers: newHandovers(),
  speed: { log2: 0, samples: 0 },
  isVetted: false,
  leavingSinceEpoch: null,
  suspended: null,
  quarantined: null,
  disqualified: null,
  appeals: 0,
});

export const integrityOf = ({ a, b }: Pick<Reputation, 'a' | 'b'>): number => a / (a + b);
export const speedOf = ({ speed }: Reputation): number | null => (speed.samples < MIN_SPEED_SAMPLES ? null : 2 ** speed.log2);

export function standingOf(record: Reputation): Standing {
  if (record.disqualified !== null) return 'disqualified';
  if (record.quarantined !== null) return 'quarantined';
  if (record.leavingSinceEpoch !== null) return 'leaving';
  if (record.suspended !== null) return 'suspended';
  return record.isVetted ? 'vetted' : 'unvetted';
}
