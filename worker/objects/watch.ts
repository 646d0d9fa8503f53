/**
 * Watches over one sixteenth of the live transfers: how many losses each still survives, and whose turn it is to be
 * repaired, the most endangered first. docs/protocol.md §10, hardening and repair.
 */
import { DurableObject } from 'cloudflare:workers';
import type { RepairPlan } from '../../shared/policy/index.ts';
import type { NetworkSummary } from '../../shared/protocol/node-status.ts';
import type { WorkerEnv } from '../environment.ts';

/** What a transfer says of itself: all of it every time, so that saying it again changes nothing. */
export interface WatchedTransfer {
  /** b64. */
  readonly transferId: string;
  /** Losses that its worst segment survives; below 0 it waits for nodes to return. */
  readonly margin: number;
  /** Shards that count. */
  readonly shards: number;
  readonly contentBytes: number;
  readonly expiresAtMs: number;
  /** Null: nothing is to be repaired. */
  readonly wish: RepairWish | null;
  /** What its repairs rebuilt since it began. */
  readonly repaired: RepairCounts;
}

export interface RepairWish extends Pick<RepairPlan, 'cause' | 'margin' | 'failureChance'> {
  /** Not to be tried again before. */
  readonly notBeforeMs: number;
  /** Until when it has its turn; 0 where it waits for one. */
  readonly turnUntilMs: number;
}

export interface RepairCounts {
  readonly jobs: number;
  readonly shards: number;
  readonly bytes: number;
}

/** Of transfers that are ready and have not ended; repairs are those of the last 24 epochs. */
export interface Census {
  readonly live: number;
  /** Of content. */
  readonly bytes: number;
  readonly byMargin: NetworkSummary['transfers']['byMargin'];
  readonly repairs: RepairCounts;
}

export class WatchObject extends DurableObject<WorkerEnv> {
  /** Takes in what a transfer says of itself. */
  async note(_transfer: WatchedTransfer): Promise<void> {}

  /** The transfer has ended. */
  async forget(_transferId: string): Promise<void> {}

  async census(): Promise<Census> {
    return { live: 0, bytes: 0, byMargin: [], repairs: { jobs: 0, shards: 0, bytes: 0 } };
  }
}
