/** One structured line an event. Fields are named here, one by one, so that no address, id, token or name can slip in. */
import type { ErrorCode } from '../../shared/protocol/errors.ts';

export type LogLine =
  | { readonly event: 'request'; readonly method: string; readonly route: string; readonly status: number; readonly code: ErrorCode | null; readonly ms: number }
  | { readonly event: 'failure'; readonly where: string; readonly error: string }
  | { readonly event: 'transfer'; readonly change: string }
  | { readonly event: 'deletion'; readonly answered: number; readonly failed: number }
  | { readonly event: 'expiry'; readonly answered: number; readonly failed: number }
  | { readonly event: 'audit'; readonly proved: number; readonly wrong: number; readonly unanswered: number }
  | { readonly event: 'repairs'; readonly running: number; readonly waiting: number }
  | { readonly event: 'rebuild'; readonly step: 'ordered' | 'refused' | 'reported' | 'lapsed'; readonly segments: number; readonly shards: number };

export function log(line: LogLine): void {
  // oxlint-disable-next-line no-console -- where Workers take their log from
  console.log(JSON.stringify(line));
}

/** What broke, for an operator: the error's kind and the first lines of its stack, whose text is our own code's. */
export function logFailure(where: string, thrown: unknown): void {
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  const frames =
    thrown instanceof Error
      ? (thrown.stack ?? '')
          .split('\n')
          .filter((line) => /^\s+at /.test(line))
          .slice(0, 4)
          .map((line) => line.trim().replace(/\(.*\/([^/]+)\)$/, '($1)'))
      : [];
  log({ event: 'failure', where, error: [name, ...frames].join(' < ') });
}
