import { describe, expect, it } from 'vitest';
import { randomFrom } from './random.ts';
import { seedOf } from './testing/nodes.ts';

describe('the generator', () => {
  it('is even, and never 0 or 1', () => {
    const random = randomFrom(seedOf(3));
    const bins = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 20_000; i++) {
      const value = random();
      expect(value > 0 && value < 1).toBe(true);
      bins[Math.floor(value * 10)]! += 1;
    }
    for (const count of bins) expect(Math.abs(count - 2000)).toBeLessThan(250);
  });
  it('takes 16 bytes and no others', () => {
    expect(() => randomFrom(new Uint8Array(15))).toThrow(RangeError);
    expect(() => randomFrom(new Uint8Array(17))).toThrow(RangeError);
  });
});
