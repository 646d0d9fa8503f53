import { describe, expect, it } from 'vitest';
import { formatBytes, formatPace, formatSecondsLeft, formatUntil } from './format.ts';

describe('sizes', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [1234, '1.2 kB'],
    [99_950, '100 kB'],
    [999_999, '1 MB'],
    [24_500_000, '24.5 MB'],
    [340_000_000_000, '340 GB'],
    [1_099_511_627_776, '1.1 TB'],
  ])('shows %d as %s', (bytes, shown) => expect(formatBytes(bytes)).toBe(shown));

  it('shows a pace', () => expect(formatPace(8_200_000)).toBe('8.2 MB/s'));
});

describe('times', () => {
  it.each([
    [0.4, 'Almost done'],
    [7.2, '8 seconds left'],
    [22, '25 seconds left'],
    [55, 'About 1 minute left'],
    [200, 'About 3 minutes left'],
    [7000, 'About 2 hours left'],
    [200_000, 'About 2 days left'],
  ])('says %d s as %s', (seconds, said) => expect(formatSecondsLeft(seconds)).toBe(said));

  it('says how long until an expiry', () => {
    expect(formatUntil(5 * 60_000, 0)).toBe('in 5 minutes');
    expect(formatUntil(86_400_000, 0)).toBe('in 24 hours');
    expect(formatUntil(7 * 86_400_000, 0)).toBe('in 7 days');
    expect(formatUntil(0, 1000)).toBe('in 1 minute');
  });
});
