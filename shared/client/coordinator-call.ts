/** One request to a coordinator, repeated while nobody is there to answer it: each request is idempotent. */
import { asSendError, type SendError } from '../protocol/errors.ts';
import { throwIfAborted, type ClientDeps } from './deps.ts';
import { readProblem } from './read-problem.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** How long a call keeps trying while the coordinator cannot be reached. */
const PATIENCE_MS = 60_000;
const ATTEMPT_TIMEOUT_MS = 30_000;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Overrides PATIENCE_MS; 0 tries once. */
  readonly patienceMs?: number;
}

export interface Body {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly type: string;
}
export const jsonBody = (value: unknown): Body => ({ body: JSON.stringify(value), type: 'application/json' });

export interface CoordinatorCall {
  readonly origin: string;
  readonly method: string;
  /** With its query: `/api/network`. */
  readonly path: string;
  /** Made anew for every attempt where it is a function: a signature tells its time. */
  readonly authorization?: string | (() => Promise<string>);
  readonly body?: Body | undefined;
  /** The first that is asked of an address: whoever answers like a stranger is no coordinator. Later on, such an answer is a proxy's bad moment. */
  readonly opening?: boolean;
}

/** @throws SendError: what the coordinator refuses with, what `read` throws, `offline`, `wrong_coordinator`, `cancelled`. */
export async function callCoordinator<T>(call: CoordinatorCall, read: (response: Response) => Promise<T>, deps: ClientDeps, options: CallOptions = {}): Promise<T> {
  const { signal, patienceMs = PATIENCE_MS } = options;
  const giveUpAtMs = deps.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    throwIfAborted(signal);
    try {
      return await attempt(call, read, deps, signal);
    } catch (thrown) {
      throwIfAborted(signal);
      const error = asSendError(thrown, 'offline', "couldn't reach the coordinator");
      if (!worthRepeating(error) || deps.now() + pauseMs > giveUpAtMs) throw error;
    }
    await deps.delay(pauseMs, signal);
  }
}

async function attempt<T>(call: CoordinatorCall, read: (response: Response) => Promise<T>, deps: ClientDeps, signal: AbortSignal | undefined): Promise<T> {
  const { origin, method, path, authorization, body, opening = false } = call;
  const timeout = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS);
  const response = await deps.fetch(`${origin}${path}`, {
    method,
    headers: {
      ...(authorization === undefined ? {} : { Authorization: typeof authorization === 'string' ? authorization : await authorization() }),
      ...(body ? { 'Content-Type': body.type } : {}),
    },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    cache: 'no-store',
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    redirect: 'error',
    ...(body ? { body: body.body } : {}),
  });
  const isPage = response.headers.get('Content-Type')?.startsWith('text/html') ?? false;
  if (response.ok && !(opening && isPage)) return read(response);
  throw await readProblem(response, opening && (response.ok || response.status === 404) ? 'wrong_coordinator' : undefined);
}

/** Only what says "not now": states of a transfer that may change later are the caller's to wait for. */
const worthRepeating = (error: SendError): boolean => error.code === 'offline' || error.code === 'unavailable' || error.code === 'internal' || error.code === 'too_many_requests';
