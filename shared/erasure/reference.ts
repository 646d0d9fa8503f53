// The code, written for reading: tests compare the kernel with it. It shares nothing with the matrix and its tables.
//
// At each position the k data bytes are the values at the points 0 … k - 1 of one polynomial of degree below k over
// GF(2^8)/0x11d; shard i holds its value at the point i. Any k values determine it: the rest is interpolation.

/** @returns all `totalShards` shards: the data shards themselves, then the parity. */
export function encodeReference(data: readonly Uint8Array[], totalShards: number): Uint8Array[] {
  const have = new Map(data.entries());
  return Array.from({ length: totalShards }, (_, point) => data[point] ?? reconstructReference(have, point));
}

/**
 * Rebuilds one shard by Lagrange interpolation.
 *
 * @param have - any k shards, all of one length, by index.
 * @param want - the index of the shard to rebuild, none of those in `have`.
 */
export function reconstructReference(have: ReadonlyMap<number, Uint8Array>, want: number): Uint8Array {
  const length = Math.max(...Array.from(have.values(), (shard) => shard.length));
  const result = new Uint8Array(length);
  for (const [point, shard] of have) {
    // The value at `want` of the polynomial that is 1 at this point and 0 at the others.
    let weight = 1;
    for (const other of have.keys()) {
      if (other !== point) weight = times(weight, times(want ^ other, inverse(point ^ other)));
    }
    for (let at = 0; at < length; at++) result[at]! ^= times(weight, shard[at]!);
  }
  return result;
}

function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 0x80; bit > 0; bit >>= 1) {
    product <<= 1;
    if (product & 0x100) product ^= 0x11d;
    if (b & bit) product ^= a;
  }
  return product;
}

function inverse(a: number): number {
  let power = 1;
  for (let exponent = 0; exponent < 254; exponent++) power = times(power, a);
  return power;
}
