import { describe, expect, it } from 'vitest';
import { coordinatorNowMs, nextReading, readsOn, type Reading, type ReadingEvent } from './reading.ts';

const loading: Reading<string> = { step: 'loading' };
const answered: ReadingEvent<string> = { type: 'answered', answer: { value: 'numbers', servedAtMs: 5_000 }, atMs: 100 };
const run = (events: readonly ReadingEvent<string>[], from: Reading<string> = loading): Reading<string> => events.reduce(nextReading<string>, from);

describe('a reading', () => {
  it('shows what was answered, and while it is renewed', () => {
    expect(run([{ type: 'ask' }])).toBe(loading);
    expect(run([{ type: 'ask' }, answered])).toMatchObject({ step: 'shown', answer: { value: 'numbers' }, isAsking: false, problem: null });
    expect(run([answered, { type: 'ask' }])).toMatchObject({ step: 'shown', answer: { value: 'numbers' }, isAsking: true });
  });

  it('keeps the last numbers in sight through a failure that passes, and says so until it has', () => {
    const unrenewed = run([answered, { type: 'ask' }, { type: 'refused', code: 'offline' }]);
    expect(unrenewed).toMatchObject({ step: 'shown', isAsking: false, problem: 'offline' });
    expect(run([{ type: 'ask' }], unrenewed)).toMatchObject({ problem: 'offline', isAsking: true });
    expect(run([answered], unrenewed)).toMatchObject({ problem: null });
  });

  it('drops numbers that will never be renewed, and asks no more', () => {
    const refused = run([answered, { type: 'refused', code: 'unauthorized' }]);
    expect(refused).toEqual({ step: 'failed', code: 'unauthorized', isAsking: false });
    expect(readsOn(refused)).toBe(false);
  });

  it('asks on after a first failure that passes', () => {
    const failed = run([{ type: 'refused', code: 'unavailable' }]);
    expect(failed).toEqual({ step: 'failed', code: 'unavailable', isAsking: false });
    expect(readsOn(failed)).toBe(true);
    expect(run([{ type: 'ask' }, answered], failed)).toMatchObject({ step: 'shown' });
  });
});

it('takes the time from the coordinator, however wrong the page’s own clock is', () => {
  const shown = { answer: { value: null, servedAtMs: 1_000_000 }, readAtMs: 77 };
  expect(coordinatorNowMs(shown, 77)).toBe(1_000_000);
  expect(coordinatorNowMs(shown, 30_077)).toBe(1_030_000);
  expect(coordinatorNowMs(shown, 0)).toBe(1_000_000);
});
