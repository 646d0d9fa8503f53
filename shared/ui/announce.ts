/** When a moving number is worth saying aloud: at each quarter, once, and never backwards. */
import type { Progress } from '../client/types.ts';

const STEP_PERCENT = 25;

/** Whole percent, 0 for an empty total until it is done. */
export const percentOf = ({ doneBytes, totalBytes }: Pick<Progress, 'doneBytes' | 'totalBytes'>): number =>
  totalBytes === 0 ? 0 : Math.min(100, Math.floor((doneBytes / totalBytes) * 100));

/** @returns the milestone that has been reached, at least `before`. */
export const milestoneOf = (percent: number, before: number): number => Math.max(before, Math.floor(percent / STEP_PERCENT) * STEP_PERCENT);
