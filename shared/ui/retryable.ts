import { SendError, type ErrorCode } from '../protocol/errors.ts';

/** Whether asking again can help. */
export const isRetryable = (code: ErrorCode): boolean => new SendError(code).retryable;
