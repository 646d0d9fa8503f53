/**
 * The address of a receive page: takes the link out of it, once. The key then lives in this page's memory and nowhere
 * else: not in the visible address, the history, or any storage. docs/protocol.md §7.
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
