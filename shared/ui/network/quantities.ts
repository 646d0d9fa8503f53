/** Ages and large numbers as people read them. */
import { generalTexts } from '../messages/general.ts';
import { formatCount, numberFormat } from '../numbers.ts';
import { sayFrom } from '../say.ts';

const say = sayFrom(generalTexts);

/** From here on the last digits say nothing: 12.3M. */
const LARGE = 10_000_000;

/** `1,284`, `17.2B`: never more than nine characters. */
export const formatLarge = (count: number): string => (count < LARGE ? formatCount(count) : numberFormat({ notation: 'compact', maximumFractionDigits: 1 }).format(count));

/** @param ageMs - what lies ahead, as clocks disagree, counts as now. */
export function formatAgo(ageMs: number): string {
  const seconds = ageMs / 1000;
  if (seconds < 45) return say('ago.now');
  if (seconds < 3300) return say('ago.minutes', Math.max(1, Math.round(seconds / 60)));
  if (seconds < 36 * 3600) return say('ago.hours', Math.max(1, Math.round(seconds / 3600)));
  return say('ago.days', Math.round(seconds / 86_400));
}
