/** Sizes, paces and times as people read them. Sizes are decimal (1 MB = 1,000,000 bytes), as file managers show them. */
import { generalTexts } from './messages/general.ts';
import { numberFormat } from './numbers.ts';
import { sayFrom } from './say.ts';
import { shownLanguage } from './shown-language.ts';

export { formatCount } from './numbers.ts';

const say = sayFrom(generalTexts);

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** `0 bytes`, `950 bytes`, `1.2 MB`, `340 GB`: three figures at most. */
export const formatBytes = (bytes: number): string => formatSize(bytes, '');

/** `8.2 MB/s`. */
export const formatPace = (bytesPerSecond: number): string => formatSize(bytesPerSecond, '-per-second');

function formatSize(bytes: number, per: '' | '-per-second'): string {
  let step = 0;
  let value = bytes;
  while (step < UNITS.length - 1 && Math.round(value) >= 1000) {
    value /= 1000;
    step++;
  }
  const digits = step === 0 || value >= 99.95 ? 0 : 1;
  const unitDisplay = step === 0 ? 'long' : 'short';
  return numberFormat({ style: 'unit', unit: UNITS[step]! + per, unitDisplay, maximumFractionDigits: digits }).format(value);
}

/** Rounded the way people speak of waiting: the longer, the coarser. */
export function formatSecondsLeft(seconds: number): string {
  if (seconds < 2) return say('time.almost');
  if (seconds < 50) return say('time.seconds', Math.ceil(seconds < 10 ? seconds : seconds / 5) * (seconds < 10 ? 1 : 5));
  if (seconds < 3300) return say('time.minutes', Math.max(1, Math.round(seconds / 60)));
  if (seconds < 36 * 3600) return say('time.hours', Math.round(seconds / 3600));
  return say('time.days', Math.round(seconds / 86_400));
}

/** A wait that is counted down, of up to an hour. */
export function formatWait(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? say('wait.seconds', seconds) : say('wait.minutes', Math.floor(seconds / 60), seconds % 60);
}

/** How long from now until then, for an expiry: `in 7 days`. */
export function formatUntil(thenMs: number, nowMs: number): string {
  const relative = new Intl.RelativeTimeFormat(shownLanguage().locale, { numeric: 'always' });
  const minutes = Math.max(1, Math.round((thenMs - nowMs) / 60_000));
  if (minutes < 60) return relative.format(minutes, 'minute');
  if (minutes < 36 * 60) return relative.format(Math.round(minutes / 60), 'hour');
  return relative.format(Math.round(minutes / 1440), 'day');
}

/** `28 November 2026 at 09:44`, as the reader's country writes it, in the reader's time zone. */
export const formatMoment = (atMs: number): string => new Intl.DateTimeFormat(shownLanguage().locale, { dateStyle: 'long', timeStyle: 'short' }).format(atMs);
