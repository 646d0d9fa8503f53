/**
 * The address of a receive page: takes the link out of it, once. This page then holds the key in its memory alone: it
 * stands neither in the visible address nor in the tab's history nor in any storage of the site. What no page can undo: a
 * browser may have written the address into its own list of visits before the first script ran. docs/protocol.md §7.
 */

export interface TakenAddress {
  /** The whole link to open, or null when the address holds no key. */
  readonly link: string | null;
  /** What the address bar shall show instead. */
  readonly path: string;
}

/**
 * @param href - the page's address as the browser has it. A mail filter may have turned `#` into `%23` (once or more
 * often), which puts the key into the path: it is moved back.
 */
export function takeAddress(href: string): TakenAddress {
  const url = new URL(href);
  const [rest, moved] = cutAtMark(url.pathname);
  const key = url.hash.length > 1 ? url.hash.slice(1) : moved;
  const path = rest === '' ? '/' : rest;
  return { link: key === '' ? null : `${url.origin}${path}#${key}`, path };
}

/** Splits at the first `#`, however often it was percent-encoded. */
function cutAtMark(pathname: string): readonly [string, string] {
  const mark = /%(?:25)*23/i.exec(pathname);
  if (!mark) return [pathname, ''];
  return [pathname.slice(0, mark.index), pathname.slice(mark.index + mark[0].length)];
}
