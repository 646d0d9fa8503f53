/** How a command ends: one object or a few lines on stdout, and the exit code. */
import { formatSeconds } from './progress-line.ts';
import { safeText } from '../shared/client/safe-path.ts';
import type { NodeProblem } from '../shared/client/index.ts';
import { SendError, sentenceOf, type ErrorCode } from '../shared/protocol/index.ts';

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Waits until the text has left: a pipe may still be full when the process ends. */
export const write = (text: string): Promise<void> => new Promise((resolve) => void process.stdout.write(text, () => resolve()));
export const print = (text: string): Promise<void> => write(`${text}\n`);
export const printJson = (value: unknown): Promise<void> => print(JSON.stringify(value));

/** For people: what happened and what to do, then what was met. A message may hold names, which may hold anything. */
export function explain(error: SendError): string {
  const sentence = sentenceOf(error.code);
  const detail = error.message === sentence || error.message === error.code ? '' : ` (${safeText(error.message)})`;
  const wait = error.retryAfterSeconds === undefined ? '' : ` The next try is heard in ${formatSeconds(error.retryAfterSeconds)}.`;
  return sentence + detail + wait;
}

/** @returns the exit code. */
export async function reportFailure(thrown: unknown, json: boolean): Promise<number> {
  const error = thrown instanceof SendError ? thrown : new SendError('internal', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  const message = explain(error);
  if (json) await printJson({ error: { code: error.code, message } });
  else process.stderr.write(`shardsend: ${message}\n`);
  // A fault of our own: whoever reports it needs to know where.
  if (!(thrown instanceof SendError) && thrown instanceof Error) process.stderr.write(`${thrown.stack ?? ''}\n`);
  return EXIT_FAILED;
}

/** For the object that a command prints: nodes that it had to go around, where there were any. */
export const problemsField = (problems: readonly NodeProblem[]): { problems?: { url: string; code: ErrorCode }[] } =>
  problems.length === 0 ? {} : { problems: problems.map(({ url, code }) => ({ url, code })) };

const REPEATED_WITHIN_MS = 1_000;

/**
 * Ctrl-C, and what a supervisor sends, as a signal that ends a transfer cleanly. A second one ends the process at once;
 * one that follows within a second is the same, passed on by the programs that started this one.
 */
export function stopSignal(now: () => number, names: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']): AbortSignal {
  const stop = new AbortController();
  let firstAtMs: number | null = null;
  const onSignal = (): void => {
    firstAtMs ??= now();
    if (now() - firstAtMs > REPEATED_WITHIN_MS) process.exit(EXIT_FAILED);
    stop.abort();
  };
  for (const name of names) process.on(name, onSignal);
  return stop.signal;
}
