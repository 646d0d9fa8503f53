/** Buffers that shards are read into, used again and again: fresh ones would cost a page fault for every 4 KiB received. */
export class ShardRooms {
  readonly #roomBytes: number;
  readonly #spareRooms: number;
  readonly #free: ArrayBuffer[] = [];

  /** @param roomBytes - of the largest shard. @param spareRooms - kept at most. */
  constructor(roomBytes: number, spareRooms: number) {
    this.#roomBytes = roomBytes;
    this.#spareRooms = spareRooms;
  }

  /** What it holds has no meaning. */
  take(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(this.#roomBytes);
  }

  /** @param rooms - that `take` gave, or what their memory became when it went through another thread. */
  give(rooms: Iterable<ArrayBuffer>): void {
    for (const room of rooms) if (room.byteLength === this.#roomBytes && this.#free.length < this.#spareRooms) this.#free.push(room);
  }
}
