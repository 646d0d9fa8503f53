/** The link that a sender hands over: parsed and judged before any request. docs/protocol.md §7. */
import { sha256 } from '@noble/hashes/sha2.js';
import { ByteReader, asSecret, asTransferId, concatBytes, decodeB64, encodeB64, equalSecrets, utf8, ID_BYTES, KEY_BYTES, type Secret, type TransferId } from './bytes.ts';
import { SendError } from './errors.ts';

const VERSION = 1;
const CHECK_BYTES = 4;
const LABEL = utf8('shardsend/1 link');

export interface Link {
  /** `https://host[:port]`. */
  readonly origin: string;
  readonly transferId: TransferId;
  readonly secret: Secret;
}

const checkOf = (transferId: TransferId, secret: Secret): Uint8Array => sha256(concatBytes(LABEL, Uint8Array.of(VERSION), transferId, secret)).subarray(0, CHECK_BYTES);

export function encodeLink({ origin, transferId, secret }: Link): string {
  const fragment = concatBytes(Uint8Array.of(VERSION), secret, checkOf(transferId, secret));
  return `${origin}/d/${encodeB64(transferId)}#${encodeB64(fragment)}`;
}

/**
 * Undoes what mail programs, chats and hands do to a link, then checks it.
 *
 * @throws SendError `link_damaged` or `link_version`.
 */
export function parseLink(text: string): Link {
  const url = toUrl(mend(text));
  const path = /^\/d\/([^/]*)\/?$/.exec(url.pathname);
  if (!path) throw new SendError('link_damaged', 'not the address of a transfer');
  const fragment = decodeFragment(url.hash.slice(1));
  const transferId = asTransferId(decodeB64(path[1]!, ID_BYTES, 'link_damaged'));
  const reader = new ByteReader(fragment, 'link_damaged');
  const version = reader.u8();
  if (version < VERSION) throw new SendError('link_damaged', 'there never was such a version');
  if (version > VERSION) throw new SendError('link_version');
  const secret = asSecret(reader.bytes(KEY_BYTES));
  const check = reader.bytes(CHECK_BYTES);
  reader.end();
  if (!equalSecrets(check, checkOf(transferId, secret))) throw new SendError('link_damaged', 'the check does not match');
  return { origin: url.origin, transferId, secret };
}

function mend(text: string): string {
  const joined = text.replace(/[\s\u200b-\u200d\u2060\ufeff]+/g, '').replace(/%23/i, '#');
  return joined.replace(/^[<("'[«“‘]+/, '').replace(/[>)"'\]»”’.,;:!?]+$/, '');
}

function toUrl(text: string): URL {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) throw new SendError('link_damaged', 'not a web address');
  return new URL(text);
}

function decodeFragment(text: string): Uint8Array {
  const bytes = decodeB64(text, undefined, 'link_damaged');
  if (bytes.length === 0) throw new SendError('link_damaged', 'the key is missing');
  return bytes;
}
