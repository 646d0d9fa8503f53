/** How a node is asked for leaves of what it holds, and how it proves them. docs/protocol.md §9, audits. */
import * as v from 'valibot';
import { ByteReader, ByteWriter, ID_BYTES, KEY_BYTES, SIGNATURE_BYTES } from './bytes.ts';
import { SendError } from './errors.ts';
import { b64, count, segmentIndex, whole } from './fields.ts';
import { LEAF_SIZE_BYTES, MAX_LEAVES_PER_AUDIT, MAX_SHARD_BYTES } from './limits.ts';

const MAX_LEAF_INDEX = MAX_SHARD_BYTES / LEAF_SIZE_BYTES - 1;
/** Siblings from a leaf up, in a tree of at most 16 leaves. */
export const MAX_PROOF_HASHES = Math.log2(MAX_LEAF_INDEX + 1);

export const auditSchema = v.object({
  epoch: count,
  leaves: v.pipe(v.array(v.object({ transferId: b64(ID_BYTES), segment: segmentIndex, leaf: whole(0, MAX_LEAF_INDEX) })), v.minLength(1), v.maxLength(MAX_LEAVES_PER_AUDIT)),
});
export type Audit = v.InferOutput<typeof auditSchema>;

export const beaconSchema = v.object({ epoch: count, epochMs: count, signature: b64(SIGNATURE_BYTES) });
export type Beacon = v.InferOutput<typeof beaconSchema>;

export const PROOF_HEADER_BYTES = 8;

/** One leaf's header in an audit's answer: `dataBytes` of the leaf and `hashes` · 32 bytes of its path follow. */
export interface ProofHeader {
  /** False: the node says that it does not hold the leaf, and nothing follows. */
  readonly held: boolean;
  readonly hashes: number;
  readonly dataBytes: number;
}

/** u8 status (0 held, 1 absent) ‖ u8 hashes ‖ u16 0 ‖ u32 data bytes. */
export const encodeProofHeader = ({ held, hashes, dataBytes }: ProofHeader): Uint8Array<ArrayBuffer> =>
  new ByteWriter(PROOF_HEADER_BYTES)
    .u8(held ? 0 : 1)
    .u8(hashes)
    .u16(0)
    .u32(dataBytes)
    .done();

/** @throws SendError `bad_request` for a header that no honest node sends. */
export function parseProofHeader(bytes: Uint8Array): ProofHeader {
  const reader = new ByteReader(bytes);
  const status = reader.u8();
  const hashes = reader.u8();
  const reserved = reader.u16();
  const dataBytes = reader.u32();
  reader.end();
  const held = status === 0;
  const fits = held ? dataBytes > 0 && dataBytes <= LEAF_SIZE_BYTES && hashes <= MAX_PROOF_HASHES : dataBytes === 0 && hashes === 0;
  if (status > 1 || reserved !== 0 || !fits) throw new SendError('bad_request', 'malformed proof');
  return { held, hashes, dataBytes };
}

export const proofBytes = ({ hashes, dataBytes }: ProofHeader): number => dataBytes + hashes * KEY_BYTES;
