// Arithmetic in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d) and generator 2, the field of
// Backblaze's JavaReedSolomon and of klauspost/reedsolomon. Elements are the integers 0–255; addition is XOR.

const POLYNOMIAL = 0x11d;
/** The number of powers of the generator, which are all elements but zero. */
const ORDER = 255;

/** Bytes that one coefficient takes in `buildNibbleTables`. */
export const NIBBLE_TABLE_BYTES = 32;

// Twice the powers, so that a sum of two logarithms needs no reduction.
const POWERS = new Uint8Array(2 * ORDER);
const LOGARITHMS = new Uint8Array(256);
for (let exponent = 0, power = 1; exponent < ORDER; exponent++) {
  POWERS[exponent] = power;
  POWERS[exponent + ORDER] = power;
  LOGARITHMS[power] = exponent;
  power <<= 1;
  if (power > 0xff) power ^= POLYNOMIAL;
}

export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return POWERS[LOGARITHMS[a]! + LOGARITHMS[b]!]!;
}

/** @throws RangeError for 0, which has no inverse. */
export function invert(a: number): number {
  if (a === 0) throw new RangeError('zero has no inverse');
  return POWERS[ORDER - LOGARITHMS[a]!]!;
}

/** @returns a to the power of `exponent`, an integer of at least 0; 0 to the power of 0 is 1. */
export function raise(a: number, exponent: number): number {
  if (exponent === 0) return 1;
  if (a === 0) return 0;
  return POWERS[(LOGARITHMS[a]! * exponent) % ORDER]!;
}

/**
 * Products of every coefficient with every nibble, as the kernel looks them up.
 *
 * @returns 256 times NIBBLE_TABLE_BYTES; those of coefficient c start at c * NIBBLE_TABLE_BYTES: its products with
 * 0x00, 0x01 … 0x0f, then with 0x00, 0x10 … 0xf0.
 */
export function buildNibbleTables(): Uint8Array {
  const tables = new Uint8Array(256 * NIBBLE_TABLE_BYTES);
  for (let coefficient = 0; coefficient < 256; coefficient++) {
    const start = coefficient * NIBBLE_TABLE_BYTES;
    for (let nibble = 0; nibble < 16; nibble++) {
      tables[start + nibble] = multiply(coefficient, nibble);
      tables[start + 16 + nibble] = multiply(coefficient, nibble << 4);
    }
  }
  return tables;
}
