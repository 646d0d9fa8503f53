/** What of a vault leaves the machine: entries under hidden names, and the head that binds them together. docs/protocol.md §14. */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { openBox, sealBox, type BoxKey } from './boxes.ts';
import { OpenError } from './records.ts';

const HIDDEN_NAME_BYTES = 16;
const DIGEST_BYTES = 32;
const REVISION_BYTES = 8;
/** Texts are padded to whole multiples of this: their length tells little of what they hold. */
const PADDED_TO_BYTES = 1024;
const END = 0x80;
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));
const ENTRY_LABEL = utf8('shardsend/1 vault entry\0');
const HEAD_LABEL = utf8('shardsend/1 vault head\0');
const DIGEST_LABEL = utf8('shardsend/1 vault digest');

export interface VaultEntry {
  readonly name: string;
  readonly text: Uint8Array<ArrayBuffer>;
}

/** @param namesKey - 32 bytes. @returns 16 bytes: the entry's name as the coordinator knows it. */
export const hideName = (namesKey: Uint8Array, name: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hmac(sha256, namesKey, utf8(name)).subarray(0, HIDDEN_NAME_BYTES));

/** @param hiddenName - 16 bytes, of the entry's name. */
export async function sealVaultEntry(key: BoxKey, hiddenName: Uint8Array, { name, text }: VaultEntry): Promise<Uint8Array<ArrayBuffer>> {
  const nameBytes = utf8(name);
  if (nameBytes.length > 0xffff) throw new RangeError('an entry’s name has at most 65,535 bytes');
  const usedBytes = 2 + nameBytes.length + text.length + 1;
  const padded = new Uint8Array(Math.ceil(usedBytes / PADDED_TO_BYTES) * PADDED_TO_BYTES);
  new DataView(padded.buffer).setUint16(0, nameBytes.length);
  padded.set(nameBytes, 2);
  padded.set(text, 2 + nameBytes.length);
  padded[usedBytes - 1] = END;
  return sealBox(key, boundTo(ENTRY_LABEL, hiddenName), padded);
}

/** @throws OpenError for another key or name, and for a text of another form. */
export async function openVaultEntry(key: BoxKey, hiddenName: Uint8Array, box: Uint8Array<ArrayBuffer>): Promise<VaultEntry> {
  const padded = await openBox(key, boundTo(ENTRY_LABEL, hiddenName), box);
  const end = padded.findLastIndex((byte) => byte !== 0);
  const nameEnd = padded.length < 2 ? Infinity : 2 + new DataView(padded.buffer, padded.byteOffset).getUint16(0);
  if (padded[end] !== END || nameEnd > end) throw new OpenError('the entry has another form');
  return { name: decode(padded.subarray(2, nameEnd)), text: padded.slice(nameEnd, end) };
}

export interface VaultHead {
  readonly revision: number;
  /** 32 bytes, over all entries at that revision. */
  readonly digest: Uint8Array;
}

export function sealVaultHead(key: BoxKey, { revision, digest }: VaultHead): Promise<Uint8Array<ArrayBuffer>> {
  const text = new Uint8Array(REVISION_BYTES + DIGEST_BYTES);
  new DataView(text.buffer).setBigUint64(0, BigInt(revision));
  text.set(digest, REVISION_BYTES);
  return sealBox(key, HEAD_LABEL, text);
}

/** @throws OpenError. */
export async function openVaultHead(key: BoxKey, box: Uint8Array<ArrayBuffer>): Promise<VaultHead> {
  const text = await openBox(key, HEAD_LABEL, box);
  if (text.length !== REVISION_BYTES + DIGEST_BYTES) throw new OpenError('the head has another form');
  return { revision: Number(new DataView(text.buffer, text.byteOffset).getBigUint64(0)), digest: text.slice(REVISION_BYTES) };
}

/** @param entries - ascending by hidden name, each once. @returns 32 bytes. */
export function vaultDigest(revision: number, entries: Iterable<{ readonly hiddenName: Uint8Array; readonly box: Uint8Array }>): Uint8Array {
  const number = new Uint8Array(REVISION_BYTES);
  new DataView(number.buffer).setBigUint64(0, BigInt(revision));
  const hash = sha256.create().update(DIGEST_LABEL).update(number);
  for (const { hiddenName, box } of entries) hash.update(hiddenName).update(sha256(box));
  return hash.digest();
}

function boundTo(label: Uint8Array<ArrayBuffer>, hiddenName: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(label.length + hiddenName.length);
  bytes.set(label);
  bytes.set(hiddenName, label.length);
  return bytes;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new OpenError('the entry’s name is no text', { cause });
  }
}
