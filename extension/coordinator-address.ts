/** Which addresses a coordinator may have. */

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
