/**
 * Records of a segment: AES-256-GCM boxes whose nonce is a counter and a final flag, so that none can be dropped,
 * moved or joined from elsewhere. docs/protocol.md §3; NIST SP 800-38D; STREAM: Hoang et al., CRYPTO 2015.
 */
import { gcm } from '@noble/ciphers/webcrypto.js';
import type { EnvelopeKey, JournalKey, ManifestKey, SegmentKey } from './keys.ts';

export const TAG_BYTES = 16;
const NONCE_BYTES = 12;

function nonceOf(index: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setUint32(7, index);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** Thrown for every box that does not open: wrong key, position or bytes; nothing tells which. */
export class OpenError extends Error {
  override readonly name = 'OpenError';
}

/**
 * @param key - used for one sealing of one segment.
 * @param last - whether this is the segment's last record.
 * @returns `text.length + TAG_BYTES` bytes.
 */
export const sealRecord = (key: SegmentKey, index: number, last: boolean, text: Uint8Array): Promise<Uint8Array> => gcm(key, nonceOf(index, last)).encrypt(text);

/** @throws OpenError. */
export const openRecord = (key: SegmentKey, index: number, last: boolean, box: Uint8Array): Promise<Uint8Array> => open(key, nonceOf(index, last), box);

/** @param key - used for one sealing of one manifest. */
export const sealManifestText = (key: ManifestKey, text: Uint8Array): Promise<Uint8Array> => gcm(key, new Uint8Array(NONCE_BYTES)).encrypt(text);

/** @throws OpenError. */
export const openManifestText = (key: ManifestKey, box: Uint8Array): Promise<Uint8Array> => open(key, new Uint8Array(NONCE_BYTES), box);

/** @param key - of one link, and so for one secret. @returns `secret.length + TAG_BYTES` bytes. */
export const sealContentSecret = (key: EnvelopeKey, secret: Uint8Array): Promise<Uint8Array> => gcm(key, new Uint8Array(NONCE_BYTES)).encrypt(secret);

/** @throws OpenError. */
export const openContentSecret = (key: EnvelopeKey, box: Uint8Array): Promise<Uint8Array> => open(key, new Uint8Array(NONCE_BYTES), box);

/** @param nonce - 12 random bytes, fresh each time. */
export const sealJournal = (key: JournalKey, nonce: Uint8Array, text: Uint8Array): Promise<Uint8Array> => gcm(key, nonce).encrypt(text);

/** @throws OpenError. */
export const openJournal = (key: JournalKey, nonce: Uint8Array, box: Uint8Array): Promise<Uint8Array> => open(key, nonce, box);

async function open(key: Uint8Array, nonce: Uint8Array, box: Uint8Array): Promise<Uint8Array> {
  if (box.length < TAG_BYTES) throw new OpenError('box is too short');
  try {
    return await gcm(key, nonce).decrypt(box);
  } catch (cause) {
    throw new OpenError('box does not open', { cause });
  }
}
