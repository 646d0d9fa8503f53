import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asTransferId } from '../../shared/protocol/index.ts';
import { TERM_BYTES, encodeTerm, parseTerm } from './term-file.ts';

const transferId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => asTransferId(Uint8Array.from(bytes)));
const term = fc.record({ expiresAtMs: fc.maxSafeNat(), orderedAtMs: fc.maxSafeNat(), setAtMs: fc.maxSafeNat() });

describe('the file of a transfer’s changed time', () => {
  it('gives back what was written, to its transfer alone', () => {
    fc.assert(
      fc.property(transferId, transferId, term, (own, other, one) => {
        expect(parseTerm(own, encodeTerm(own, one))).toEqual(one);
        if (Buffer.compare(own, other) !== 0) expect(parseTerm(other, encodeTerm(own, one))).toBeNull();
      }),
    );
  });

  it('is nothing when a bit differs, when it is cut anywhere, or when it is garbage', () => {
    fc.assert(
      fc.property(transferId, term, fc.nat(TERM_BYTES - 1), fc.nat(7), fc.uint8Array(), (own, one, at, bit, garbage) => {
        const bytes = encodeTerm(own, one);
        expect(parseTerm(own, bytes.with(at, bytes[at]! ^ (1 << bit)))).toBeNull();
        expect(parseTerm(own, bytes.subarray(0, at))).toBeNull();
        expect(parseTerm(own, garbage)).toBeNull();
      }),
    );
  });
});
