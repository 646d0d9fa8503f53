import { describe, expect, test } from 'vitest';
import { buildNibbleTables, invert, multiply, NIBBLE_TABLE_BYTES, raise } from './field.ts';

const ELEMENTS = Array.from({ length: 256 }, (_, element) => element);

describe('GF(2^8)', () => {
  // Values that the test suites of Backblaze's JavaReedSolomon and klauspost/reedsolomon hold.
  test('agrees with published products and powers', () => {
    expect([multiply(3, 4), multiply(7, 7), multiply(23, 45)]).toEqual([12, 21, 41]);
    expect([raise(2, 2), raise(5, 20), raise(13, 7)]).toEqual([4, 235, 43]);
  });

  test('multiplies as polynomials modulo 0x11d', () => {
    for (const a of ELEMENTS) {
      for (const b of ELEMENTS) expect(multiply(a, b)).toBe(multiplyPolynomials(a, b));
    }
  });

  test('inverts every element but zero', () => {
    for (const element of ELEMENTS.slice(1)) expect(multiply(element, invert(element))).toBe(1);
    expect(() => invert(0)).toThrow(RangeError);
  });

  test('raises by repeated multiplication, with 0 to the power of 0 as 1', () => {
    for (const element of ELEMENTS) {
      let power = 1;
      for (let exponent = 0; exponent < 600; exponent++) {
        expect(raise(element, exponent)).toBe(power);
        power = multiply(power, element);
      }
    }
  });

  test('splits every product into those of the two nibbles', () => {
    const tables = buildNibbleTables();
    for (const a of ELEMENTS) {
      const table = tables.subarray(a * NIBBLE_TABLE_BYTES, (a + 1) * NIBBLE_TABLE_BYTES);
      for (const b of ELEMENTS) expect(table[b & 15]! ^ table[16 + (b >> 4)]!).toBe(multiply(a, b));
    }
  });
});

function multiplyPolynomials(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) if (b & (1 << bit)) product ^= a << bit;
  for (let bit = 14; bit >= 8; bit--) if (product & (1 << bit)) product ^= 0x11d << (bit - 8);
  return product;
}
