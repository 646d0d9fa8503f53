/** What bounds a rebuild or a visit in time. */
import type { Clock } from '../clock.ts';

export interface JobTerms {
  readonly clock: Clock;
  /** Patience with a node that sends nothing. */
  readonly silenceMs: number;
  /** When the report must be on its way: at the end of the job's lease others begin what it has not done. */
  readonly reportAtMs: number;
}
