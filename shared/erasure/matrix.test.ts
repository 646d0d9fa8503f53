import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { multiply } from './field.ts';
import { buildCodingMatrix, buildDecodeRows, invertMatrix } from './matrix.ts';
import type { Matrix } from './matrix.ts';
import { reconstructReference } from './reference.ts';

describe('the coding matrix', () => {
  // Backblaze's worked example of 4 data and 2 parity shards.
  test('is the published one for 4 of 6', () => {
    expect(toNumbers(buildCodingMatrix(4, 6))).toEqual([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
      [0x1b, 0x1c, 0x12, 0x14],
      [0x1c, 0x1b, 0x14, 0x12],
    ]);
  });

  test.each([
    [1, 1],
    [1, 255],
    [10, 24],
    [127, 255],
    [255, 255],
  ])('for %i of %i holds the values of the interpolation polynomials', (requiredShards, totalShards) => {
    const columns = Array.from({ length: requiredShards }, (_, column) => column);
    // Encoding unit vectors, one in each byte position, spells out the matrix's row.
    const units = new Map(columns.map((column) => [column, Uint8Array.from(columns, (at) => (at === column ? 1 : 0))] as const));
    const matrix = buildCodingMatrix(requiredShards, totalShards);
    expect(matrix).toHaveLength(totalShards);
    for (const [column, unit] of units) expect(matrix[column]).toEqual(unit);
    // The reference is slow: of the parity rows, the first and the last.
    for (const row of new Set([requiredShards, totalShards - 1])) {
      if (row >= requiredShards && row < totalShards) expect(matrix[row]).toEqual(reconstructReference(units, row));
    }
  });

  test('yields the wanted rows again when multiplied with its decode rows', () => {
    const coding = buildCodingMatrix(3, 6);
    const rows = buildDecodeRows(coding, [5, 1, 3], [0, 4]);
    const have = [5, 1, 3].map((index) => coding[index]!);
    for (const [at, index] of [0, 4].entries()) {
      const rebuilt = coding[0]!.map((_, column) => have.reduce((sum, row, input) => sum ^ multiply(rows[at]![input]!, row[column]!), 0));
      expect(rebuilt).toEqual(coding[index]);
    }
  });
});

describe('matrix inversion', () => {
  // From the test suites of Backblaze's JavaReedSolomon and klauspost/reedsolomon.
  test('agrees with published inverses', () => {
    expect(toNumbers(invertMatrix([Uint8Array.of(56, 23, 98), Uint8Array.of(3, 100, 200), Uint8Array.of(45, 201, 123)]))).toEqual([
      [175, 133, 33],
      [130, 13, 245],
      [112, 35, 126],
    ]);
  });

  test('exchanges rows where the pivot is zero', () => {
    expect(toNumbers(invertMatrix([Uint8Array.of(0, 1), Uint8Array.of(1, 0)]))).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  test('rejects a singular matrix', () => {
    expect(() => invertMatrix([Uint8Array.of(4, 2), Uint8Array.of(12, 6)])).toThrow(RangeError);
  });

  test('undoes itself on any k rows of a coding matrix', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(
          Array.from({ length: 24 }, (_, index) => index),
          { minLength: 10, maxLength: 10 },
        ),
        (indices) => {
          const coding = buildCodingMatrix(10, 24);
          const chosen = indices.map((index) => coding[index]!);
          expect(toNumbers(invertMatrix(invertMatrix(chosen)))).toEqual(toNumbers(chosen));
        },
      ),
    );
  });
});

function toNumbers(matrix: Matrix): number[][] {
  return matrix.map((row) => Array.from(row));
}
