/** Any sequence of what senders, recipients and guessers do with the links of a transfer, against a model of it in the plainest words. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { KEY_BYTES } from '../../shared/protocol/bytes.ts';
import type { ErrorCode } from '../../shared/protocol/errors.ts';
import { CLAIM_LEASE_MS } from '../../shared/protocol/limits.ts';
import { clock } from '../clock.ts';
import { advance, call, codeOf, everyoneReports, random, randomId, startNetwork, TestLink, TestTransfer } from '../testing/test-network.ts';
import { MAX_CLAIMS, MAX_LIVE_CLAIMS } from './claims.ts';

const MINUTE_MS = 60_000;
const LIFE_SECONDS = 6 * 3600;
const CLAIMS = 3;
const LINKS = 3;

type ClaimAction = 'claim' | 'renew' | 'commit' | 'release';
type CrowdState = 'open' | 'released';

/** Claims that strangers with the same link made at once, and never renew. */
interface Crowd {
  state: CrowdState;
  readonly size: number;
  readonly leaseMs: number;
}

interface ModelLink {
  readonly password: boolean;
  limit: number | null;
  state: 'open' | 'used_up' | 'revoked';
  committed: number;
  readonly claims: Map<number, { state: 'open' | 'committed' | 'released'; leaseMs: number }>;
  readonly crowds: Crowd[];
  wrongTries: number;
  heardFromMs: number;
}

class Model {
  readonly links: ModelLink[] = [];
  ended: ErrorCode | null = null;
  #expiresAtMs: number;
  constructor(expiresAtMs: number) {
    this.#expiresAtMs = expiresAtMs;
  }

  settle(): void {
    if (clock.nowMs() >= this.#expiresAtMs) this.ended ??= 'transfer_expired';
  }
  live({ claims, crowds }: ModelLink): number {
    const isLive = ({ state, leaseMs }: { readonly state: string; readonly leaseMs: number }): boolean => state === 'open' && leaseMs > clock.nowMs();
    return [...claims.values()].filter(isLive).length + crowds.filter(isLive).reduce((sum, { size }) => sum + size, 0);
  }
  remembered({ claims, crowds }: ModelLink): number {
    return claims.size + crowds.reduce((sum, { size }) => sum + size, 0);
  }
  #free(link: ModelLink): boolean {
    return link.limit === null || link.committed + this.live(link) < link.limit;
  }
  #endIfUsedUp(): void {
    const states = new Set(this.links.map(({ state }) => state));
    if (!states.has('open') && states.has('used_up')) this.ended ??= 'transfer_used_up';
  }

  add(password: boolean, limit: number | null): ErrorCode | null {
    if (this.ended !== null) return this.ended;
    this.links.push({ password, limit, state: 'open', committed: 0, claims: new Map(), crowds: [], wrongTries: 0, heardFromMs: 0 });
    return null;
  }
  change(link: ModelLink, limit: number | null): ErrorCode | null {
    if (this.ended !== null) return this.ended;
    if (link.state === 'revoked' || (limit !== null && limit < link.committed)) return 'conflict';
    link.limit = limit;
    link.state = link.committed === limit ? 'used_up' : 'open';
    this.#endIfUsedUp();
    return null;
  }
  revoke(link: ModelLink): null {
    if (this.ended !== null) return null;
    link.state = 'revoked';
    for (const claim of [...link.claims.values(), ...link.crowds]) if (claim.state === 'open') claim.state = 'released';
    this.#endIfUsedUp();
    return null;
  }
  expire(atMs: number): ErrorCode | null {
    if (this.ended !== null) return this.ended;
    this.#expiresAtMs = atMs;
    return null;
  }
  revokeAll(): null {
    this.ended ??= 'transfer_revoked';
    return null;
  }
  guess(link: ModelLink): ErrorCode {
    if (!link.password) return 'wrong_link';
    if (clock.nowMs() < link.heardFromMs) return 'password_wait';
    link.wrongTries += 1;
    if (link.wrongTries >= 5) link.heardFromMs = clock.nowMs() + Math.min(15 * MINUTE_MS, 30_000 * 2 ** (link.wrongTries - 5));
    return 'wrong_password';
  }
  /** @returns how many come until the link bears no more. Only an unlimited link has places for so many. */
  crowd(link: ModelLink, state: CrowdState): Crowd {
    const isUnlimited = this.ended === null && link.state === 'open' && link.limit === null;
    const room = MAX_CLAIMS - this.remembered(link);
    const size = state === 'released' ? room : isUnlimited ? Math.min(room, MAX_LIVE_CLAIMS - this.live(link)) : 0;
    const crowd = { state, size, leaseMs: clock.nowMs() + CLAIM_LEASE_MS };
    link.crowds.push(crowd);
    return crowd;
  }
  do(link: ModelLink, action: ClaimAction, name: number): ErrorCode | null {
    const claim = link.claims.get(name);
    if (claim === undefined && clock.nowMs() < link.heardFromMs) return 'password_wait';
    if (claim?.state === 'committed' && (action === 'commit' || action === 'release')) return null;
    if (claim?.state === 'released' && action === 'release') return null;
    if (link.state === 'used_up') return 'transfer_used_up';
    if (link.state === 'revoked') return 'transfer_revoked';
    if (this.ended !== null) return this.ended;
    if (action === 'claim' && claim === undefined) {
      if (!this.#free(link)) return 'downloads_in_progress';
      if (this.live(link) >= MAX_LIVE_CLAIMS || this.remembered(link) >= MAX_CLAIMS) return 'too_many_requests';
      link.claims.set(name, { state: 'open', leaseMs: clock.nowMs() + CLAIM_LEASE_MS });
      return null;
    }
    if (claim === undefined) return 'claim_unknown';
    if (action === 'release') {
      claim.state = 'released';
      return null;
    }
    if (claim.state !== 'open') return 'claim_lapsed';
    const isLapsed = claim.leaseMs <= clock.nowMs();
    if (isLapsed && !this.#free(link)) return action === 'claim' ? 'downloads_in_progress' : 'claim_lapsed';
    if (isLapsed && action !== 'commit' && this.live(link) >= MAX_LIVE_CLAIMS) return 'too_many_requests';
    claim.leaseMs = clock.nowMs() + CLAIM_LEASE_MS;
    if (action !== 'commit') return null;
    claim.state = 'committed';
    link.committed += 1;
    if (link.committed === link.limit) link.state = 'used_up';
    this.#endIfUsedUp();
    return null;
  }
}

/** `link` counts around those that there are. */
type Step =
  | { readonly do: ClaimAction; readonly link: number; readonly name: number }
  | { readonly do: 'guess' | 'revoke'; readonly link: number }
  | { readonly do: 'crowd'; readonly link: number; readonly state: CrowdState }
  | { readonly do: 'add'; readonly password: boolean; readonly limit: number | null }
  | { readonly do: 'limit'; readonly link: number; readonly limit: number | null }
  | { readonly do: 'wait' | 'expire'; readonly ms: number }
  | { readonly do: 'revokeAll' | 'evict' | 'alarm' };

const link = fc.nat(LINKS - 1);
const limit = fc.constantFrom(null, 1, 1, 2, 3);
const just = (what: 'revokeAll' | 'evict' | 'alarm') => fc.constant({ do: what });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 24, arbitrary: fc.record({ do: fc.constantFrom<ClaimAction>('claim', 'claim', 'renew', 'commit', 'commit', 'release'), link, name: fc.nat(CLAIMS - 1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('guess' as const), link }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('revoke' as const), link }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('crowd' as const), link, state: fc.constantFrom<CrowdState>('open', 'open', 'released') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), password: fc.boolean(), limit }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('limit' as const), link, limit }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 30_000, 4 * MINUTE_MS, CLAIM_LEASE_MS, 20 * MINUTE_MS, 2 * 60 * MINUTE_MS) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('expire' as const), ms: fc.constantFrom(5 * MINUTE_MS, 20 * MINUTE_MS, 3 * 60 * MINUTE_MS, 30 * 24 * 60 * MINUTE_MS) }) },
  { weight: 1, arbitrary: just('revokeAll') },
  { weight: 4, arbitrary: fc.oneof(just('evict'), just('alarm')) },
);

/** A transfer beside its model: every step is done to both. */
class Pair {
  readonly #transfer: TestTransfer;
  readonly #model: Model;
  readonly #links: { readonly link: TestLink; readonly claimIds: readonly string[] }[] = [];
  constructor(transfer: TestTransfer, first: { readonly password: boolean; readonly limit: number | null }) {
    this.#transfer = transfer;
    this.#model = new Model(transfer.placement.expiresAtMs);
    this.#model.add(first.password, first.limit);
    this.#know(transfer.link);
  }
  #know(link: TestLink): void {
    this.#links.push({ link, claimIds: Array.from({ length: CLAIMS }, randomId) });
  }

  /** What was answered, and what the model says. */
  async take(next: Step): Promise<[ErrorCode | null, ErrorCode | null]> {
    this.#model.settle();
    const transfer = this.#transfer;
    const at = 'link' in next ? next.link % this.#links.length : 0;
    const [{ link, claimIds }, model] = [this.#links[at]!, this.#model.links[at]!];
    switch (next.do) {
      case 'wait':
        advance(next.ms);
        return [null, null];
      case 'expire': {
        const expiresAtMs = clock.nowMs() + next.ms;
        return [await codeOf(await transfer.asOwner('PATCH', '', { expiresAtMs })), this.#model.expire(expiresAtMs)];
      }
      case 'evict':
        await evictDurableObject(transfer.stub);
        return [null, null];
      case 'alarm':
        await runDurableObjectAlarm(transfer.stub);
        return [null, null];
      case 'revokeAll':
        return [await codeOf(await transfer.asOwner('DELETE', '')), this.#model.revokeAll()];
      case 'revoke':
        return [await codeOf(await transfer.asOwner('DELETE', `/links/${link.linkId}`)), this.#model.revoke(model)];
      case 'limit':
        return [await codeOf(await transfer.asOwner('PATCH', `/links/${link.linkId}`, { downloadLimit: next.limit })), this.#model.change(model, next.limit)];
      case 'add': {
        if (this.#links.length === LINKS) return [null, null];
        const added = new TestLink({ password: next.password });
        const { linkId, ...terms } = added.message(next.limit);
        const expected = this.#model.add(next.password, next.limit);
        if (expected === null) this.#know(added);
        return [await codeOf(await transfer.asOwner('PUT', `/links/${linkId}`, terms)), expected];
      }
      case 'crowd':
        await this.#crowd(link, this.#model.crowd(model, next.state));
        return [null, null];
      case 'guess':
        return [await codeOf(await call('GET', transfer.path, { token: link.header(random(KEY_BYTES)) })), this.#model.guess(model)];
      default: {
        const body = { claimId: claimIds[next.name], ...(next.do === 'commit' || next.do === 'release' ? { problems: [] } : {}) };
        return [await codeOf(await transfer.asRecipient('POST', `/${next.do}`, body, link)), this.#model.do(model, next.do, next.name)];
      }
    }
  }

  /** They are entered without each being asked for. */
  async #crowd({ linkId }: TestLink, { state, size, leaseMs }: Crowd): Promise<void> {
    await runInDurableObject(this.#transfer.stub, (_, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE names(i) AS (SELECT 1 WHERE ?1 > 0 UNION ALL SELECT i + 1 FROM names WHERE i < ?1)
         INSERT INTO claims (linkId, claimId, state, startedAtMs, leaseExpiresAtMs) SELECT ?2, ?3 || i, ?4, ?5, ?6 FROM names`,
        size,
        linkId,
        randomId(),
        state,
        clock.nowMs(),
        leaseMs,
      );
    });
  }

  /** What the coordinator has of the links, and what the model has. */
  async links(): Promise<[readonly LinkRow[], readonly LinkRow[]]> {
    const rows = await runInDurableObject(this.#transfer.stub, (_, { storage }) =>
      storage.sql.exec<LinkRow>('SELECT committed, downloadLimit AS "limit", state, wrongTries FROM links ORDER BY number').toArray(),
    );
    return [rows, this.#model.links.map(({ committed, limit: allowed, state, wrongTries }) => ({ committed, limit: allowed, state, wrongTries }))];
  }

  /** How many claims of each link are live, as its sender is told and as the model has it; nothing of a transfer that has ended. */
  async live(): Promise<[readonly number[], readonly number[]]> {
    this.#model.settle();
    if (this.#model.ended !== null) return [[], []];
    const { links } = await this.#transfer.status();
    return [links.map(({ downloads }) => downloads.claimed), this.#model.links.map((each) => (each.state === 'open' ? this.#model.live(each) : 0))];
  }
}

type LinkRow = { committed: number; limit: number | null; state: string; wrongTries: number };

describe('any sequence with several links', () => {
  beforeAll(() => startNetwork(3));

  it('does what the model says, through evictions, alarms and expiry: no limit is exceeded and no download lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), fc.boolean(), limit, async (steps, password, downloadLimit) => {
        await everyoneReports();
        const transfer = await new TestTransfer(new TestLink({ password })).send({ downloadLimit, expiresInSeconds: LIFE_SECONDS });
        const pair = new Pair(transfer, { password, limit: downloadLimit });
        for (const next of steps) {
          const [answered, expected] = await pair.take(next);
          expect(answered, JSON.stringify(next)).toBe(expected);
          const [rows, modelled] = await pair.links();
          expect(rows).toEqual(modelled);
          for (const { committed, limit: allowed } of rows) expect(committed).toBeLessThanOrEqual(allowed ?? Infinity);
        }
        const [claimed, live] = await pair.live();
        expect(claimed).toEqual(live);
      }),
      { numRuns: 80 },
    );
  });
});
