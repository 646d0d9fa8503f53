/** Rebuild jobs and visits in their order, one at a time, each run once; their outcome is told to the coordinator until it listens. */
import { SendError, type Rebuild, type RebuildReport } from '../../shared/protocol/index.ts';
import type { Clock } from '../clock.ts';
import { describeError, type Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { runRebuild } from './rebuild-job.ts';
import { runVisit } from './visit.ts';

/** Orders live 15 minutes: a job that waits longer than these take would find its own expired. */
const MAX_WAITING = 8;
const MAX_REMEMBERED = 256;
const SILENCE_MS = 15_000;
/** Of a lease, for the order's way here and the report's way back. */
const TRAVEL_MS = 15_000;

export interface RebuildQueueOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Resolves when the coordinator has taken the report. */
  readonly report: (transferId: string, report: RebuildReport) => Promise<void>;
  /** Patience with sources and targets that send nothing. */
  readonly silenceMs?: number | undefined;
}

interface Waiting {
  readonly job: Rebuild;
  readonly reportAtMs: number;
}

export class RebuildQueue {
  readonly #options: RebuildQueueOptions;
  readonly #waiting: Waiting[] = [];
  /** Jobs by id: their report once they ran, null before. */
  readonly #jobs = new Map<string, RebuildReport | null>();
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(options: RebuildQueueOptions) {
    this.#options = options;
  }

  /** Jobs that wait or run. */
  get open(): number {
    return this.#waiting.length + (this.#running === null ? 0 : 1);
  }

  /** @throws SendError `node_busy`. */
  refuseWhenFull(): void {
    if (this.#stopped || this.#waiting.length >= MAX_WAITING) throw new SendError('node_busy');
  }

  /** A job that is known is not run again; if it has ended, its report is sent again. */
  add(job: Rebuild): void {
    const report = this.#jobs.get(job.jobId);
    if (report === undefined) {
      this.refuseWhenFull();
      this.#remember(job.jobId, null);
      this.#waiting.push({ job, reportAtMs: this.#options.clock.nowMs() + job.leaseMs - TRAVEL_MS });
      this.#next();
    } else if (report !== null) void this.#tell(job, report);
  }

  /** Starts nothing more. What runs is cut off with the process: the coordinator's lease on it will end. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  #next(): void {
    if (this.#running !== null || this.#stopped) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#running = this.#run(next).finally(() => {
      this.#running = null;
      this.#next();
    });
  }

  async #run({ job, reportAtMs }: Waiting): Promise<void> {
    const { clock, metrics, log, silenceMs = SILENCE_MS } = this.#options;
    if (clock.nowMs() >= reportAtMs) {
      metrics.add('rebuilds_total', 1, ['outcome', 'lapsed']); // it waited too long: another has it by now
      log('rebuild_lapsed', { segments: job.segments.length });
      this.#jobs.delete(job.jobId);
      return;
    }
    const terms = { clock, silenceMs, reportAtMs };
    try {
      const report = await (job.targets.length === 0 ? runVisit(job, terms) : runRebuild(job, terms));
      const shards = report.receipts.reduce((sum, { segments }) => sum + segments.length, 0);
      metrics.add('rebuilds_total', 1, ['outcome', report.problems.length === 0 ? 'complete' : 'partial']);
      log('rebuilt', { segments: job.segments.length, shards, problems: report.problems.length });
      this.#remember(job.jobId, report);
      void this.#tell(job, report);
    } catch (thrown) {
      metrics.add('rebuilds_total', 1, ['outcome', 'failed']);
      log('rebuild_failed', describeError(thrown));
      this.#jobs.delete(job.jobId);
    }
  }

  async #tell(job: Rebuild, report: RebuildReport): Promise<void> {
    try {
      await this.#options.report(job.transferId, report);
    } catch (thrown) {
      this.#options.log('report_failed', describeError(thrown));
    }
  }

  #remember(jobId: string, report: RebuildReport | null): void {
    this.#jobs.delete(jobId);
    this.#jobs.set(jobId, report);
    for (const [oldest, outcome] of this.#jobs) {
      if (this.#jobs.size <= MAX_REMEMBERED) break;
      if (outcome !== null) this.#jobs.delete(oldest);
    }
  }
}
