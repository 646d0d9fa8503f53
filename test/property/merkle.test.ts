import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEAF_BYTES, leafCount, proveLeaf, rootFromLeafHashes, shardRoot, verifyLeaf, verifyLeafAsync } from '../../shared/merkle/index.ts';

const shardBytes = fc.oneof(
  fc.integer({ min: 1, max: 16 * LEAF_BYTES }),
  fc.tuple(fc.integer({ min: 1, max: 15 }), fc.constantFrom(-1, 0, 1)).map(([leaves, off]) => leaves * LEAF_BYTES + off),
);

interface Proven {
  readonly root: Uint8Array;
  readonly shardBytes: number;
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly path: Uint8Array[];
}

function prove(size: number, seed: number, leafSeed: number): Proven {
  const shard = new Uint8Array(size).map((_, i) => (i * 31 + seed) & 255);
  const leaf = (i: number): Uint8Array => shard.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES);
  const hashes = Array.from({ length: leafCount(size) }, (_, i) => Uint8Array.from(createHash('sha256').update(leaf(i)).digest()));
  const index = leafSeed % hashes.length;
  return { root: rootFromLeafHashes(size, hashes), shardBytes: size, index, leaf: leaf(index), path: proveLeaf(hashes, index) };
}

const proven = fc.tuple(shardBytes, fc.nat(), fc.nat()).map(([size, seed, leafSeed]) => prove(size, seed, leafSeed));
const verifies = ({ root, shardBytes: size, index, leaf, path }: Proven): boolean => verifyLeaf(root, size, index, leaf, path);
const flip = (input: Uint8Array, place: number): Uint8Array => input.map((byte, i) => (i === place % input.length ? byte ^ (1 << (place % 8)) : byte));

describe('Merkle proofs', () => {
  test('any leaf of any shard verifies', () => {
    fc.assert(
      fc.property(proven, (proof) => {
        expect(verifies(proof)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('the platform’s SHA-256 verifies and refuses the same', async () => {
    const verifiesAsync = ({ root, shardBytes: size, index, leaf, path }: Proven): Promise<boolean> => verifyLeafAsync(root, size, index, Uint8Array.from(leaf), path);
    await fc.assert(
      fc.asyncProperty(proven, fc.nat(), async (proof, place) => {
        expect(await verifiesAsync(proof)).toBe(true);
        expect(await verifiesAsync({ ...proof, leaf: flip(proof.leaf, place) })).toBe(false);
        expect(await verifiesAsync({ ...proof, index: proof.index + 1 })).toBe(false);
        expect(await verifiesAsync({ ...proof, index: leafCount(proof.shardBytes), leaf: new Uint8Array(0) })).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  test('the root is the one that the platform computes over the whole shard', async () => {
    await fc.assert(
      fc.asyncProperty(shardBytes, fc.nat(), async (size, seed) => {
        const shard = new Uint8Array(size).map((_, i) => (i * 31 + seed) & 255);
        expect(await shardRoot(shard)).toEqual(prove(size, seed, 0).root);
      }),
      { numRuns: 30 },
    );
  });

  test('any mutation fails', () => {
    fc.assert(
      fc.property(proven, fc.nat(), (proof, place) => {
        const mutants: Proven[] = [
          { ...proof, root: flip(proof.root, place) },
          { ...proof, leaf: flip(proof.leaf, place) },
          { ...proof, leaf: proof.leaf.subarray(1) },
          { ...proof, shardBytes: proof.shardBytes + 1 },
          { ...proof, shardBytes: proof.shardBytes - 1 },
          { ...proof, index: proof.index + 1 },
          { ...proof, index: proof.index - 1 },
          { ...proof, path: [...proof.path, proof.root] },
          { ...proof, path: [proof.root, ...proof.path] },
        ];
        for (let i = 0; i < proof.path.length; i++) {
          mutants.push({ ...proof, path: proof.path.with(i, flip(proof.path[i]!, place)) }, { ...proof, path: proof.path.toSpliced(i, 1) });
        }
        for (const [i, mutant] of mutants.entries()) expect(verifies(mutant), `mutant ${i}`).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  test('garbage is false and throws nothing', () => {
    const garbage = fc.record({
      root: fc.uint8Array({ maxLength: 40 }),
      shardBytes: fc.oneof(fc.integer({ min: -5, max: 2 ** 21 }), fc.double({ min: -1, max: 2 ** 21 })),
      index: fc.oneof(fc.integer({ min: -2, max: 20 }), fc.double()),
      leaf: fc.uint8Array({ maxLength: 100 }),
      path: fc.array(fc.uint8Array({ minLength: 30, maxLength: 33 }), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(garbage, (proof) => {
        expect(verifies(proof)).toBe(false);
      }),
    );
  });
});
