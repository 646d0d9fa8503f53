/**
 * What stands before a shard's bytes in its file, so that the index can be rebuilt from the disk alone.
 *
 *   0   8  magic "shardsnd"        64  4  shard bytes
 *   8   1  version 1               68  8  shardExpiresAtMs
 *   9   1  shard index             76  8  storedAtMs
 *   10  2  zeros                   84 12  zeros
 *   12  4  segment                 96 32  SHA-256 of bytes 0 to 95
 *   16 16  transfer id            128     the shard's bytes
 *   32 32  root
 */
import { hash } from 'node:crypto';
import {
  ByteReader,
  ByteWriter,
  ID_BYTES,
  KEY_BYTES,
  KIB,
  MAX_SHARD_BYTES,
  asShardId,
  asTransferId,
  equalBytes,
  utf8,
  type ShardId,
  type TransferId,
} from '../../shared/protocol/index.ts';

export const SHARD_HEADER_BYTES = 128;
/** File systems give a file whole blocks: without that a node full of small shards would pass its limit many times over. */
export const FILE_BLOCK_BYTES = 4 * KIB;
/** What a shard's file takes on the disk. */
export const fileBytesOf = (shardBytes: number): number => Math.ceil((SHARD_HEADER_BYTES + shardBytes) / FILE_BLOCK_BYTES) * FILE_BLOCK_BYTES;

const SIGNED_BYTES = 96;
const MAGIC = utf8('shardsnd');
const VERSION = 1;

export interface ShardHeader {
  readonly transferId: TransferId;
  readonly segment: number;
  readonly shardIndex: number;
  readonly shardBytes: number;
  readonly root: ShardId;
  readonly expiresAtMs: number;
  readonly storedAtMs: number;
}

export function encodeShardHeader(header: ShardHeader): Uint8Array<ArrayBuffer> {
  const body = new ByteWriter(SIGNED_BYTES)
    .put(MAGIC)
    .u8(VERSION)
    .u8(header.shardIndex)
    .u16(0)
    .u32(header.segment)
    .put(header.transferId)
    .put(header.root)
    .u32(header.shardBytes)
    .u64(header.expiresAtMs)
    .u64(header.storedAtMs)
    .put(new Uint8Array(12))
    .done();
  return new ByteWriter(SHARD_HEADER_BYTES)
    .put(body)
    .put(hash('sha256', body, 'buffer'))
    .done();
}

/** @returns null for anything but a whole header of this version: the file is torn or foreign. */
export function parseShardHeader(bytes: Uint8Array): ShardHeader | null {
  if (bytes.length !== SHARD_HEADER_BYTES) return null;
  if (!equalBytes(hash('sha256', bytes.subarray(0, SIGNED_BYTES), 'buffer'), bytes.subarray(SIGNED_BYTES))) return null;
  const reader = new ByteReader(bytes);
  const magic = reader.bytes(MAGIC.length);
  const version = reader.u8();
  if (!equalBytes(magic, MAGIC) || version !== VERSION) return null;
  const shardIndex = reader.u8();
  reader.u16();
  const segment = reader.u32();
  const transferId = asTransferId(Uint8Array.from(reader.bytes(ID_BYTES)));
  const root = asShardId(Uint8Array.from(reader.bytes(KEY_BYTES)));
  const shardBytes = reader.u32();
  const expiresAtMs = reader.u64();
  const storedAtMs = reader.u64();
  if (shardBytes < 1 || shardBytes > MAX_SHARD_BYTES) return null;
  return { transferId, segment, shardIndex, shardBytes, root, expiresAtMs, storedAtMs };
}
