/**
 * One audit of one node: which leaves it owes, asking for them, and judging what comes. The leaves are written down
 * before they are asked for, so that neither a crash nor silence ever changes the question. docs/protocol.md §10.
 */
import { stillAsked, type AuditLeaf, type LeafOutcome } from '../../shared/policy/index.ts';
import type { Audit } from '../../shared/protocol/audit.ts';
import { ID_BYTES, KEY_BYTES, decodeB64, encodeB64, utf8 } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { LEAF_SIZE_BYTES } from '../../shared/protocol/limits.ts';
import { verifyLeafAsync } from '../../shared/merkle/index.ts';
import type { CoordinatorKey } from '../environment.ts';
import { orderAudit } from '../network/audit-client.ts';
import { signSeat } from '../transfer/orders.ts';

export const AUDITS_SCHEMA = `
CREATE TABLE IF NOT EXISTS audit (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, leaves TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS declared (transferId TEXT PRIMARY KEY, expiresAtMs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

export interface OwedAudit {
  /** In which it was first asked. */
  readonly epoch: number;
  readonly leaves: readonly AuditLeaf[];
}

/** Writing methods expect to run inside their caller's transaction. */
export class Audits {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** What is owed of transfers that are still to be held; null where nothing is. */
  owed(isHeld: (transferId: string) => boolean): OwedAudit | null {
    const row = this.#sql.exec<{ epoch: number; leaves: string }>('SELECT epoch, leaves FROM audit').toArray()[0];
    if (row === undefined) return null;
    const leaves = stillAsked(JSON.parse(row.leaves) as AuditLeaf[], isHeld);
    return leaves.length === 0 ? null : { epoch: row.epoch, leaves };
  }

  ask({ epoch, leaves }: OwedAudit): void {
    this.settle();
    this.#sql.exec('INSERT INTO audit (one, epoch, leaves) VALUES (1, ?, ?)', epoch, JSON.stringify(leaves));
  }

  settle(): void {
    this.#sql.exec('DELETE FROM audit; DELETE FROM declared;');
  }

  /**
   * The node says that it lost something of a transfer. What it was asked of that before stays asked: a question is no
   * hint at what to declare.
   */
  keepAsking(transferId: string, expiresAtMs: number): void {
    if (this.owed((asked) => asked === transferId) === null) return;
    this.#sql.exec('INSERT OR REPLACE INTO declared (transferId, expiresAtMs) VALUES (?, ?)', transferId, expiresAtMs);
  }
  /** When a transfer expires of which something was declared lost while it was asked for; undefined for any other. */
  declaredUntilMs(transferId: string): number | undefined {
    return this.#sql.exec<{ expiresAtMs: number }>('SELECT expiresAtMs FROM declared WHERE transferId = ?', transferId).toArray()[0]?.expiresAtMs;
  }
}

/** Of each leaf the root of its shard, 32 bytes; null where the node is no longer to hold it. */
export type RootsOf = (leaves: readonly AuditLeaf[]) => Promise<(Uint8Array | null)[]>;

export interface JudgedLeaf {
  readonly leaf: AuditLeaf;
  readonly outcome: LeafOutcome;
}

export interface AuditTerms {
  /** b64. */
  readonly nodeId: string;
  readonly url: string;
  readonly key: CoordinatorKey;
  readonly nowMs: number;
  readonly timeoutMs: number;
}

/**
 * Asks the node for what it owes. What it fails to prove counts only if it is still to hold it when the answer is in.
 *
 * @param terms - null for a node that is offline: it is not asked.
 * @returns every leaf that counts, with its outcome.
 */
export async function holdAudit({ epoch, leaves }: OwedAudit, rootsOf: RootsOf, terms: AuditTerms | null): Promise<JudgedLeaf[]> {
  const roots = await rootsOf(leaves);
  const asked = leaves.flatMap((leaf, i) => {
    const root = roots[i] ?? null;
    return root === null ? [] : [{ leaf, root }];
  });
  if (asked.length === 0) return [];
  const proved = terms && (await ask(epoch, asked, terms));
  if (proved === null) return asked.map(({ leaf }) => ({ leaf, outcome: 'unanswered' }));
  const wrong = asked.filter((_, i) => !proved[i]).map(({ leaf }) => leaf);
  const rootsNow = wrong.length === 0 ? [] : await rootsOf(wrong);
  const right = asked.filter((_, i) => proved[i]).map(({ leaf }): JudgedLeaf => ({ leaf, outcome: 'proved' }));
  return [...right, ...wrong.flatMap((leaf, i): JudgedLeaf[] => (rootsNow[i] === null ? [] : [{ leaf, outcome: 'wrong' }]))];
}

interface AskedLeaf {
  readonly leaf: AuditLeaf;
  readonly root: Uint8Array;
}

/** @returns of each leaf whether it was proved; null where no complete answer came. */
async function ask(epoch: number, asked: readonly AskedLeaf[], { nodeId, url, key, nowMs, timeoutMs }: AuditTerms): Promise<boolean[] | null> {
  const message: Audit = { epoch, leaves: asked.map(({ leaf: { transferId, segment, leaf } }) => ({ transferId, segment, leaf })) };
  const body = utf8(JSON.stringify(message));
  const commitment = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  const transferId = encodeB64(new Uint8Array(ID_BYTES));
  const place = { shardIndex: 0, nodeId, url };
  const seat = await signSeat(place, { action: 'audit', transferId, maxBytes: asked.length * LEAF_SIZE_BYTES, shardExpiresAtMs: nowMs, nowMs, commitment }, key);
  const proved: boolean[] = [];
  try {
    for await (const proof of orderAudit(seat, body, asked.length, timeoutMs)) {
      const { leaf, root } = asked[proved.length]!;
      proved.push(proof !== null && (await verifyLeafAsync(root, leaf.shardBytes, leaf.leaf, proof.data, proof.path)));
    }
    return proved;
  } catch (thrown) {
    if (thrown instanceof SendError) return null;
    throw thrown;
  }
}

/** Asks each transfer once for the roots of its leaves. */
export async function rootsByTransfer(
  leaves: readonly AuditLeaf[],
  ask: (transferId: string, leaves: { segment: number; leaf: number }[]) => Promise<(string | null)[]>,
): Promise<(Uint8Array | null)[]> {
  const byTransfer = Map.groupBy(leaves, ({ transferId }) => transferId);
  const roots = new Map<AuditLeaf, Uint8Array | null>();
  await Promise.all(
    [...byTransfer].map(async ([transferId, own]) => {
      const answers = await ask(
        transferId,
        own.map(({ segment, leaf }) => ({ segment, leaf })),
      );
      for (const [i, leaf] of own.entries()) {
        const root = answers[i] ?? null;
        roots.set(leaf, root === null ? null : decodeB64(root, KEY_BYTES));
      }
    }),
  );
  return leaves.map((leaf) => roots.get(leaf) ?? null);
}
