/**
 * Counting downloads. docs/protocol.md §10, claims: a claim takes one of `limit − committed − live claims` places; its
 * lease lapses by the clock alone, so that no crash and no late alarm can hold a place or give one twice.
 */
import { SendError } from '../../shared/protocol/errors.ts';
import { CLAIM_LEASE_MS } from '../../shared/protocol/limits.ts';

/** A claim is forgotten so long after its lease: who commits later has to download again. */
const FORGOTTEN_AFTER_MS = 24 * 3600_000;
/** A claim's lease ends here whatever is renewed: nobody holds a place for ever. */
const MAX_CLAIM_AGE_MS = 24 * 3600_000;
/** What one transfer bears, where no download limit bounds it: claims whose lease runs, and claims that are remembered. */
const MAX_LIVE_CLAIMS = 1000;
const MAX_CLAIMS = 10_000;

export const CLAIMS_SCHEMA = `
CREATE TABLE claims (claimId TEXT PRIMARY KEY, state TEXT NOT NULL, startedAtMs INTEGER NOT NULL, leaseExpiresAtMs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX claimsByLease ON claims (state, leaseExpiresAtMs);
`;

export interface Counts {
  /** Null: unlimited. */
  readonly downloadLimit: number | null;
  readonly committedDownloads: number;
}

type ClaimRow = { claimId: string; state: 'open' | 'committed' | 'released'; startedAtMs: number; leaseExpiresAtMs: number };

/** Every method expects to run inside its caller's transaction. */
export class Claims {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  countLive(nowMs: number): number {
    return this.#sql.exec<{ live: number }>("SELECT count(*) AS live FROM claims WHERE state = 'open' AND leaseExpiresAtMs > ?", nowMs).one().live;
  }

  /**
   * Takes a place, or keeps the one that the claim has.
   *
   * @returns when the lease ends. @throws SendError `downloads_in_progress`; `claim_lapsed` when the claim is over; `too_many_requests`.
   */
  take(claimId: string, counts: Counts, nowMs: number): number {
    const claim = this.#find(claimId);
    if (claim === undefined) {
      if (!this.#hasPlace(counts, nowMs)) throw new SendError('downloads_in_progress');
      this.#checkLive(nowMs);
      if (this.#sql.exec<{ remembered: number }>('SELECT count(*) AS remembered FROM claims').one().remembered >= MAX_CLAIMS) throw new SendError('too_many_requests');
      return this.#lease({ claimId, startedAtMs: nowMs }, nowMs);
    }
    return this.#hold(claim, counts, nowMs, 'downloads_in_progress');
  }

  /** @returns when the lease ends. @throws SendError `claim_unknown`, `claim_lapsed` (also when the claim is a day old), `too_many_requests`. */
  renew(claimId: string, counts: Counts, nowMs: number): number {
    return this.#hold(this.#known(claimId), counts, nowMs, 'claim_lapsed');
  }

  /** @returns whether a download is to be counted: false when it was before. @throws SendError `claim_unknown`, `claim_lapsed`. */
  commit(claimId: string, counts: Counts, nowMs: number): boolean {
    const claim = this.#known(claimId);
    if (claim.state === 'committed') return false;
    this.#checkHeld(claim, counts, nowMs, 'claim_lapsed');
    // From here on the time counts for which it is remembered.
    this.#sql.exec("UPDATE claims SET state = 'committed', leaseExpiresAtMs = ? WHERE claimId = ?", nowMs + CLAIM_LEASE_MS, claimId);
    return true;
  }

  /** @returns whether the claim was open. @throws SendError `claim_unknown`. */
  release(claimId: string): boolean {
    const claim = this.#known(claimId);
    if (claim.state !== 'open') return false;
    this.#sql.exec("UPDATE claims SET state = 'released' WHERE claimId = ?", claimId);
    return true;
  }

  /** When the claim began; null for one that is unknown. */
  startedAtMs(claimId: string): number | null {
    return this.#find(claimId)?.startedAtMs ?? null;
  }

  /** Whether the claim was committed or released: repeating either then says nothing new, whatever became of the transfer. */
  isOver(claimId: string): boolean {
    const state = this.#find(claimId)?.state;
    return state === 'committed' || state === 'released';
  }
  isCommitted(claimId: string): boolean {
    return this.#find(claimId)?.state === 'committed';
  }

  forget(nowMs: number): void {
    for (const state of ['open', 'committed', 'released']) this.#sql.exec('DELETE FROM claims WHERE state = ? AND leaseExpiresAtMs <= ?', state, nowMs - FORGOTTEN_AFTER_MS);
  }

  /** When `forget` will next have something to do; null when there are no claims. */
  nextForgottenAtMs(): number | null {
    const { first } = this.#sql.exec<{ first: number | null }>('SELECT min(leaseExpiresAtMs) AS first FROM claims').one();
    return first === null ? null : first + FORGOTTEN_AFTER_MS;
  }

  #find(claimId: string): ClaimRow | undefined {
    return this.#sql.exec<ClaimRow>('SELECT claimId, state, startedAtMs, leaseExpiresAtMs FROM claims WHERE claimId = ?', claimId).toArray()[0];
  }
  #known(claimId: string): ClaimRow {
    const claim = this.#find(claimId);
    if (claim === undefined) throw new SendError('claim_unknown');
    return claim;
  }
  #hasPlace({ downloadLimit, committedDownloads }: Counts, nowMs: number): boolean {
    return downloadLimit === null || committedDownloads + this.countLive(nowMs) < downloadLimit;
  }
  /** A claim that lapsed is live again hereafter, and needs what a new one needs. */
  #hold(claim: ClaimRow, counts: Counts, nowMs: number, noPlace: 'downloads_in_progress' | 'claim_lapsed'): number {
    if (nowMs - claim.startedAtMs >= MAX_CLAIM_AGE_MS) throw new SendError('claim_lapsed');
    this.#checkHeld(claim, counts, nowMs, noPlace);
    if (claim.leaseExpiresAtMs <= nowMs) this.#checkLive(nowMs);
    return this.#lease(claim, nowMs);
  }
  #checkHeld(claim: ClaimRow, counts: Counts, nowMs: number, noPlace: 'downloads_in_progress' | 'claim_lapsed'): void {
    if (claim.state !== 'open') throw new SendError('claim_lapsed');
    if (claim.leaseExpiresAtMs <= nowMs && !this.#hasPlace(counts, nowMs)) throw new SendError(noPlace);
  }
  #checkLive(nowMs: number): void {
    if (this.countLive(nowMs) >= MAX_LIVE_CLAIMS) throw new SendError('too_many_requests');
  }
  #lease({ claimId, startedAtMs }: Pick<ClaimRow, 'claimId' | 'startedAtMs'>, nowMs: number): number {
    const leaseExpiresAtMs = Math.min(nowMs + CLAIM_LEASE_MS, startedAtMs + MAX_CLAIM_AGE_MS);
    this.#sql.exec(
      `INSERT INTO claims (claimId, state, startedAtMs, leaseExpiresAtMs) VALUES (?, 'open', ?, ?)
       ON CONFLICT (claimId) DO UPDATE SET leaseExpiresAtMs = excluded.leaseExpiresAtMs`,
      claimId,
      startedAtMs,
      leaseExpiresAtMs,
    );
    return leaseExpiresAtMs;
  }
}
