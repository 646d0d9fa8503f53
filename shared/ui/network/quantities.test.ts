import { expect, it } from 'vitest';
import { formatAgo, formatLarge } from './quantities.ts';

it('says ages as people do, and never in advance', () => {
  const minute = 60_000;
  expect([-5_000, 0, 44_000, 50_000, 2.4 * minute, 50 * minute, 59 * minute, 26 * 60 * minute, 3 * 24 * 60 * minute].map(formatAgo)).toEqual([
    'moments ago',
    'moments ago',
    'moments ago',
    '1 minute ago',
    '2 minutes ago',
    '50 minutes ago',
    '1 hour ago',
    '26 hours ago',
    '3 days ago',
  ]);
});

it('keeps every digit of a number as long as it says something', () => {
  expect([0, 1_284, 9_999_999, 12_345_678, 17_218_683_600].map(formatLarge)).toEqual(['0', '1,284', '9,999,999', '12.3M', '17.2B']);
});
