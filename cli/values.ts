/** Reads the values of options. Every mistake is a UsageError, which says what would have been right. */
import { MAX_DOWNLOADS, MAX_EXPIRES_IN_SECONDS, MIN_EXPIRES_IN_SECONDS, securedOrigin } from '../shared/protocol/index.ts';

/** The command line cannot be understood; the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 24 * 3600, w: 7 * 24 * 3600 };

/** `90s`, `30m`, `12h`, `7d`, `2w`. @returns seconds, within what the protocol allows. */
export function parseExpires(text: string): number {
  const match = /^(\d{1,9})([smhdw])$/.exec(text);
  const seconds = match ? Number(match[1]) * SECONDS[match[2]!]! : NaN;
  if (!(seconds >= MIN_EXPIRES_IN_SECONDS && seconds <= MAX_EXPIRES_IN_SECONDS)) throw new UsageError(`--expires takes 5m to 30d, such as 12h or 7d, not ${JSON.stringify(text)}`);
  return seconds;
}

/** @returns null for `unlimited`. */
export function parseDownloads(text: string): number | null {
  if (text === 'unlimited') return null;
  return parseWhole('--downloads', text, 1, MAX_DOWNLOADS, ' or unlimited');
}

/** @returns the origin, without a slash behind it. */
export function parseCoordinator(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (!plain) throw new UsageError(`--coordinator takes an address such as https://send.example, not ${JSON.stringify(text)}`);
  if (securedOrigin(url.origin) !== url.origin) throw new UsageError(`--coordinator takes https for a public host, not ${JSON.stringify(text)}: its links open with nothing else`);
  return url.origin;
}

export function parseWhole(option: string, text: string, min: number, max: number, orElse = ''): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) throw new UsageError(`${option} takes ${min} to ${max}${orElse}, not ${JSON.stringify(text)}`);
  return value;
}
