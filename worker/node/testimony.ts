/**
 * What others say of a node, and what the coordinator has seen proved: each is one transaction, and said again it changes
 * nothing. How much a word weighs, the policy knows: none of them ruins a node alone.
 */
import { recordFailedHandover, recordForgery, recordRefusal, recordSpeed, recordVisit, type Judged, type Reputation } from '../../shared/policy/index.ts';
import { NO_TALLY } from '../network/day-tally.ts';
import type { NodeStores } from './stores.ts';

/** A problem that somebody met at the node. */
export interface Complaint {
  /** b64. */
  readonly transferId: string;
  /** Who says so, as far as sources can be told apart: a client's network, another node's operator; not empty. */
  readonly source: string;
}

/** How fast a client found the node. */
export interface MeasuredSpeed {
  /** b64. */
  readonly transferId: string;
  readonly direction: 'sent' | 'fetched';
  /** The client's network; not empty. */
  readonly source: string;
  /** Its rate over the median of the transfer's nodes. */
  readonly ratio: number;
}

/** How a mystery shopper fared. */
export interface VisitOutcome {
  /** The shopper's operator, another than the node's; not empty. */
  readonly shopper: string;
  readonly served: boolean;
}

/** More of a name tells nobody apart. */
const MAX_NAME_LENGTH = 128;

export interface Court {
  readonly stores: NodeStores;
  /** Runs a change as one transaction. */
  readonly write: (change: () => void) => void;
  /** Inside a transaction: takes in an event, if it changes anything. */
  readonly take: (event: (record: Reputation) => Judged) => void;
  readonly nowMs: () => number;
  readonly epoch: () => number;
}

export class Testimony {
  readonly #court: Court;
  constructor(court: Court) {
    this.#court = court;
  }

  refusal(complaint: Complaint): void {
    this.#judge((record) => recordRefusal(record, this.#wordOf(complaint)));
  }
  failedHandover(complaint: Complaint): void {
    this.#judge((record) => recordFailedHandover(record, this.#wordOf(complaint)));
  }
  forgery(transferId: string): void {
    this.#judge((record) => recordForgery(record, { epoch: this.#court.epoch(), transferId }));
  }

  /** One client's word; see speed-reports.ts. The directory learns of it when the epoch is closed. */
  speed({ transferId, direction, source, ratio }: MeasuredSpeed): void {
    const { stores, write, nowMs, epoch } = this.#court;
    const report = { epoch: epoch(), source: source.slice(0, MAX_NAME_LENGTH), occasion: `${transferId} ${direction}` };
    write(() => {
      if (!stores.speedReports.admit(report)) return;
      stores.reputation.write({ record: recordSpeed(stores.reputation.read(), ratio), change: null }, nowMs());
    });
  }

  visit({ shopper, served }: VisitOutcome): void {
    const { stores, write, take } = this.#court;
    const epoch = this.#court.epoch();
    const visits = { served: served ? 1 : 0, refused: served ? 0 : 1 };
    write(() => {
      take((record) => recordVisit(record, { epoch, shopper: shopper.slice(0, MAX_NAME_LENGTH), served }));
      stores.errands.note({ to: 'tally', tally: { ...NO_TALLY, visits }, epoch });
    });
  }

  #wordOf = ({ transferId, source }: Complaint) => ({ epoch: this.#court.epoch(), source: source.slice(0, MAX_NAME_LENGTH), transferId });
  #judge(event: (record: Reputation) => Judged): void {
    this.#court.write(() => this.#court.take(event));
  }
}
