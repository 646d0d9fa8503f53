/** Numbers that a page reads again and again, as data: what is shown, how old it is, and what stands in the way. */
import type { ErrorCode } from '../../protocol/errors.ts';
import { isRetryable } from '../retryable.ts';

/** An answer, and when the coordinator gave it. */
export interface Answer<T> {
  readonly value: T;
  /** By the coordinator's clock, with which the times inside `value` are compared. */
  readonly servedAtMs: number;
}

export type Reading<T> = { readonly step: 'loading' } | { readonly step: 'failed'; readonly code: ErrorCode; readonly isAsking: boolean } | ShownReading<T>;

export interface ShownReading<T> {
  readonly step: 'shown';
  readonly answer: Answer<T>;
  /** When it arrived, by the page's own clock. */
  readonly readAtMs: number;
  readonly isAsking: boolean;
  /** Why the last attempt to renew it failed; what was read before stays in sight. */
  readonly problem: ErrorCode | null;
}

export type ReadingEvent<T> =
  | { readonly type: 'ask' }
  | { readonly type: 'answered'; readonly answer: Answer<T>; readonly atMs: number }
  | { readonly type: 'refused'; readonly code: ErrorCode };

export function nextReading<T>(reading: Reading<T>, event: ReadingEvent<T>): Reading<T> {
  switch (event.type) {
    case 'ask':
      return reading.step === 'loading' ? reading : { ...reading, isAsking: true };
    case 'answered':
      return { step: 'shown', answer: event.answer, readAtMs: event.atMs, isAsking: false, problem: null };
    case 'refused':
      // What will never be answered again is not kept in sight: it would look true for ever.
      if (reading.step === 'shown' && isRetryable(event.code)) return { ...reading, isAsking: false, problem: event.code };
      return { step: 'failed', code: event.code, isAsking: false };
  }
}

/** Whether a page asks again by itself. */
export const readsOn = <T>(reading: Reading<T>): boolean => reading.step !== 'failed' || isRetryable(reading.code);

/** The coordinator's time now, from its last answer and what passed here since: a page's own clock may be wrong. */
export const coordinatorNowMs = ({ answer, readAtMs }: Pick<ShownReading<unknown>, 'answer' | 'readAtMs'>, nowMs: number): number =>
  answer.servedAtMs + Math.max(0, nowMs - readAtMs);
