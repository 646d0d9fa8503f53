/**
 * A second reading of docs/protocol.md, for the vectors alone: slow, plain, on Node's own cryptography, and without an
 * import from shared/. Where it and shared/ disagree, one of them misread the page.
 */
import { argon2Sync, createCipheriv, createHash, createPrivateKey, createPublicKey, hkdfSync, sign, type KeyObject } from 'node:crypto';

export const hash = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
export const text = (value: string): Buffer => Buffer.from(value, 'utf8');
export const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const u8 = (value: number): Buffer => Buffer.from([value]);
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** Bytes that look random and are the same at every run. */
export function bytesOf(label: string, count: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 32 < count; i++) blocks.push(hash(text(`shardsend vector ${label}`), u32(i)));
  return Buffer.concat(blocks).subarray(0, count);
}

export const PATTERN_RULE = 'byte i is (7 i + floor(i / 251)) mod 256';
export function patternBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  for (let i = 0; i < count; i++) bytes[i] = (7 * i + Math.floor(i / 251)) % 256;
  return bytes;
}

/** §2. */
const derive = (secret: Uint8Array, salt: Uint8Array, info: Uint8Array, count = 32): Buffer => Buffer.from(hkdfSync('sha256', secret, salt, info, count));
export const segmentKey = (secret: Uint8Array, salt: Uint8Array, index: number): Buffer => derive(secret, salt, Buffer.concat([text('shardsend/1 segment'), u32(index)]));
export const manifestKey = (secret: Uint8Array, salt: Uint8Array): Buffer => derive(secret, salt, text('shardsend/1 manifest'));
export const linkId = (secret: Uint8Array, transferId: Uint8Array): Buffer => derive(secret, transferId, text('shardsend/1 link id'), 16);
export const passwordSalt = (secret: Uint8Array, transferId: Uint8Array): Buffer => derive(secret, transferId, text('shardsend/1 password salt'), 16);
export const passwordKey = (password: string, salt: Uint8Array): Buffer =>
  argon2Sync('argon2id', { message: text(password.normalize('NFKC')), nonce: salt, memory: 65_536, passes: 3, parallelism: 1, tagLength: 32 });
export const lockedLinkKey = (secret: Uint8Array, key: Uint8Array): Buffer => derive(secret, key, text('shardsend/1 password'));
export const accessToken = (linkKey: Uint8Array, transferId: Uint8Array): Buffer => derive(linkKey, transferId, text('shardsend/1 access'));
export const envelopeKey = (linkKey: Uint8Array, transferId: Uint8Array): Buffer => derive(linkKey, transferId, text('shardsend/1 envelope'));

/** §3. In whole numbers of any size, since a float's logarithm is what an implementation may get wrong. */
export function padme(length: bigint): bigint {
  if (length < 2n) return length;
  const floorLog2 = (value: bigint): bigint => BigInt(value.toString(2).length - 1);
  const e = floorLog2(length);
  const s = e === 0n ? 0n : floorLog2(e) + 1n;
  const step = 1n << (e > s ? e - s : 0n);
  return ((length + step - 1n) / step) * step;
}

const ceilDivide = (value: bigint, by: bigint): bigint => (value + by - 1n) / by;
export function layoutOf(fileBytes: bigint, k: bigint) {
  const contentBytes = padme(fileBytes > 4096n ? fileBytes : 4096n);
  const fullText = k * 4n * 262_128n;
  const segments = ceilDivide(contentBytes, fullText);
  const rest = contentBytes - (segments - 1n) * fullText;
  const rows = ceilDivide(rest, k * 262_128n);
  const recordBytes = ceilDivide(ceilDivide(rest, k * rows) + 16n, 64n) * 64n;
  return { contentBytes, segments, rows, recordBytes, shardBytes: rows * recordBytes };
}

export function sealRecord(key: Uint8Array, index: number, last: boolean, plain: Uint8Array): Buffer {
  return seal(key, Buffer.concat([Buffer.alloc(7), u32(index), u8(last ? 1 : 0)]), plain);
}

export const sealEnvelope = (key: Uint8Array, secret: Uint8Array): Buffer => Buffer.concat([u8(1), seal(key, Buffer.alloc(12), secret)]);
export const sealManifest = (key: Uint8Array, plain: Uint8Array): Buffer => seal(key, Buffer.alloc(12), plain);

function seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** §4: multiplication by shifts and the polynomial, inversion by trial. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = product & 0x80 ? (product << 1) ^ 0x11d : product << 1;
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}
const power = (base: number, exponent: number): number => (exponent === 0 ? 1 : multiply(base, power(base, exponent - 1)));
function inverse(value: number): number {
  for (let candidate = 1; candidate < 256; candidate++) if (multiply(value, candidate) === 1) return candidate;
  throw new RangeError('zero has no inverse');
}
type Matrix = number[][];
const productOf = (a: Matrix, b: Matrix): Matrix => a.map((row) => b[0]!.map((_, column) => row.reduce((sum, factor, i) => sum ^ multiply(factor, b[i]![column]!), 0)));

/** Gauss–Jordan. */
function invert(matrix: Matrix): Matrix {
  const size = matrix.length;
  const work = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let column = 0; column < size; column++) {
    const pivot = work.findIndex((row, i) => i >= column && row[column] !== 0);
    [work[column], work[pivot]] = [work[pivot]!, work[column]!];
    const factor = inverse(work[column]![column]!);
    work[column] = work[column]!.map((value) => multiply(value, factor));
    for (let i = 0; i < size; i++) {
      const other = work[i]![column]!;
      if (i !== column && other !== 0) work[i] = work[i]!.map((value, j) => value ^ multiply(other, work[column]![j]!));
    }
  }
  return work.map((row) => row.slice(size));
}

/** @returns all n shards; the first k are the data. */
export function encodeShards(data: readonly Uint8Array[], n: number): Buffer[] {
  const vandermonde = Array.from({ length: n }, (_, row) => data.map((_, column) => power(row, column)));
  const matrix = productOf(vandermonde, invert(vandermonde.slice(0, data.length)));
  return matrix.map((row) => {
    const shard = Buffer.alloc(data[0]!.length);
    for (let i = 0; i < shard.length; i++) shard[i] = row.reduce((sum, factor, from) => sum ^ multiply(factor, data[from]![i]!), 0);
    return shard;
  });
}

/** §6. */
const LEAF = 65_536;
export function leavesOf(shard: Uint8Array): Buffer[] {
  const leaves: Buffer[] = [];
  for (let at = 0; at < shard.length; at += LEAF) leaves.push(hash(u8(0), u32(leaves.length), hash(shard.subarray(at, at + LEAF))));
  return leaves;
}
function split(count: number): number {
  return count <= 2 ? 1 : 2 ** (Math.ceil(Math.log2(count)) - 1);
}
function treeTop(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0]!;
  const at = split(leaves.length);
  return hash(u8(1), treeTop(leaves.slice(0, at)), treeTop(leaves.slice(at)));
}
export const shardId = (shard: Uint8Array): Buffer => hash(u8(2), u32(shard.length), treeTop(leavesOf(shard)));
export function proofOf(leaves: readonly Buffer[], index: number): Buffer[] {
  if (leaves.length === 1) return [];
  const at = split(leaves.length);
  return index < at ? [...proofOf(leaves.slice(0, at), index), treeTop(leaves.slice(at))] : [...proofOf(leaves.slice(at), index - at), treeTop(leaves.slice(0, at))];
}

/** §8. Ed25519 (RFC 8032) from a 32-byte seed. */
export interface KeyPair {
  readonly seed: Buffer;
  readonly publicKey: Buffer;
  sign(bytes: Uint8Array): Buffer;
}
export function keyPair(seed: Buffer): KeyPair {
  const key: KeyObject = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  return { seed, publicKey, sign: (bytes) => sign(null, bytes, key) };
}
