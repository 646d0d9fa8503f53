/**
 * Byte strings on the wire: canonical b64, hex, a reader that cannot run past its end, and a writer of known size.
 * docs/protocol.md, conventions. Malformed input throws SendError `bad_request` unless the caller names another code.
 */
import { SendError, type ErrorCode } from './errors.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = Uint8Array & { readonly [brand]: Name };
/** 16 random bytes that name a transfer. */
export type TransferId = Branded<'TransferId'>;
/** 32 bytes: the node's Ed25519 public key. */
export type NodeId = Branded<'NodeId'>;
/** 32 bytes: what a shard's bytes hash to (§6). */
export type ShardId = Branded<'ShardId'>;
/** 16 bytes that name a link of a transfer to the coordinator. */
export type LinkId = Branded<'LinkId'>;
/** 32 random bytes from which a transfer's content is sealed; in no link, and no coordinator has them. */
export type ContentSecret = Branded<'ContentSecret'>;
/** 32 random bytes of one link, in its fragment. */
export type LinkSecret = Branded<'LinkSecret'>;

export const ID_BYTES = 16;
export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

function sized(name: string, length: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length !== length) throw new SendError('bad_request', `${name}: ${length} bytes expected`);
  return bytes;
}
export const asTransferId = (bytes: Uint8Array): TransferId => sized('transfer id', ID_BYTES, bytes) as TransferId;
export const asNodeId = (bytes: Uint8Array): NodeId => sized('node id', KEY_BYTES, bytes) as NodeId;
export const asShardId = (bytes: Uint8Array): ShardId => sized('shard id', KEY_BYTES, bytes) as ShardId;
export const asLinkId = (bytes: Uint8Array): LinkId => sized('link id', ID_BYTES, bytes) as LinkId;
export const asContentSecret = (bytes: Uint8Array): ContentSecret => sized('content secret', KEY_BYTES, bytes) as ContentSecret;
export const asLinkSecret = (bytes: Uint8Array): LinkSecret => sized('link secret', KEY_BYTES, bytes) as LinkSecret;

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const values = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;

/** Unpadded base64url. */
export function encodeB64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += alphabet[word >> 18]! + alphabet[(word >> 12) & 63]!;
    if (left > 1) text += alphabet[(word >> 6) & 63]!;
    if (left > 2) text += alphabet[word & 63]!;
  }
  return text;
}

/**
 * @param length - bytes that must come out; left out, any number.
 * @throws SendError `code` on a foreign character, padding, unused bits that are set, or another length.
 */
export function decodeB64(text: string, length?: number, code: ErrorCode = 'bad_request'): Uint8Array<ArrayBuffer> {
  const fail = (): never => {
    throw new SendError(code, 'base64url expected');
  };
  if (text.length % 4 === 1) fail();
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  if (length !== undefined && bytes.length !== length) fail();
  let word = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = values[text.charCodeAt(i)] ?? -1;
    if (value < 0) fail();
    word = ((word << 6) | value) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (word >> bits) & 255;
    }
  }
  if ((word & ((1 << bits) - 1)) !== 0) fail();
  return bytes;
}

export function encodeHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** For public values. Secrets are compared as hashes with `equalSecrets`. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Compares in time that depends on the length alone. */
export function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** A copy: what the platform's encoder returns has another type under Workers than under browsers and Node. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

/** Reads fields in order; every read beyond the end, and bytes left over at `end()`, throw `code`. */
export class ByteReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #code: ErrorCode;
  #at = 0;
  constructor(bytes: Uint8Array, code: ErrorCode = 'bad_request') {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#code = code;
  }
  get left(): number {
    return this.#bytes.length - this.#at;
  }
  #take(count: number): number {
    if (count > this.left) throw new SendError(this.#code, 'message is too short');
    const at = this.#at;
    this.#at += count;
    return at;
  }
  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }
  /** A u64 up to 2^53−1; larger ones are refused. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new SendError(this.#code, 'number is too large');
    return Number(value);
  }
  /** A view, not a copy. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }
  end(): void {
    if (this.left !== 0) throw new SendError(this.#code, 'message is too long');
  }
}

/** Writes fields in order into a buffer of a size known beforehand. */
export class ByteWriter {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }
  #step(count: number): number {
    const at = this.#at;
    this.#at += count;
    return at;
  }
  u8(value: number): this {
    this.#view.setUint8(this.#step(1), value);
    return this;
  }
  u16(value: number): this {
    this.#view.setUint16(this.#step(2), value);
    return this;
  }
  u32(value: number): this {
    this.#view.setUint32(this.#step(4), value);
    return this;
  }
  u64(value: number): this {
    this.#view.setBigUint64(this.#step(8), BigInt(value));
    return this;
  }
  put(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#step(bytes.length));
    return this;
  }
  /** @throws RangeError when the fields do not fill the buffer exactly. */
  done(): Uint8Array<ArrayBuffer> {
    if (this.#at !== this.bytes.length) throw new RangeError('fields do not fill the buffer');
    return this.bytes;
  }
}
