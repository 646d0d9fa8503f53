/** What the transfer's nodes were asked to do and have not reported yet: one rebuild at a time, and visits. docs/protocol.md §9 (rebuild). */
import { ID_BYTES, encodeB64 } from '../../shared/protocol/bytes.ts';

export const JOBS_SCHEMA = `
CREATE TABLE job (
  one INTEGER PRIMARY KEY CHECK (one = 1), jobId TEXT NOT NULL, rebuilder TEXT NOT NULL, segments TEXT NOT NULL, sources TEXT NOT NULL, targets TEXT NOT NULL,
  leaseExpiresAtMs INTEGER NOT NULL
) STRICT;
CREATE TABLE visits (
  jobId TEXT PRIMARY KEY, nodeId TEXT NOT NULL, shopper TEXT NOT NULL, operator TEXT NOT NULL, leaseExpiresAtMs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

export interface JobSource {
  readonly shardIndex: number;
  readonly nodeId: string;
  readonly isWhole: boolean;
}

export interface Job {
  readonly jobId: string;
  /** b64 of the node that rebuilds. */
  readonly rebuilder: string;
  /** Ascending. */
  readonly segments: readonly number[];
  /** The nodes that it was to fetch from; `isWhole`: every segment of the job. */
  readonly sources: readonly JobSource[];
  /** By shard index, the node that was to take shards. */
  readonly targets: ReadonlyMap<number, string>;
  readonly leaseExpiresAtMs: number;
}

export type Visit = {
  jobId: string;
  /** b64 of the node that is visited. */
  nodeId: string;
  /** b64 of the node that goes, and its operator. */
  shopper: string;
  operator: string;
  leaseExpiresAtMs: number;
};

type JobRow = { jobId: string; rebuilder: string; segments: string; sources: string; targets: string; leaseExpiresAtMs: number };

/** b64. */
export const newJobId = (): string => encodeB64(crypto.getRandomValues(new Uint8Array(ID_BYTES)));

/** Writing methods expect to run inside their caller's transaction. */
export class Jobs {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  current(): Job | null {
    const row = this.#sql.exec<JobRow>('SELECT jobId, rebuilder, segments, sources, targets, leaseExpiresAtMs FROM job').toArray()[0];
    if (row === undefined) return null;
    const [segments, sources] = [JSON.parse(row.segments) as number[], JSON.parse(row.sources) as JobSource[]];
    return { ...row, segments, sources, targets: new Map(JSON.parse(row.targets) as [number, string][]) };
  }
  begin({ jobId, rebuilder, segments, sources, targets, leaseExpiresAtMs }: Job): void {
    this.#sql.exec(
      'INSERT INTO job (one, jobId, rebuilder, segments, sources, targets, leaseExpiresAtMs) VALUES (1, ?, ?, ?, ?, ?, ?)',
      jobId,
      rebuilder,
      JSON.stringify(segments),
      JSON.stringify(sources),
      JSON.stringify([...targets]),
      leaseExpiresAtMs,
    );
  }
  end(): void {
    this.#sql.exec('DELETE FROM job');
  }

  visit(jobId: string): Visit | undefined {
    return this.#sql.exec<Visit>('SELECT * FROM visits WHERE jobId = ?', jobId).toArray()[0];
  }
  /** Adds a visit; those whose time is over are forgotten. */
  beginVisit({ jobId, nodeId, shopper, operator, leaseExpiresAtMs }: Visit, nowMs: number): void {
    this.#sql.exec('DELETE FROM visits WHERE leaseExpiresAtMs <= ?', nowMs);
    this.#sql.exec('INSERT INTO visits (jobId, nodeId, shopper, operator, leaseExpiresAtMs) VALUES (?, ?, ?, ?, ?)', jobId, nodeId, shopper, operator, leaseExpiresAtMs);
  }
  endVisit(jobId: string): void {
    this.#sql.exec('DELETE FROM visits WHERE jobId = ?', jobId);
  }

  clear(): void {
    this.#sql.exec('DELETE FROM job; DELETE FROM visits;');
  }
}
