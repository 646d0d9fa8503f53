/** What a disk refuses, as an error that says what was wanted. */
import { SendError } from '../shared/protocol/index.ts';

/** @returns empty for what has no code. */
export const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

/** @param intent - such as `couldn't save a file`. @throws SendError `disk_full` or `disk_failed`, or one that `work` threw. */
export async function onDisk<T>(intent: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SendError) throw error;
    const code = codeOf(error);
    throw new SendError(code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_full' : 'disk_failed', code ? `${intent} (${code})` : intent, { cause: error });
  }
}
