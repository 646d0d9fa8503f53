import { beforeEach, describe, expect, it } from 'vitest';
import { SendError } from '../../protocol/errors.ts';
import type { Answer, Reading } from './reading.ts';
import { REFRESH_EVERY_MS, Watch } from './watch.ts';

let nowMs: number;
let asked: PromiseWithResolvers<Answer<number>>[];
let timer: { readonly callback: () => void; readonly atMs: number } | null;
let reading: Reading<number>;
let watch: Watch<number>;

beforeEach(() => {
  nowMs = 1_000_000;
  asked = [];
  timer = null;
  watch = new Watch<number>({
    read() {
      const answer = Promise.withResolvers<Answer<number>>();
      asked.push(answer);
      return answer.promise;
    },
    now: () => nowMs,
    later(callback, afterMs) {
      if (timer !== null) throw new Error('two timers at a time');
      timer = { callback, atMs: nowMs + afterMs };
      return () => (timer = null);
    },
    onReading: (next) => (reading = next),
  });
});

/** Lets virtual time pass, and what is due happen. */
function pass(ms: number): void {
  nowMs += ms;
  if (timer === null || timer.atMs > nowMs) return;
  const { callback } = timer;
  timer = null;
  callback();
}
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function answer(value: number): Promise<void> {
  asked.at(-1)!.resolve({ value, servedAtMs: nowMs });
  await settle();
}
async function refuse(code: 'offline' | 'unauthorized'): Promise<void> {
  asked.at(-1)!.reject(new SendError(code));
  await settle();
}

describe('a watch', () => {
  it('asks at once, and again half a minute after it last asked', async () => {
    expect(asked).toHaveLength(1);
    nowMs += 4_000;
    await answer(1);
    expect(reading).toMatchObject({ step: 'shown', answer: { value: 1 } });
    pass(REFRESH_EVERY_MS - 4_001);
    expect(asked).toHaveLength(1);
    pass(1);
    expect(asked).toHaveLength(2);
    await answer(2);
    expect(reading).toMatchObject({ answer: { value: 2 } });
  });

  it('asks once at a time, however often somebody presses the button', async () => {
    watch.refresh();
    watch.refresh();
    expect(asked).toHaveLength(1);
    await answer(1);
    watch.refresh();
    watch.refresh();
    expect(asked).toHaveLength(2);
    expect(reading).toMatchObject({ isAsking: true });
  });

  it('asks on by itself through failures that pass', async () => {
    await refuse('offline');
    expect(reading).toMatchObject({ step: 'failed', code: 'offline' });
    pass(REFRESH_EVERY_MS);
    expect(asked).toHaveLength(2);
    await answer(1);
    expect(reading).toMatchObject({ step: 'shown' });
  });

  it('asks no more where no answer will come, but for somebody who presses the button', async () => {
    await refuse('unauthorized');
    expect(timer).toBeNull();
    watch.refresh();
    expect(asked).toHaveLength(2);
  });

  it('calls a failure that is no answer a failure of ours', async () => {
    asked[0]!.reject(new TypeError('a mistake'));
    await settle();
    expect(reading).toMatchObject({ step: 'failed', code: 'internal' });
  });

  it('rests while nobody sees it, and catches up at once when somebody does', async () => {
    await answer(1);
    watch.see(false);
    pass(10 * REFRESH_EVERY_MS);
    expect(asked).toHaveLength(1);
    watch.see(true);
    pass(0);
    expect(asked).toHaveLength(2);
  });

  it('looked at again soon, waits for the rest of its half minute', async () => {
    await answer(1);
    watch.see(false);
    pass(1_000);
    watch.see(true);
    pass(REFRESH_EVERY_MS - 1_001);
    expect(asked).toHaveLength(1);
    pass(1);
    expect(asked).toHaveLength(2);
  });

  it('says nothing after it was stopped', async () => {
    const before = reading;
    watch.stop();
    await answer(1);
    watch.refresh();
    expect(reading).toBe(before);
    expect(timer).toBeNull();
    expect(asked).toHaveLength(1);
  });
});
