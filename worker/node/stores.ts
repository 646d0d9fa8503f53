/** All that one node's object keeps, and the one way in which a judgement enters it. */
import { availabilityOf, integrityOf, speedOf, standingOf, type Judged, type Reputation } from '../../shared/policy/index.ts';
import type { Judgement } from '../objects/directory.ts';
import { hasTable } from '../objects/storage.ts';
import { AUDITS_SCHEMA, Audits } from './audits.ts';
import { COUNTED_LOSSES_SCHEMA, CountedLosses } from './counted-losses.ts';
import { ERRANDS_SCHEMA, Errands } from './errands.ts';
import { HOLDINGS_SCHEMA, Holdings } from './holdings.ts';
import { LOSSES_SCHEMA, Losses } from './losses.ts';
import { NEWS_SCHEMA, News } from './news.ts';
import { PRESENCE_SCHEMA, PresenceRow } from './presence.ts';
import { REGISTRATION_SCHEMA, RegistrationRow } from './registration.ts';
import { REPUTATION_SCHEMA, ReputationStore } from './reputation-store.ts';
import { SPEED_REPORTS_SCHEMA, SpeedReports } from './speed-reports.ts';

const SCHEMA =
  REGISTRATION_SCHEMA +
  PRESENCE_SCHEMA +
  REPUTATION_SCHEMA +
  HOLDINGS_SCHEMA +
  NEWS_SCHEMA +
  AUDITS_SCHEMA +
  LOSSES_SCHEMA +
  COUNTED_LOSSES_SCHEMA +
  SPEED_REPORTS_SCHEMA +
  ERRANDS_SCHEMA;

/** What the directory is told of a node's record. */
export const judgementOf = (record: Reputation): Judgement => ({
  standing: standingOf(record),
  integrity: integrityOf(record),
  availability: availabilityOf(record.availability),
  speed: speedOf(record),
});

/** Writing methods expect to run inside their caller's transaction. */
export class NodeStores {
  readonly registration: RegistrationRow;
  readonly presence: PresenceRow;
  readonly reputation: ReputationStore;
  readonly holdings: Holdings;
  readonly news: News;
  readonly audits: Audits;
  readonly losses: Losses;
  readonly countedLosses: CountedLosses;
  readonly speedReports: SpeedReports;
  readonly errands: Errands;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.registration = new RegistrationRow(sql);
    this.presence = new PresenceRow(sql);
    this.reputation = new ReputationStore(sql);
    this.holdings = new Holdings(sql);
    this.news = new News(sql);
    this.audits = new Audits(sql);
    this.losses = new Losses(sql);
    this.countedLosses = new CountedLosses(sql);
    this.speedReports = new SpeedReports(sql);
    this.errands = new Errands(sql);
  }

  /** Whether the node ever registered; asking writes nothing. */
  exist(): boolean {
    return hasTable(this.#sql, 'reputation');
  }

  /** Makes what is not there yet, for a node that comes now. */
  begin(nowMs: number, epoch: number): void {
    this.#sql.exec(SCHEMA);
    this.presence.begin(nowMs, epoch);
    this.reputation.begin(epoch);
    this.news.update(this.reputation.read());
  }

  /** The node is to hold nothing of a transfer any more, or must sign for it again. */
  letGo(transferId: string): void {
    this.holdings.letGo(transferId);
    this.countedLosses.forget(transferId);
  }

  /** The record after an event: kept with its reason, told to the directory, and to transfers where it concerns them. */
  take(judged: Judged, nowMs: number): void {
    this.reputation.write(judged, nowMs);
    this.news.update(judged.record);
    this.errands.note({ to: 'judge' });
  }
}
