/**
 * Counting downloads. docs/protocol.md §10, claims: a claim takes one of its link's `limit − committed − live claims`
 * places; its lease lapses by the clock alone, so that no crash and no late alarm can hold a place or give one twice.
 */
import { SendError } from '../../shared/protocol/errors.ts';
import { CLAIM_LEASE_MS } from '../../shared/protocol/limits.ts';
import type { LinkRow } from './links.ts';

/** A claim is forgotten so long after its lease: who commits later has to download again. */
const FORGOTTEN_AFTER_MS = 24 * 3600_000;
/** A claim's lease ends here whatever is renewed: nobody holds a place for ever. */
const MAX_CLAIM_AGE_MS = 24 * 3600_000;
/**
 * What one link bears, where no download limit bounds it: claims whose lease runs, and claims that are remembered. Whoever
 * has a link can make so many, and keeps out nobody but those who have the same one.
 */
export const MAX_LIVE_CLAIMS = 1000;
export const MAX_CLAIMS = 10_000;

export const CLAIMS_SCHEMA = `
CREATE TABLE claims (
  linkId TEXT NOT NULL, claimId TEXT NOT NULL, state TEXT NOT NULL, startedAtMs INTEGER NOT NULL, leaseExpiresAtMs INTEGER NOT NULL,
  PRIMARY KEY (linkId, claimId)
) STRICT, WITHOUT ROWID;
CREATE INDEX claimsByLink ON claims (linkId, state, leaseExpiresAtMs);
CREATE INDEX claimsByLease ON claims (leaseExpiresAtMs);
`;

/** The link that a claim is made with, as it stands. */
export type Counts = Pick<LinkRow, 'linkId' | 'downloadLimit' | 'committed'>;

type ClaimRow = { claimId: string; state: 'open' | 'committed' | 'released'; startedAtMs: number; leaseExpiresAtMs: number };

/** Every method expects to run inside its caller's transaction. */
export class Claims {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Of one link. */
  countLive(linkId: string, nowMs: number): number {
    return this.#sql.exec<{ live: number }>("SELECT count(*) AS live FROM claims WHERE linkId = ? AND state = 'open' AND leaseExpiresAtMs > ?", linkId, nowMs).one().live;
  }

  /**
   * Takes a place, or keeps the one that the claim has.
   *
   * @returns when the lease ends. @throws SendError `downloads_in_progress`; `claim_lapsed` when the claim is over; `too_many_requests`.
   */
  take(claimId: string, counts: Counts, nowMs: number): number {
    const claim = this.#find(counts.linkId, claimId);
    if (claim === undefined) {
      if (!this.#hasPlace(counts, nowMs)) throw new SendError('downloads_in_progress');
      this.#checkLive(counts.linkId, nowMs);
      const { remembered } = this.#sql.exec<{ remembered: number }>('SELECT count(*) AS remembered FROM claims WHERE linkId = ?', counts.linkId).one();
      if (remembered >= MAX_CLAIMS) throw new SendError('too_many_requests');
      return this.#lease(counts.linkId, { claimId, startedAtMs: nowMs }, nowMs);
    }
    return this.#hold(claim, counts, nowMs, 'downloads_in_progress');
  }

  /** @returns when the lease ends. @throws SendError `claim_unknown`, `claim_lapsed` (also when the claim is a day old), `too_many_requests`. */
  renew(claimId: string, counts: Counts, nowMs: number): number {
    return this.#hold(this.#known(counts.linkId, claimId), counts, nowMs, 'claim_lapsed');
  }

  /** @returns whether a download is to be counted: false when it was before. @throws SendError `claim_unknown`, `claim_lapsed`. */
  commit(claimId: string, counts: Counts, nowMs: number): boolean {
    const claim = this.#known(counts.linkId, claimId);
    if (claim.state === 'committed') return false;
    this.#checkHeld(claim, counts, nowMs, 'claim_lapsed');
    // From here on the time counts for which it is remembered.
    this.#sql.exec("UPDATE claims SET state = 'committed', leaseExpiresAtMs = ? WHERE linkId = ? AND claimId = ?", nowMs + CLAIM_LEASE_MS, counts.linkId, claimId);
    return true;
  }

  /** @returns whether the claim was open. @throws SendError `claim_unknown`. */
  release(linkId: string, claimId: string): boolean {
    const claim = this.#known(linkId, claimId);
    if (claim.state !== 'open') return false;
    this.#sql.exec("UPDATE claims SET state = 'released' WHERE linkId = ? AND claimId = ?", linkId, claimId);
    return true;
  }

  /** Every open claim of a link is over. */
  releaseAll(linkId: string): void {
    this.#sql.exec("UPDATE claims SET state = 'released' WHERE linkId = ? AND state = 'open'", linkId);
  }

  /** When the claim began; null for one that is unknown. */
  startedAtMs(linkId: string, claimId: string): number | null {
    return this.#find(linkId, claimId)?.startedAtMs ?? null;
  }

  /** Whether the claim was committed or released: repeating either then says nothing new, whatever became of the transfer. */
  isOver(linkId: string, claimId: string): boolean {
    const state = this.#find(linkId, claimId)?.state;
    return state === 'committed' || state === 'released';
  }
  isCommitted(linkId: string, claimId: string): boolean {
    return this.#find(linkId, claimId)?.state === 'committed';
  }

  forget(nowMs: number): void {
    this.#sql.exec('DELETE FROM claims WHERE leaseExpiresAtMs <= ?', nowMs - FORGOTTEN_AFTER_MS);
  }

  /** When `forget` will next have something to do; null when there are no claims. */
  nextForgottenAtMs(): number | null {
    const { first } = this.#sql.exec<{ first: number | null }>('SELECT min(leaseExpiresAtMs) AS first FROM claims').one();
    return first === null ? null : first + FORGOTTEN_AFTER_MS;
  }

  #find(linkId: string, claimId: string): ClaimRow | undefined {
    return this.#sql.exec<ClaimRow>('SELECT claimId, state, startedAtMs, leaseExpiresAtMs FROM claims WHERE linkId = ? AND claimId = ?', linkId, claimId).toArray()[0];
  }
  #known(linkId: string, claimId: string): ClaimRow {
    const claim = this.#find(linkId, claimId);
    if (claim === undefined) throw new SendError('claim_unknown');
    return claim;
  }
  #hasPlace({ linkId, downloadLimit, committed }: Counts, nowMs: number): boolean {
    return downloadLimit === null || committed + this.countLive(linkId, nowMs) < downloadLimit;
  }
  /** A claim that lapsed is live again hereafter, and needs what a new one needs. */
  #hold(claim: ClaimRow, counts: Counts, nowMs: number, noPlace: 'downloads_in_progress' | 'claim_lapsed'): number {
    if (nowMs - claim.startedAtMs >= MAX_CLAIM_AGE_MS) throw new SendError('claim_lapsed');
    this.#checkHeld(claim, counts, nowMs, noPlace);
    if (claim.leaseExpiresAtMs <= nowMs) this.#checkLive(counts.linkId, nowMs);
    return this.#lease(counts.linkId, claim, nowMs);
  }
  #checkHeld(claim: ClaimRow, counts: Counts, nowMs: number, noPlace: 'downloads_in_progress' | 'claim_lapsed'): void {
    if (claim.state !== 'open') throw new SendError('claim_lapsed');
    if (claim.leaseExpiresAtMs <= nowMs && !this.#hasPlace(counts, nowMs)) throw new SendError(noPlace);
  }
  #checkLive(linkId: string, nowMs: number): void {
    if (this.countLive(linkId, nowMs) >= MAX_LIVE_CLAIMS) throw new SendError('too_many_requests');
  }
  #lease(linkId: string, { claimId, startedAtMs }: Pick<ClaimRow, 'claimId' | 'startedAtMs'>, nowMs: number): number {
    const leaseExpiresAtMs = Math.min(nowMs + CLAIM_LEASE_MS, startedAtMs + MAX_CLAIM_AGE_MS);
    this.#sql.exec(
      `INSERT INTO claims (linkId, claimId, state, startedAtMs, leaseExpiresAtMs) VALUES (?, ?, 'open', ?, ?)
       ON CONFLICT (linkId, claimId) DO UPDATE SET leaseExpiresAtMs = excluded.leaseExpiresAtMs`,
      linkId,
      claimId,
      startedAtMs,
      leaseExpiresAtMs,
    );
    return leaseExpiresAtMs;
  }
}
