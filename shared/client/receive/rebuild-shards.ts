/** From any k shards of a segment to its k data shards, and back. docs/protocol.md §4. */
import { ErasureCodec, type ShardSet } from '../../erasure/index.ts';

export class ShardRebuilder {
  readonly #requiredShards: number;
  readonly #totalShards: number;
  readonly #maxShardBytes: number;
  /** Made when the first shard is missing: most transfers need none, and it holds n shards. */
  #codec: Promise<ErasureCodec> | null = null;

  constructor(requiredShards: number, totalShards: number, maxShardBytes: number) {
    this.#requiredShards = requiredShards;
    this.#totalShards = totalShards;
    this.#maxShardBytes = maxShardBytes;
  }

  /**
   * Not to be called again before it resolved: there is one codec.
   *
   * @param shards - exactly k by shard index, each at the start of its buffer. Rebuilt shards take the place of parity.
   * @returns the same buffers, now data shards 0 to k − 1.
   */
  async dataShards(shards: ReadonlyMap<number, ArrayBuffer>, shardBytes: number): Promise<ArrayBuffer[]> {
    const indexes = Array.from({ length: this.#requiredShards }, (_, index) => index);
    const missing = indexes.filter((index) => !shards.has(index));
    const rooms = new Map(shards);
    if (missing.length > 0) {
      const have = [...shards.keys()].toSorted((a, b) => a - b);
      const parity = have.filter((index) => index >= this.#requiredShards);
      const set = await this.#set();
      for (const index of have) set.shard(index, shardBytes).set(new Uint8Array(shards.get(index)!, 0, shardBytes));
      set.reconstruct(shardBytes, have, missing);
      for (const [i, index] of missing.entries()) {
        const room = shards.get(parity[i]!)!;
        new Uint8Array(room).set(set.shard(index, shardBytes));
        rooms.set(index, room);
      }
    }
    return indexes.map((index) => rooms.get(index)!);
  }

  async #set(): Promise<ShardSet> {
    this.#codec ??= ErasureCodec.create({ requiredShards: this.#requiredShards, totalShards: this.#totalShards, maxShardBytes: this.#maxShardBytes });
    return (await this.#codec).slot(0);
  }
}
