/**
 * Whether a node hands out what it holds. Audits cannot see that: a node may prove every leaf and refuse every download.
 * Clients and rebuilders report refusals; mystery shoppers, nodes that the coordinator sends with an ordinary fetch
 * order, confirm them. Neither alone is a verdict: reports are words, and one shopper may lie.
 */
import * as v from 'valibot';
import { addWord, countWords, isRecent, wordsSchema, type Word } from './word-list.ts';

/** Reports within WORD_WINDOW_EPOCHS that make an accusation, which shoppers then look into at once. */
export const REPORTERS_TO_ACCUSE = 3;
/** Who must have been refused, reporters and shoppers together, and how many of them must be shoppers. */
export const WITNESSES_TO_CONVICT = 5;
export const SHOPPERS_TO_CONVICT = 2;
/** Served visits in a row, all later than the last refused one, that end a quarantine for refused service. */
export const VISITS_TO_ACQUIT = 6;
/** How often a node that nobody accuses is visited, on average. */
const EPOCHS_BETWEEN_VISITS = 24;

const epoch = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(128));

const visitSchema = v.strictObject({
  epoch,
  /** The shopper's operator. */
  shopper: name,
});

export const serviceSchema = v.strictObject({
  /** Words of clients and rebuilders. */
  reports: wordsSchema,
  /** Visits that were refused since the last one that was served, each shopper once. */
  refused: v.pipe(v.array(visitSchema), v.maxLength(WITNESSES_TO_CONVICT)),
  /** Visits that were served in a row. */
  served: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});
export type ServiceRecord = Readonly<v.InferOutput<typeof serviceSchema>>;

export const newService = (): ServiceRecord => ({ reports: [], refused: [], served: 0 });

/** Notes a refusal that a client or rebuilder met. Whoever repeats itself, and whatever transfer is named again, counts once: `record` itself comes back. */
export function noteRefusal(record: ServiceRecord, report: Word): ServiceRecord {
  const reports = addWord(record.reports, report);
  return reports === record.reports ? record : { ...record, reports };
}

export const reportersOf = (record: ServiceRecord, nowEpoch: number): number => countWords(record.reports, nowEpoch);

export interface Visit {
  readonly epoch: number;
  /** The operator of the node that went, another than the visited node's. */
  readonly shopper: string;
  readonly served: boolean;
}

/** Notes a visit to a node that answered its audit in the same epoch: one that was offline refused nothing. */
export function noteVisit(record: ServiceRecord, visit: Visit): ServiceRecord {
  if (visit.served) return { ...record, refused: [], served: record.served + 1 };
  const others = record.refused.filter(({ epoch, shopper }) => isRecent(epoch, visit.epoch) && shopper !== visit.shopper);
  return { ...record, refused: [...others, { epoch: visit.epoch, shopper: visit.shopper }].slice(-WITNESSES_TO_CONVICT), served: 0 };
}

/** Shoppers of so many operators were refused, within WORD_WINDOW_EPOCHS, since one was last served. */
export const refusedShoppersOf = (record: ServiceRecord, nowEpoch: number): number => record.refused.filter(({ epoch }) => isRecent(epoch, nowEpoch)).length;

/** Enough independent witnesses, shoppers among them. A node that few clients know is convicted by shoppers alone, of which it takes more. */
export function isRefusing(record: ServiceRecord, nowEpoch: number): boolean {
  const shoppers = refusedShoppersOf(record, nowEpoch);
  return shoppers >= SHOPPERS_TO_CONVICT && shoppers + reportersOf(record, nowEpoch) >= WITNESSES_TO_CONVICT;
}

/**
 * Whether to send a shopper in this epoch: at once where somebody accuses or a shopper was refused, else once a day on average.
 *
 * @param chance - uniform in [0, 1), drawn where the node cannot foresee it.
 */
export function isVisitDue(record: ServiceRecord, isQuarantined: boolean, nowEpoch: number, chance: number): boolean {
  const suspicion = isQuarantined || record.refused.length > 0 || reportersOf(record, nowEpoch) >= REPORTERS_TO_ACCUSE;
  return suspicion || chance < 1 / EPOCHS_BETWEEN_VISITS;
}
