/** The one place where errors become problem documents. docs/protocol.md §11. RFC 9457. */
import { problemOf } from '../../shared/protocol/error-sentences.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { logFailure } from './log.ts';
import { RATE_LIMIT_PERIOD_SECONDS } from './rate-limits.ts';

/** Any thrown thing as a SendError; what nobody expected is logged and becomes `internal`, without a word of its own. */
export function toSendError(thrown: unknown, route: string): SendError {
  if (thrown instanceof SendError) return thrown;
  logFailure(route, thrown);
  return new SendError('internal');
}

export function problemResponse(error: SendError): Response {
  const problem = problemOf(error.code);
  const headers = new Headers({ 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' });
  const retryAfterSeconds = error.code === 'too_many_requests' ? RATE_LIMIT_PERIOD_SECONDS : error.retryAfterSeconds;
  if (retryAfterSeconds !== undefined) headers.set('Retry-After', String(retryAfterSeconds));
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}
