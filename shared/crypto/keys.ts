/** Every key that follows from a transfer's content secret, and from the secret of one of its links. docs/protocol.md §2. HKDF: RFC 5869. */
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { PasswordKey } from './password.ts';

declare const brand: unique symbol;
/** 32 bytes: seals one segment once. */
export type SegmentKey = Uint8Array & { readonly [brand]: 'SegmentKey' };
/** 32 bytes: seals one manifest once. */
export type ManifestKey = Uint8Array & { readonly [brand]: 'ManifestKey' };
/** 32 bytes: what one link opens with; where it asks for a password, only together with that. */
export type LinkKey = Uint8Array & { readonly [brand]: 'LinkKey' };
/** 32 bytes: seals the content secret for one link, once. */
export type EnvelopeKey = Uint8Array & { readonly [brand]: 'EnvelopeKey' };
/** 32 bytes: proves to the coordinator that its holder can open the link. */
export type AccessToken = Uint8Array & { readonly [brand]: 'AccessToken' };

const KEY_BYTES = 32;
const ID_BYTES = 16;
const PASSWORD_SALT_BYTES = 16;
const label = (text: string, suffix = new Uint8Array(0)): Uint8Array => {
  const prefix = new TextEncoder().encode(text);
  const info = new Uint8Array(prefix.length + suffix.length);
  info.set(prefix);
  info.set(suffix, prefix.length);
  return info;
};

/** @param secret - the content secret. @param salt - 32 bytes, fresh at every sealing: the key must never seal two texts. */
export function deriveSegmentKey(secret: Uint8Array, salt: Uint8Array, index: number): SegmentKey {
  const position = new Uint8Array(4);
  new DataView(position.buffer).setUint32(0, index);
  return hkdf(sha256, secret, salt, label('shardsend/1 segment', position), KEY_BYTES) as SegmentKey;
}

/** @param secret - the content secret. @param salt - 32 bytes, fresh at every sealing. */
export const deriveManifestKey = (secret: Uint8Array, salt: Uint8Array): ManifestKey => hkdf(sha256, secret, salt, label('shardsend/1 manifest'), KEY_BYTES) as ManifestKey;

/** @returns 16 bytes: the link's name at the coordinator, which tells nothing of its secret. */
export const deriveLinkId = (linkSecret: Uint8Array, transferId: Uint8Array): Uint8Array => hkdf(sha256, linkSecret, transferId, label('shardsend/1 link id'), ID_BYTES);

/** @returns 16 bytes: who has not the link cannot begin to guess its password. */
export const derivePasswordSalt = (linkSecret: Uint8Array, transferId: Uint8Array): Uint8Array =>
  hkdf(sha256, linkSecret, transferId, label('shardsend/1 password salt'), PASSWORD_SALT_BYTES);

/** @param passwordKey - null for a link that opens at once. */
export const deriveLinkKey = (linkSecret: Uint8Array, passwordKey: PasswordKey | null): LinkKey =>
  (passwordKey === null ? linkSecret : hkdf(sha256, linkSecret, passwordKey, label('shardsend/1 password'), KEY_BYTES)) as LinkKey;

export const deriveAccessToken = (linkKey: LinkKey, transferId: Uint8Array): AccessToken =>
  hkdf(sha256, linkKey, transferId, label('shardsend/1 access'), KEY_BYTES) as AccessToken;

export const deriveEnvelopeKey = (linkKey: LinkKey, transferId: Uint8Array): EnvelopeKey =>
  hkdf(sha256, linkKey, transferId, label('shardsend/1 envelope'), KEY_BYTES) as EnvelopeKey;

/** 32 bytes: seals what a recipient's browser notes down of one download. Never leaves that machine. */
export type JournalKey = Uint8Array & { readonly [brand]: 'JournalKey' };

export const deriveJournalKey = (secret: Uint8Array, transferId: Uint8Array): JournalKey => hkdf(sha256, secret, transferId, label('shardsend/1 journal'), KEY_BYTES) as JournalKey;

/** Under which name a recipient's machine keeps what it has of a transfer: tells nothing to who has no link. 32 bytes. */
export const deriveJournalName = (secret: Uint8Array, transferId: Uint8Array): Uint8Array => hkdf(sha256, secret, transferId, label('shardsend/1 journal name'), KEY_BYTES);

/** What the coordinator keeps of an access or owner token. */
export const hashToken = (token: Uint8Array): Uint8Array => sha256(token);
