/**
 * What nodes have signed for, segment by segment, and what of it the coordinator knows. Gathers receipts from all
 * connections and commits them in batches, so that the coordinator is asked once for many segments.
 */
import { encodeB64, concatBytes, type ShardId } from '../../protocol/bytes.ts';
import { asSendError } from '../../protocol/errors.ts';
import { MAX_SEGMENTS_PER_COMMIT } from '../../protocol/limits.ts';
import type { TransferApi } from '../coordinator-api.ts';
import type { ReceivedReceipt } from './store-connection.ts';
import type { StorePool } from './store-pool.ts';

/** 64 MiB of content in full segments of 10 MiB. */
export const SEGMENTS_PER_COMMIT = 7;

export interface NamedSegment {
  readonly index: number;
  readonly salt: Uint8Array;
  readonly roots: readonly ShardId[];
}

interface Entry extends NamedSegment {
  /** Shard indexes with a receipt. */
  readonly receipts: Set<number>;
  told: boolean;
}

export class CommitLedger {
  readonly #entries = new Map<number, Entry>();
  readonly #pool: StorePool;
  readonly #api: TransferApi;
  readonly #safeShards: number;
  readonly #signal: AbortSignal;

  constructor(pool: StorePool, api: TransferApi, safeShards: number, signal: AbortSignal) {
    this.#pool = pool;
    this.#api = api;
    this.#safeShards = safeShards;
    this.#signal = signal;
  }

  /** To be called before the segment's first shard leaves: a receipt may cover it from then on. */
  add(segment: NamedSegment): void {
    this.#entries.set(segment.index, { ...segment, receipts: new Set(), told: false });
  }

  /** Shard indexes whose receipt for this segment is in. */
  receiptsOf(index: number): Set<number> {
    return new Set(this.#entries.get(index)?.receipts);
  }

  /**
   * Collects receipts and commits them. Calls must not overlap.
   *
   * @param indexes - segments whose safe shards were acknowledged.
   * @returns those of them that still lack receipts, because nodes vanished between acknowledgement and receipt.
   */
  async commit(indexes: readonly number[]): Promise<number[]> {
    const receipts = await this.#collect();
    const covered = new Set(receipts.flatMap(({ segments }) => segments));
    for (const index of indexes) covered.add(index);
    const untold = [...covered].map((index) => this.#entries.get(index)!).filter(({ told }) => !told);
    // Receipts refer to entries: those that do not fit beside them are told first.
    for (let i = 0; i === 0 || i < untold.length; i += MAX_SEGMENTS_PER_COMMIT) {
      const some = untold.slice(i, i + MAX_SEGMENTS_PER_COMMIT);
      const last = i + MAX_SEGMENTS_PER_COMMIT >= untold.length;
      await this.#api.commitSegments({ segments: some.map(toMessage), receipts: last ? receipts.map(toReceiptMessage) : [] }, { signal: this.#signal });
      for (const entry of some) entry.told = true;
    }
    for (const { shardIndex, segments } of receipts) for (const index of segments) this.#entries.get(index)!.receipts.add(shardIndex);
    const lacking = indexes.filter((index) => this.#entries.get(index)!.receipts.size < this.#safeShards);
    for (const index of indexes) if (!lacking.includes(index)) this.#entries.delete(index);
    return lacking;
  }

  async #collect(): Promise<ReceivedReceipt[]> {
    const sealing = this.#pool.open
      .filter(({ unsealed }) => unsealed.size > 0)
      .map(async (connection) => {
        try {
          return await connection.seal();
        } catch (thrown) {
          // The segments it held come back as lacking; the connection has reported itself.
          this.#pool.report(connection.seat, asSendError(thrown, 'node_unreachable', "couldn't get a receipt").code);
          return null;
        }
      });
    return (await Promise.all(sealing)).filter((receipt) => receipt !== null && receipt.segments.length > 0) as ReceivedReceipt[];
  }
}

const toMessage = ({ index, salt, roots }: NamedSegment) => ({ index, salt: encodeB64(salt), roots: encodeB64(concatBytes(...roots)) });
const toReceiptMessage = ({ shardIndex, storedAtMs, segments, signature }: ReceivedReceipt) => ({
  shardIndex,
  storedAtMs,
  segments: [...segments],
  signature: encodeB64(signature),
});
