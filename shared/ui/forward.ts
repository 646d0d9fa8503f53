import type { Progress } from '../client/types.ts';

/** A bar that runs backwards is taken for a failure: within one attempt it only ever grows. */
export const forward = (before: Progress | null, now: Progress): Progress =>
  before && now.doneBytes < before.doneBytes ? { ...now, doneBytes: Math.min(before.doneBytes, now.totalBytes) } : now;

/** What waits has neither pace nor time left. */
export const standing = (progress: Progress | null): Progress | null => progress && { ...progress, bytesPerSecond: 0, secondsLeft: null };
