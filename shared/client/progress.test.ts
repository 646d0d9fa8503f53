import { describe, expect, it } from 'vitest';
import { ProgressMeter } from './progress.ts';
import type { Progress } from './types.ts';

function meter(totalBytes: number) {
  let nowMs = 0;
  const reports: Progress[] = [];
  const subject = new ProgressMeter(
    totalBytes,
    () => nowMs,
    (progress) => reports.push(progress),
  );
  const at = (ms: number, doneBytes: number): Progress | undefined => {
    nowMs = ms;
    subject.set(doneBytes);
    return reports.at(-1);
  };
  return { at, reports };
}

describe('progress', () => {
  it('tells pace and time left', () => {
    const { at } = meter(10_000);
    expect(at(1000, 1000)).toMatchObject({ doneBytes: 1000, bytesPerSecond: 1000, secondsLeft: 9 });
  });

  it('never runs backwards and never beyond the total', () => {
    const { at } = meter(1000);
    at(1000, 600);
    expect(at(2000, 500)?.doneBytes).toBe(600);
    expect(at(3000, 5000)?.doneBytes).toBe(1000);
  });

  it('loses its pace while nothing comes, and then promises no time', () => {
    const { at } = meter(10_000);
    at(1000, 2000);
    for (let ms = 1500; ms <= 20_000; ms += 500) at(ms, 2000);
    expect(at(20_500, 2000)).toMatchObject({ bytesPerSecond: 0, secondsLeft: null });
  });

  it('reports seldom, but always the end', () => {
    const { at, reports } = meter(1000);
    for (let ms = 1000; ms < 2000; ms += 10) at(ms, ms / 10);
    expect(reports.length).toBeLessThan(6);
    at(2000, 1000);
    expect(reports.at(-1)?.doneBytes).toBe(1000);
  });
});
