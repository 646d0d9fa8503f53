/** The link that a sender hands over: parsed and judged before any request. docs/protocol.md §7. */
import { sha256 } from '@noble/hashes/sha2.js';
import { asLinkSecret, asTransferId, concatBytes, decodeB64, encodeB64, equalSecrets, utf8, ID_BYTES, KEY_BYTES, type LinkSecret, type TransferId } from './bytes.ts';
import { SendError } from './errors.ts';
import { findLinks, type FoundLink } from './link-text.ts';

/** The first byte: what it takes to open the link. A later version has a higher one. */
const OPENS_AT_ONCE = 1;
const ASKS_PASSWORD = 2;
const CHECK_BYTES = 4;
const HEAD_BYTES = 1 + KEY_BYTES + CHECK_BYTES;
const LABEL = utf8('shardsend/1 link');

export interface Link {
  /** `https://host[:port]`; `http` only of a host that has no public name. */
  readonly origin: string;
  readonly transferId: TransferId;
  readonly secret: LinkSecret;
  /** Whether it opens only together with a password. */
  readonly password: boolean;
}

const checkOf = (kind: number, transferId: Uint8Array, body: Uint8Array): Uint8Array => sha256(concatBytes(LABEL, Uint8Array.of(kind), transferId, body)).subarray(0, CHECK_BYTES);

export function encodeLink({ origin, transferId, secret, password }: Link): string {
  const kind = password ? ASKS_PASSWORD : OPENS_AT_ONCE;
  const fragment = concatBytes(Uint8Array.of(kind), secret, checkOf(kind, transferId, secret));
  return `${origin}/d/${encodeB64(transferId)}#${encodeB64(fragment)}`;
}

/**
 * Finds the one link that a text holds, whatever mail programs, chats and hands did to it. No guess passes whose check
 * is wrong, and none is made between two links.
 *
 * @param text - a link, a page's address, or a message with a link in it.
 * @throws SendError `link_damaged` or `link_version`.
 */
export function parseLink(text: string): Link {
  const found = findLinks(text);
  const whole = new Map(found.flatMap(judge));
  if (whole.size === 0) throw new SendError('link_damaged', found.length > 0 ? 'the check does not match' : 'it holds no whole address of a transfer with a key');
  if (whole.size > 1) throw new SendError('link_damaged', 'there is more than one link in it');
  const [link] = whole.values();
  if (!link) throw new SendError('link_version');
  return link;
}

/** A name of the public domain system means `https`, whatever was made of it; this computer, a number or a name at home may have `http`. */
export function securedOrigin(origin: string): string {
  return hasPublicName(new URL(origin).hostname) ? origin.replace(/^http:/, 'https:') : origin;
}

/** @returns nothing for a link whose check is wrong; else its name, and null for one of a version that this program does not know. */
function judge(found: FoundLink): [string, Link | null][] {
  const origin = securedOrigin(found.origin);
  const id = decodeUnpadded(found.id, ID_BYTES);
  const head = decodeUnpadded(found.key, HEAD_BYTES);
  const transferId = asTransferId(id.bytes);
  const kind = head.bytes[0]!;
  const body = head.bytes.subarray(1, 1 + KEY_BYTES);
  if (!id.canonical || kind < OPENS_AT_ONCE) return [];
  if (!equalSecrets(head.bytes.subarray(1 + KEY_BYTES), checkOf(kind, transferId, body))) return [];
  const name = `${origin}/${found.id}/${found.key}`;
  if (kind > ASKS_PASSWORD) return [[name, null]];
  return head.canonical ? [[name, { origin, transferId, secret: asLinkSecret(body), password: kind === ASKS_PASSWORD }]] : [];
}

/**
 * The first `count` bytes of b64 text that holds as many and not a whole one more.
 *
 * @returns whether the bits after them are zero, besides.
 */
function decodeUnpadded(text: string, count: number): { readonly bytes: Uint8Array; readonly canonical: boolean } {
  const bytes = decodeB64(text + 'A'.repeat(-text.length & 3), undefined, 'link_damaged');
  return { bytes: bytes.slice(0, count), canonical: bytes[count] === 0 };
}

const HOME = /(?:^|\.)(?:localhost|local|internal|lan|home|test)$/;
/** @param hostname - as a URL has it. */
const hasPublicName = (hostname: string): boolean => hostname.includes('.') && !/^[\d.]+$/.test(hostname) && !hostname.startsWith('[') && !HOME.test(hostname);
