/** An AES-256-GCM box with a nonce that is drawn, bound to what it is kept under: `u8 1 ‖ nonce (12) ‖ ciphertext and tag`. NIST SP 800-38D. */
import { OpenError, TAG_BYTES } from './records.ts';

const VERSION = 1;
const NONCE_BYTES = 12;
const HEAD_BYTES = 1 + NONCE_BYTES;
const ALGORITHM = 'AES-GCM';
export const BOX_OVERHEAD_BYTES = HEAD_BYTES + TAG_BYTES;

/** Seals boxes: fewer than 2^32 under one key, since each nonce is drawn. */
export type BoxKey = CryptoKey;

/** @returns a key that no script can read out, not even the one that made it. */
export const generateBoxKey = (): Promise<BoxKey> => crypto.subtle.generateKey({ name: ALGORITHM, length: 256 }, false, ['encrypt', 'decrypt']);

/** @param bytes - 32 bytes. */
export const importBoxKey = (bytes: Uint8Array<ArrayBuffer>): Promise<BoxKey> => crypto.subtle.importKey('raw', bytes, ALGORITHM, false, ['encrypt', 'decrypt']);

/** @param boundTo - a label, and what the box is kept under; with other data it does not open. */
export async function sealBox(key: BoxKey, boundTo: Uint8Array<ArrayBuffer>, text: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt({ name: ALGORITHM, iv: nonce, additionalData: boundTo }, key, text);
  const box = new Uint8Array(HEAD_BYTES + sealed.byteLength);
  box[0] = VERSION;
  box.set(nonce, 1);
  box.set(new Uint8Array(sealed), HEAD_BYTES);
  return box;
}

/** @throws OpenError for another key, binding or version, and for bytes that are not whole. */
export async function openBox(key: BoxKey, boundTo: Uint8Array<ArrayBuffer>, box: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (box.length < BOX_OVERHEAD_BYTES || box[0] !== VERSION) throw new OpenError('the box is too short or of another version');
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: ALGORITHM, iv: box.subarray(1, HEAD_BYTES), additionalData: boundTo }, key, box.subarray(HEAD_BYTES)));
  } catch (cause) {
    throw new OpenError('the box does not open', { cause });
  }
}
