import { describe, expect, it } from 'vitest';
import { stretchPassword, type PasswordCost } from './password.ts';

const COST: PasswordCost = { memoryKib: 1024, passes: 2, lanes: 1 };
const salt = new Uint8Array(16).fill(3);

describe('stretching a password', () => {
  it('gives one key for the same characters, and another for anything else', async () => {
    const key = await stretchPassword('Café', salt, COST);
    expect(await stretchPassword('Cafe\u0301', salt, COST)).toEqual(key);
    const others = await Promise.all([
      stretchPassword('café', salt, COST),
      stretchPassword('Café ', salt, COST),
      stretchPassword('Café', new Uint8Array(16), COST),
      stretchPassword('Café', salt, { ...COST, passes: 3 }),
    ]);
    expect(new Set([key, ...others].map(String)).size).toBe(5);
  });
  it('tells how far it is, forward only and to the end', async () => {
    const fractions: number[] = [];
    await stretchPassword('x', salt, COST, { onProgress: (fraction) => fractions.push(fraction) });
    expect(fractions.length).toBeGreaterThan(10);
    expect(fractions.length).toBeLessThanOrEqual(101);
    expect(fractions.toSorted((a, b) => a - b)).toEqual(fractions);
    expect(fractions.at(-1)).toBe(1);
  });
  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const told: number[] = [];
    const stretching = stretchPassword('x', salt, COST, {
      signal: stop.signal,
      onProgress: (fraction) => {
        told.push(fraction);
        if (fraction > 0.3) stop.abort(new Error('enough'));
      },
    });
    await expect(stretching).rejects.toThrow('enough');
    expect(told.at(-1)).toBeLessThan(0.4);
  });
});
