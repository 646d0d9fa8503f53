/** What a sender may choose from, for the send form and the options page. docs/protocol.md §12. */
import { generalTexts } from './messages/general.ts';
import { sendingTexts } from './messages/sending.ts';
import { sayFrom } from './say.ts';

const say = sayFrom(generalTexts, sendingTexts);

const HOUR = 3600;
const DAY = 24 * HOUR;

/** 5 minutes too: the shortest that there is, for what shall end soon. */
export const NEW_EXPIRIES_SECONDS: readonly number[] = [300, HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY];
export const EXPIRIES_SECONDS: readonly number[] = [HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY];
export const LIMITS: readonly (number | null)[] = [null, 1, 2, 5, 10, 25, 100];
export const DEFAULT_CHOICES = { expiresInSeconds: 7 * DAY, downloadLimit: null } as const;

export function expiryText(seconds: number): string {
  if (seconds < HOUR) return say('expiry.minutes', Math.round(seconds / 60));
  if (seconds < 2 * DAY && seconds !== DAY) return say('expiry.hours', Math.round(seconds / HOUR));
  return say('expiry.days', Math.round(seconds / DAY));
}

export const limitText = (limit: number | null): string => (limit === null ? say('send.limit.none') : say('send.limit.some', limit));

/** The list with a value that came from settings put where it belongs, should it not be among them. */
export const withExpiry = (seconds: number): readonly number[] =>
  EXPIRIES_SECONDS.includes(seconds) ? EXPIRIES_SECONDS : [...EXPIRIES_SECONDS, seconds].toSorted((a, b) => a - b);
export const withLimit = (limit: number | null): readonly (number | null)[] => (LIMITS.includes(limit) ? LIMITS : [...LIMITS, limit].toSorted((a, b) => (a ?? 0) - (b ?? 0)));
