/**
 * What a program keeps on its own machine: AES-256-GCM boxes, each bound to the name that it is kept under. The key is the
 * platform's own, which a browser never hands out. NIST SP 800-38D.
 */
import { OpenError, TAG_BYTES } from './records.ts';

const VERSION = 1;
const NONCE_BYTES = 12;
const HEAD_BYTES = 1 + NONCE_BYTES;
const ALGORITHM = 'AES-GCM';
const LABEL = 'shardsend/1 entry\0';

/** Seals entries for this machine: one key, fewer than 2^32 entries under it, since each nonce is drawn. */
export type EntryKey = CryptoKey;

/** @returns a key that no script can read out, not even the one that made it. */
export const generateEntryKey = (): Promise<EntryKey> => crypto.subtle.generateKey({ name: ALGORITHM, length: 256 }, false, ['encrypt', 'decrypt']);

/** @param bytes - 32 random bytes. */
export const importEntryKey = (bytes: Uint8Array<ArrayBuffer>): Promise<EntryKey> => crypto.subtle.importKey('raw', bytes, ALGORITHM, false, ['encrypt', 'decrypt']);

const boundTo = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(LABEL + name));

/** @param name - what the box is kept under; under another name it does not open. @returns `u8 1 ‖ nonce (12) ‖ ciphertext and tag`. */
export async function sealEntry(key: EntryKey, name: string, text: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt({ name: ALGORITHM, iv: nonce, additionalData: boundTo(name) }, key, text);
  const box = new Uint8Array(HEAD_BYTES + sealed.byteLength);
  box[0] = VERSION;
  box.set(nonce, 1);
  box.set(new Uint8Array(sealed), HEAD_BYTES);
  return box;
}

/** @throws OpenError for another key, name or version, and for bytes that are not whole. */
export async function openEntry(key: EntryKey, name: string, box: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (box.length < HEAD_BYTES + TAG_BYTES || box[0] !== VERSION) throw new OpenError('the entry is too short or of another version');
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: ALGORITHM, iv: box.slice(1, HEAD_BYTES), additionalData: boundTo(name) }, key, box.slice(HEAD_BYTES)));
  } catch (cause) {
    throw new OpenError('the entry does not open', { cause });
  }
}
