/** Transfers as one node's object meets them: what they say of its shards, and what they have been told. */
import { encodeB64 } from '../../shared/protocol/bytes.ts';
import type { HeldRun } from '../node/holdings.ts';
import type { SeatNews } from '../node/news.ts';

export class StandInTransfer {
  /** Whether the node is still to hold it. */
  isHeld = true;
  /** Calls to it fail. */
  isBroken = false;
  /** News do not reach it. */
  isDeaf = false;
  readonly roots = new Map<number, Uint8Array>();
  readonly news: SeatNews[] = [];
  readonly lost: number[] = [];
  visits = 0;
  /** How often it was asked for roots. */
  asked = 0;
  /** Runs right before it answers for roots. */
  onAsked: () => void = () => undefined;

  /** One run of its segments. */
  runs(shardBytes: number): HeldRun[] {
    return [{ firstSegment: 0, segmentCount: this.roots.size, shardBytes, lastShardBytes: shardBytes }];
  }

  auditRoots = async (_nodeId: string, leaves: readonly { segment: number }[]): Promise<(string | null)[]> => {
    this.#check();
    this.asked += 1;
    this.onAsked();
    return leaves.map(({ segment }) => (this.isHeld ? encodeB64(this.roots.get(segment)!) : null));
  };
  seatNews = async (_nodeId: string, news: SeatNews): Promise<void> => {
    this.#check();
    if (this.isDeaf) throw new Error('the object is gone');
    this.news.push(news);
  };
  seatLost = async (_nodeId: string, heldShards: number): Promise<void> => {
    this.#check();
    this.lost.push(heldShards);
  };
  whereabouts = async (): Promise<'keep' | 'surplus'> => {
    this.#check();
    return this.isHeld ? 'keep' : 'surplus';
  };
  visit = async (): Promise<void> => {
    this.#check();
    this.visits += 1;
  };

  #check(): void {
    if (this.isBroken) throw new Error('the object is gone');
  }
}

/** Every id has one: an unknown transfer knows of no node. */
export class StandInTransfers {
  readonly #all = new Map<string, StandInTransfer>();

  add(transferId: string): StandInTransfer {
    const transfer = new StandInTransfer();
    this.#all.set(transferId, transfer);
    return transfer;
  }

  idFromName = (transferId: string): string => transferId;
  get = (transferId: string): StandInTransfer => this.#all.get(transferId) ?? Object.assign(new StandInTransfer(), { isHeld: false });
}
