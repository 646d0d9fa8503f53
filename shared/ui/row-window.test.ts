import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rowsInSight, scrollTopFor } from './row-window.ts';

const ROW_PX = 52;
const lists = fc
  .record({ count: fc.integer({ min: 1, max: 10_000 }), clientHeight: fc.integer({ min: ROW_PX, max: 8 * ROW_PX }), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  .map(({ count, clientHeight, share }) => ({ count, scroll: { scrollTop: share * Math.max(0, count * ROW_PX - clientHeight), clientHeight } }));

describe('of a long list', () => {
  test('the rows in sight exist, with a margin, and no row that there is not', () => {
    fc.assert(
      fc.property(lists, ({ count, scroll: { scrollTop, clientHeight } }) => {
        const { from, to } = rowsInSight(count, ROW_PX, scrollTop);
        expect(from * ROW_PX).toBeLessThanOrEqual(scrollTop);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThanOrEqual(count);
        if (to < count) expect(to * ROW_PX).toBeGreaterThanOrEqual(scrollTop + clientHeight);
        expect(to - from).toBeLessThanOrEqual(25);
      }),
    );
  });

  test('a row that is gone to comes into sight, and nothing moves where it is there already', () => {
    fc.assert(
      fc.property(lists, fc.nat(), ({ count, scroll }, number) => {
        const row = number % count;
        const scrollTop = scrollTopFor(row, ROW_PX, scroll);
        expect(scrollTop).toBeLessThanOrEqual(row * ROW_PX);
        expect(scrollTop + scroll.clientHeight).toBeGreaterThanOrEqual((row + 1) * ROW_PX - 1e-6);
        expect(scrollTopFor(row, ROW_PX, { ...scroll, scrollTop })).toBeCloseTo(scrollTop);
      }),
    );
  });
});
