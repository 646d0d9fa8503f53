/**
 * The address of a receive page: takes the link out of it, once. This page then holds the key in its memory alone: it
 * stands neither in the visible address nor in the tab's history nor in any storage of the site. What no page can undo: a
 * browser may have written the address into its own list of visits before the first script ran. docs/protocol.md §7.
 */
import { SendError } from '../protocol/errors.ts';
import { decodePercent } from '../protocol/link-text.ts';
import { encodeLink, parseLink } from '../protocol/link.ts';

export interface TakenAddress {
  /** The whole link to open, or null when the address holds no key. */
  readonly link: string | null;
  /** What the address bar shall show instead: the transfer's id, and nothing else that stood in the address. */
  readonly path: string;
}

/** @param href - the page's address as the browser has it; a mail filter may have put the key into its path or query. */
export function takeAddress(href: string): TakenAddress {
  const { pathname, search, hash } = new URL(href);
  const [, id = '', rest = ''] = /^\/+d\/+([\w-]{22}(?![\w-]))?(.*)$/is.exec(decodePercent(pathname + search + hash)) ?? [];
  const holdsNoKey = /^\/*(?:[?&][^#]*)?#*$/.test(rest);
  return { link: holdsNoKey ? null : href, path: `/d/${id}` };
}

/** Where the page has to go first: without `https` a browser decrypts nothing. Null for a link that is damaged, or is where it belongs. */
export function secureAddress(href: string): string | null {
  if (new URL(href).protocol === 'https:') return null;
  try {
    const link = parseLink(href);
    return link.origin.startsWith('https:') ? encodeLink(link) : null;
  } catch (error) {
    if (error instanceof SendError) return null;
    throw error;
  }
}
