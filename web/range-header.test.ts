import { describe, expect, it } from 'vitest';
import { parseRange } from './range-header.ts';
import { resolveRange } from '../shared/client/browser/preview-protocol.ts';

describe('a range of a file of 100 bytes', () => {
  const rangeOf = (header: string | null) => resolveRange(parseRange(header), 100);
  it.each([
    ['bytes=0-', { from: 0, to: 100 }],
    ['bytes=10-19', { from: 10, to: 20 }],
    ['bytes=90-500', { from: 90, to: 100 }],
    ['bytes=99-99', { from: 99, to: 100 }],
    ['bytes=-10', { from: 90, to: 100 }],
    ['bytes=-500', { from: 0, to: 100 }],
    // Not one plain range: all of it.
    [null, { from: 0, to: 100 }],
    ['bytes=0-1,5-6', { from: 0, to: 100 }],
    ['bytes=-', { from: 0, to: 100 }],
    ['lines=1-2', { from: 0, to: 100 }],
    // Outside.
    ['bytes=100-', null],
    ['bytes=20-10', null],
    ['bytes=-0', null],
  ])('%s is %j', (header, range) => {
    expect(rangeOf(header)).toEqual(range);
  });
});
