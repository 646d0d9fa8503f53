/** Sizes, paces and times as people read them. Sizes are decimal (1 MB = 1,000,000 bytes), as file managers show them. */
import { generalTexts } from './messages/general.ts';
import { sayFrom } from './say.ts';

const say = sayFrom(generalTexts);

const LANGUAGE = 'en';
const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
const numberFormats = new Map<string, Intl.NumberFormat>();

/** `0 bytes`, `950 bytes`, `1.2 MB`, `340 GB`: three figures at most. */
export function formatBytes(bytes: number): string {
  let step = 0;
  let value = bytes;
  while (step < UNITS.length - 1 && Math.round(value) >= 1000) {
    value /= 1000;
    step++;
  }
  const digits = step === 0 || value >= 99.95 ? 0 : 1;
  return numberFormat(UNITS[step] ?? 'byte', digits).format(value);
}

export const formatPace = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`;

export const formatCount = (count: number): string => count.toLocaleString(LANGUAGE);

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
  const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: 'always' });
  const minutes = Math.max(1, Math.round((thenMs - nowMs) / 60_000));
  if (minutes < 60) return relative.format(minutes, 'minute');
  if (minutes < 36 * 60) return relative.format(Math.round(minutes / 60), 'hour');
  return relative.format(Math.round(minutes / 1440), 'day');
}

/** `28 November 2026 at 09:44`, in the reader's time zone. */
export const formatMoment = (atMs: number): string => new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short' }).format(atMs);

function numberFormat(unit: (typeof UNITS)[number], digits: number): Intl.NumberFormat {
  const key = `${unit} ${digits}`;
  const known = numberFormats.get(key);
  if (known) return known;
  const made = new Intl.NumberFormat(LANGUAGE, {
    style: 'unit',
    unit,
    unitDisplay: unit === 'byte' ? 'long' : 'short',
    maximumFractionDigits: digits,
  });
  numberFormats.set(key, made);
  return made;
}
