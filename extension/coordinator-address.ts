/** Which addresses a coordinator may have, and which one is built in. */

const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** @returns the origin, or null when the text is none: https anywhere, http on this computer only. */
export function checkCoordinator(text: string): string | null {
  const trimmed = text.trim();
  if (!URL.canParse(trimmed)) return null;
  const { protocol, hostname, origin, pathname, search, hash, username, password } = new URL(trimmed);
  if (pathname !== '/' || search !== '' || hash !== '' || username !== '' || password !== '') return null;
  const allowed = protocol === 'https:' || (protocol === 'http:' && LOCAL_HOSTS.has(hostname));
  return allowed ? origin : null;
}

/** @param named - the one that the build is meant for (VITE_COORDINATOR); otherwise that of `npm start`. */
export const builtInCoordinator = (named: unknown): string => (typeof named === 'string' && checkCoordinator(named)) || 'http://localhost:8787';

/**
 * The pages of an origin as match patterns. A public name's links come without https as well; browsers do not agree on ports
 * in patterns, so there is none, nor on whether one scheme is part of both, so each stands alone.
 */
export function pagesOf(origin: string): string[] {
  const { protocol, hostname } = new URL(origin);
  const schemes = protocol === 'https:' ? ['https:', 'http:'] : [protocol];
  return schemes.map((scheme) => `${scheme}//${hostname}/*`);
}
