/** How objects answer: an error class does not survive the call between isolates, so expected failures travel as values. */
import { SendError, type ErrorCode } from '../shared/protocol/errors.ts';

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly retryAfterSeconds: number | undefined };

/** Runs what an object does for one call. Only a SendError becomes a value: anything else is a broken invariant and stays thrown. */
export async function toResult<T>(work: () => T | Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (thrown) {
    if (thrown instanceof SendError) return { ok: false, code: thrown.code, message: thrown.message, retryAfterSeconds: thrown.retryAfterSeconds };
    throw thrown;
  }
}

/**
 * @param calling - a call to an object.
 * @returns its value. @throws SendError with the object's code; `unavailable` when the object could not be reached.
 */
export async function fromResult<T>(calling: Promise<Result<T>>): Promise<T> {
  let result: Result<T>;
  try {
    result = await calling;
  } catch (thrown) {
    // workerd marks what was lost on the way, not in the object's own code.
    const { retryable, overloaded } = thrown as { retryable?: boolean; overloaded?: boolean };
    if (retryable === true || overloaded === true) throw new SendError('unavailable', "couldn't reach the object", { cause: thrown });
    throw thrown;
  }
  if (result.ok) return result.value;
  throw new SendError(result.code, result.message, { retryAfterSeconds: result.retryAfterSeconds });
}
