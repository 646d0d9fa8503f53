/**
 * Whether rebuilt shards get through at a node: from it as a rebuilder, to it as a target. Audits cannot see that, for who
 * stored nothing is asked for nothing. docs/decisions/0009-who-cheats-in-a-rebuild.md
 *
 * A forged receipt proves itself. That a handover failed is known by the word of its two ends alone, and each may lie of
 * the other: such words count against a node once others have shown that the shard could be handed over, and only many
 * together.
 */
import * as v from 'valibot';
import { addWord, countWords, isRecent, wordsSchema, type Word } from './word-list.ts';

/** So many operators of other nodes, each over another transfer, make a quarantine. */
export const WITNESSES_OF_FAILED_HANDOVERS = 5;
/** Forgeries, each in another transfer of the present probation, that end a node. The first one is a quarantine. */
export const FORGERIES_TO_DISQUALIFY = 3;

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const handoversSchema = v.strictObject({
  failed: wordsSchema,
  /** Transfers in which it passed on receipts that their nodes never signed, once each. */
  forged: v.pipe(v.array(v.strictObject({ epoch: whole, transferId: v.string() })), v.maxLength(FORGERIES_TO_DISQUALIFY)),
});
export type Handovers = Readonly<v.InferOutput<typeof handoversSchema>>;

export const newHandovers = (): Handovers => ({ failed: [], forged: [] });

/** @returns `record` itself where the word says nothing new. */
export function noteFailedHandover(record: Handovers, word: Word): Handovers {
  const failed = addWord(record.failed, word);
  return failed === record.failed ? record : { ...record, failed };
}

/** @returns `record` itself for a transfer that is noted already. */
export function noteForgery(record: Handovers, forgery: { readonly epoch: number; readonly transferId: string }): Handovers {
  const isKnown = record.forged.length >= FORGERIES_TO_DISQUALIFY || record.forged.some(({ transferId }) => transferId === forgery.transferId);
  return isKnown ? record : { ...record, forged: [...record.forged, forgery] };
}

export const witnessesOf = (record: Handovers, nowEpoch: number): number => countWords(record.failed, nowEpoch);

/** Why the node is to be kept from rebuilds for now; null where nothing speaks against it. */
export function doubtOf(record: Handovers, nowEpoch: number): 'receipts_forged' | 'handovers_failed' | null {
  if (record.forged.some(({ epoch }) => isRecent(epoch, nowEpoch))) return 'receipts_forged';
  return witnessesOf(record, nowEpoch) >= WITNESSES_OF_FAILED_HANDOVERS ? 'handovers_failed' : null;
}

export const hasForgedForGood = (record: Handovers): boolean => record.forged.length >= FORGERIES_TO_DISQUALIFY;
