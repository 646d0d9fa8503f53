/**
 * Until when a transfer's shards are kept, where that was changed since they were written: one file beside them, so that
 * a change takes one write however many they are. Their headers keep the first time; the index is right while it is
 * whole, and made anew from both.
 *
 *   0   8  magic "shardtrm"        36  8  orderedAtMs
 *   8   1  version 1               44  8  setAtMs
 *   9   3  zeros                   52 32  SHA-256 of bytes 0 to 51
 *   12 16  transfer id
 *   28  8  shardExpiresAtMs
 */
import { hash } from 'node:crypto';
import { ByteReader, ByteWriter, ID_BYTES, encodeHex, equalBytes, utf8, type TransferId } from '../../shared/protocol/index.ts';
import type { Term } from './shard-index.ts';

export const TERM_FILE = 'term';
export const TERM_BYTES = 84;
const SIGNED_BYTES = 52;
const MAGIC = utf8('shardtrm');
const VERSION = 1;

export interface TermFile extends Term {
  /** By the node's clock: shards that were stored later have their time from an order of their own. */
  readonly setAtMs: number;
}

export function encodeTerm(transferId: TransferId, { expiresAtMs, orderedAtMs, setAtMs }: TermFile): Uint8Array<ArrayBuffer> {
  const body = new ByteWriter(SIGNED_BYTES).put(MAGIC).u8(VERSION).put(new Uint8Array(3)).put(transferId).u64(expiresAtMs).u64(orderedAtMs).u64(setAtMs).done();
  return new ByteWriter(TERM_BYTES)
    .put(body)
    .put(hash('sha256', body, 'buffer'))
    .done();
}

/** @returns null for anything but a whole file of this version and transfer. */
export function parseTerm(transferId: TransferId, bytes: Uint8Array): TermFile | null {
  if (bytes.length !== TERM_BYTES) return null;
  if (!equalBytes(hash('sha256', bytes.subarray(0, SIGNED_BYTES), 'buffer'), bytes.subarray(SIGNED_BYTES))) return null;
  const reader = new ByteReader(bytes);
  const magic = reader.bytes(MAGIC.length);
  const version = reader.u8();
  reader.bytes(3);
  const owner = reader.bytes(ID_BYTES);
  if (!equalBytes(magic, MAGIC) || version !== VERSION || encodeHex(owner) !== encodeHex(transferId)) return null;
  return { expiresAtMs: reader.u64(), orderedAtMs: reader.u64(), setAtMs: reader.u64() };
}
