/** The draws that a simulation needs, from one seeded generator: the same seed gives the same year. */
import { RANDOM_SEED_BYTES, randomFrom } from '../../shared/policy/index.ts';

export class Random {
  /** Uniform in (0, 1). */
  readonly next: () => number;
  readonly #seed: number;

  constructor(seed: number) {
    const bytes = new Uint8Array(RANDOM_SEED_BYTES);
    new DataView(bytes.buffer).setFloat64(0, seed);
    this.#seed = seed;
    this.next = randomFrom(bytes);
  }

  /** A stream of its own, so that one more draw here moves none there. @param name - 1 or more, unlike others'. */
  stream(name: number): Random {
    return new Random(this.#seed + name / 1024);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** @param weights - of each item, summing to 1. */
  weighted<T extends { readonly share: number }>(items: readonly T[]): T {
    let at = this.next();
    return items.find(({ share }) => (at -= share) < 0) ?? items.at(-1)!;
  }

  exponential(mean: number): number {
    return -mean * Math.log(this.next());
  }

  /** @param sigma - deviation of the natural logarithm. */
  lognormal(median: number, sigma: number): number {
    const normal = Math.sqrt(-2 * Math.log(this.next())) * Math.cos(2 * Math.PI * this.next());
    return median * Math.exp(sigma * normal);
  }

  /** For small means: one draw a hit. */
  poisson(mean: number): number {
    const floor = Math.exp(-mean);
    let hits = 0;
    for (let product = this.next(); product > floor; product *= this.next()) hits += 1;
    return hits;
  }

  /** By inversion: quick where count · p is small. */
  binomial(count: number, p: number): number {
    if (p <= 0) return 0;
    let probability = (1 - p) ** count;
    let at = this.next();
    for (let hits = 0; hits < count; hits++) {
      if (at < probability) return hits;
      at -= probability;
      probability *= ((count - hits) / (hits + 1)) * (p / (1 - p));
    }
    return count;
  }

  seed(): Uint8Array {
    const bytes = new Uint8Array(RANDOM_SEED_BYTES);
    for (let i = 0; i < RANDOM_SEED_BYTES; i++) bytes[i] = this.below(256);
    return bytes;
  }
}
