/** Numbers that one seed decides: whoever knows it can repeat every choice. They protect nothing. */

export const RANDOM_SEED_BYTES = 16;

/** sfc32: a small generator whose whole state is the seed. @returns numbers in (0, 1). @see PractRand */
export function randomFrom(seed: Uint8Array): () => number {
  if (seed.length !== RANDOM_SEED_BYTES) throw new RangeError(`a seed has ${RANDOM_SEED_BYTES} bytes`);
  const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  let [a, b, c, counter] = [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return () => (next() + 0.5) / 2 ** 32;
}
