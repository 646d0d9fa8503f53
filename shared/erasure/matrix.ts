// The coding matrix: n rows of k elements of GF(2^8), any k of which are independent. Its first k rows are the
// identity, so that data shards are the data itself. Built as Backblaze's JavaReedSolomon and klauspost/reedsolomon
// build theirs by default, so that parity is the same, byte for byte.

import { invert, multiply, raise } from './field.ts';

/** Rows of field elements, all of one length. */
export type Matrix = readonly Uint8Array[];

/** @returns `totalShards` rows of `requiredShards` elements: a Vandermonde matrix times the inverse of its top. */
export function buildCodingMatrix(requiredShards: number, totalShards: number): Matrix {
  const vandermonde = Array.from({ length: totalShards }, (_, row) => Uint8Array.from({ length: requiredShards }, (_, column) => raise(row, column)));
  return multiplyMatrices(vandermonde, invertMatrix(vandermonde.slice(0, requiredShards)));
}

/**
 * The rows that rebuild some shards from others.
 *
 * @param have - as many distinct row indices as the matrix has columns.
 * @param want - row indices.
 * @returns one row for each wanted shard: its elements are the factors of the shards in `have`, in that order.
 */
export function buildDecodeRows(coding: Matrix, have: readonly number[], want: readonly number[]): Matrix {
  const inverse = invertMatrix(have.map((index) => coding[index]!));
  return multiplyMatrices(
    want.map((index) => coding[index]!),
    inverse,
  );
}

/**
 * Inverts a square matrix by Gauss–Jordan elimination.
 *
 * @throws RangeError when the matrix is singular.
 */
export function invertMatrix(matrix: Matrix): Matrix {
  const size = matrix.length;
  // The matrix with the identity to its right: what turns the left half into the identity makes the right the inverse.
  const rows = matrix.map((elements, index) => {
    const row = new Uint8Array(2 * size);
    row.set(elements);
    row[size + index] = 1;
    return row;
  });
  for (let column = 0; column < size; column++) {
    const pivotIndex = rows.findIndex((row, index) => index >= column && row[column] !== 0);
    if (pivotIndex < 0) throw new RangeError('the matrix is singular');
    const pivot = rows[pivotIndex]!;
    rows[pivotIndex] = rows[column]!;
    rows[column] = pivot;
    const scale = invert(pivot[column]!);
    for (const [index, element] of pivot.entries()) pivot[index] = multiply(element, scale);
    for (const row of rows) {
      if (row !== pivot) addMultiple(row, pivot, row[column]!);
    }
  }
  return rows.map((row) => row.subarray(size));
}

function multiplyMatrices(left: Matrix, right: Matrix): Matrix {
  const columns = right[0]?.length ?? 0;
  return left.map((factors) => {
    const product = new Uint8Array(columns);
    right.forEach((row, index) => addMultiple(product, row, factors[index]!));
    return product;
  });
}

/** Adds `factor * source` to `target`. */
function addMultiple(target: Uint8Array, source: Uint8Array, factor: number): void {
  if (factor === 0) return;
  for (let index = 0; index < target.length; index++) target[index]! ^= multiply(source[index]!, factor);
}
