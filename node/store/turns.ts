/** One at a time for each shard, and a way to wait for all that a transfer has in work. */
export class Turns {
  readonly #last = new Map<string, Map<number, Promise<unknown>>>();

  async take<T>(transfer: string, segment: number, work: () => Promise<T>): Promise<T> {
    let segments = this.#last.get(transfer);
    if (segments === undefined) this.#last.set(transfer, (segments = new Map()));
    const before = segments.get(segment);
    const turn = before === undefined ? work() : before.then(work, work);
    segments.set(segment, turn);
    try {
      return await turn;
    } finally {
      if (segments.get(segment) === turn) segments.delete(segment);
      if (segments.size === 0 && this.#last.get(transfer) === segments) this.#last.delete(transfer);
    }
  }

  /** Resolves when all work that had begun is over, well or not. */
  async allOf(transfer: string): Promise<void> {
    const turns = this.#last.get(transfer);
    if (turns !== undefined) await Promise.allSettled(turns.values());
  }
}
