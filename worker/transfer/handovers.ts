/**
 * Handovers of rebuilt shards that failed between a rebuilder and a target. Only the two know which of them lied, or
 * whether the sender committed to a root that no rebuilding meets; the transfer waits until others have handed the shards
 * over, and then knows more. docs/decisions/0009-who-cheats-in-a-rebuild.md
 */
import type { ErrorCode } from '../../shared/protocol/errors.ts';
import type { Problem } from '../../shared/protocol/messages.ts';
import type { Job } from './jobs.ts';
import type { StoredShard } from './segments.ts';

export const HANDOVERS_SCHEMA = `
CREATE TABLE failedHandovers (
  shardIndex INTEGER NOT NULL, rebuilder TEXT NOT NULL, rebuilderOperator TEXT NOT NULL, target TEXT NOT NULL, targetOperator TEXT NOT NULL,
  segments TEXT NOT NULL, PRIMARY KEY (shardIndex, rebuilder)
) STRICT, WITHOUT ROWID;
`;

/** What no absence, full disk or broken line explains. */
const TELLING: ReadonlySet<ErrorCode> = new Set(['shard_mismatch', 'receipt_invalid']);

/** A node, b64, and its operator. */
export interface Party {
  readonly nodeId: string;
  readonly operator: string;
}

export interface FailedHandover {
  readonly shardIndex: number;
  readonly rebuilder: Party;
  readonly target: Party;
  /** Of the job, none of which the target signed for. */
  readonly segments: readonly number[];
}

/** A word against a node, and the operator whose node gives it. */
export interface Doubt {
  /** b64. */
  readonly nodeId: string;
  readonly witness: string;
}

type Row = { shardIndex: number; rebuilder: string; rebuilderOperator: string; target: string; targetOperator: string; segments: string };

/** What a job's report says of targets that took nothing. @param filled - indexes of which receipts came. */
export function failedHandovers(
  job: Job,
  rebuilder: Party,
  problems: readonly Problem[],
  filled: ReadonlySet<number>,
  operatorOf: (nodeId: string) => string | null,
): FailedHandover[] {
  const named = new Set(problems.filter(({ code }) => TELLING.has(code)).map(({ shardIndex }) => shardIndex));
  return [...job.targets].flatMap(([shardIndex, nodeId]) => {
    const operator = operatorOf(nodeId);
    if (operator === null || operator === rebuilder.operator || filled.has(shardIndex) || !named.has(shardIndex)) return [];
    return [{ shardIndex, rebuilder, target: { nodeId, operator }, segments: job.segments }];
  });
}

/** Writing methods expect to run inside their caller's transaction. */
export class Handovers {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  note({ shardIndex, rebuilder, target, segments }: FailedHandover): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO failedHandovers (shardIndex, rebuilder, rebuilderOperator, target, targetOperator, segments) VALUES (?, ?, ?, ?, ?, ?)',
      shardIndex,
      rebuilder.nodeId,
      rebuilder.operator,
      target.nodeId,
      target.operator,
      JSON.stringify(segments),
    );
  }

  /**
   * Shards came through: their roots can be met, so where it failed before, one of the two ends was at fault. Where the
   * target failed one rebuilder alone and took from another, it speaks against the first; where it failed rebuilders of
   * two operators and was replaced, they speak against it. Anything else tells nothing.
   *
   * @param fresh - shards that are stored now. @param by - the rebuilder that reported them. @param holderOf - b64 of the node that has the seat.
   * @returns at most one word against each node.
   */
  settle(fresh: readonly StoredShard[], by: Party, holderOf: (shardIndex: number) => string | undefined): Doubt[] {
    const doubts = new Map<string, Doubt>();
    for (const [shardIndex, shards] of Map.groupBy(fresh, (shard) => shard.shardIndex)) {
      const stored = new Set(shards.map(({ segment }) => segment));
      const settled = this.#of(shardIndex).filter(({ segments }) => (JSON.parse(segments) as number[]).some((segment) => stored.has(segment)));
      for (const { rebuilder } of settled) this.#sql.exec('DELETE FROM failedHandovers WHERE shardIndex = ? AND rebuilder = ?', shardIndex, rebuilder);
      const others = settled.filter((row) => row.rebuilder !== by.nodeId && row.rebuilderOperator !== by.operator);
      for (const row of others) {
        const isSameTarget = row.target === holderOf(shardIndex);
        const isMetByOthers = settled.some((other) => other.target === row.target && other.rebuilderOperator !== row.rebuilderOperator);
        if (isSameTarget && !isMetByOthers) doubts.set(row.rebuilder, { nodeId: row.rebuilder, witness: row.targetOperator });
        if (!isSameTarget && isMetByOthers) doubts.set(row.target, { nodeId: row.target, witness: row.rebuilderOperator });
      }
    }
    return [...doubts.values()];
  }

  clear(): void {
    this.#sql.exec('DELETE FROM failedHandovers');
  }

  #of(shardIndex: number): Row[] {
    return this.#sql.exec<Row>('SELECT * FROM failedHandovers WHERE shardIndex = ?', shardIndex).toArray();
  }
}
