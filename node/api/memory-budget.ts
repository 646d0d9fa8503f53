/** Bytes of shards that all connections together may hold while they wait for the disk. First come, first served. */
export class MemoryBudget {
  #leftBytes: number;
  readonly #waiting: { bytes: number; go: () => void }[] = [];

  constructor(bytes: number) {
    this.#leftBytes = bytes;
  }

  async take(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && bytes <= this.#leftBytes) {
      this.#leftBytes -= bytes;
      return;
    }
    await new Promise<void>((go) => this.#waiting.push({ bytes, go }));
  }

  give(bytes: number): void {
    this.#leftBytes += bytes;
    for (let next = this.#waiting[0]; next !== undefined && next.bytes <= this.#leftBytes; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#leftBytes -= next.bytes;
      next.go();
    }
  }
}
