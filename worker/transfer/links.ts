/**
 * A transfer's links: what opens it, how often each may be downloaded with, and how often somebody had one without its
 * password. docs/protocol.md §7, §10.
 */
import { equalBytes, equalSecrets } from '../../shared/protocol/bytes.ts';
import { SendError, type ErrorCode } from '../../shared/protocol/errors.ts';
import { MAX_LINKS } from '../../shared/protocol/limits.ts';
import type { LinkStatus } from '../../shared/protocol/messages.ts';

/** So many wrong tries cost nothing but themselves: people mistype. */
const FREE_WRONG_TRIES = 4;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 15 * 60_000;

export const LINKS_SCHEMA = `
CREATE TABLE links (
  linkId TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  accessHash BLOB NOT NULL,
  envelope BLOB,
  password INTEGER NOT NULL,
  downloadLimit INTEGER,
  committed INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'open',
  wrongTries INTEGER NOT NULL DEFAULT 0,
  heardFromMs INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
`;

export type LinkState = LinkStatus['state'];

export type LinkRow = {
  linkId: string;
  /** Links are listed as they were made. */
  number: number;
  accessHash: ArrayBuffer;
  /** The content secret, sealed; null once nobody is to open anything with this link any more. */
  envelope: ArrayBuffer | null;
  /** 0 or 1. */
  password: number;
  /** Null: unlimited. */
  downloadLimit: number | null;
  committed: number;
  state: LinkState;
  wrongTries: number;
  /** When the next password is heard, right or wrong. */
  heardFromMs: number;
};

export interface NewLink {
  readonly linkId: string;
  readonly accessHash: Uint8Array;
  readonly envelope: Uint8Array;
  readonly password: boolean;
  readonly downloadLimit: number | null;
}

const REFUSALS: Record<Exclude<LinkState, 'open'>, ErrorCode> = { used_up: 'transfer_used_up', revoked: 'transfer_revoked' };

/** @throws SendError with the code of a link that opens nothing any more. */
export function checkOpen({ state }: LinkRow): void {
  if (state !== 'open') throw new SendError(REFUSALS[state]);
}

/** @throws SendError `password_wait` while no password is heard. Right ones are not either: else a wrong one would be known by it. */
export function checkHeard({ heardFromMs }: LinkRow, nowMs: number): void {
  if (nowMs < heardFromMs) throw new SendError('password_wait', undefined, { retryAfterSeconds: Math.ceil((heardFromMs - nowMs) / 1000) });
}

export const isHolder = ({ accessHash }: LinkRow, hash: Uint8Array): boolean => equalSecrets(new Uint8Array(accessHash), hash);

/** Whether it says the same of a link as stands here. */
export const isSameLink = (row: LinkRow, { accessHash, envelope, password, downloadLimit }: NewLink): boolean =>
  (row.password === 1) === password &&
  row.downloadLimit === downloadLimit &&
  equalBytes(new Uint8Array(row.accessHash), accessHash) &&
  (row.envelope === null || equalBytes(new Uint8Array(row.envelope), envelope));

/** Every method that writes expects to run inside its caller's transaction. */
export class Links {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  all(): LinkRow[] {
    return this.#sql.exec<LinkRow>('SELECT * FROM links ORDER BY number').toArray();
  }
  find(linkId: string): LinkRow | null {
    return this.#sql.exec<LinkRow>('SELECT * FROM links WHERE linkId = ?', linkId).toArray()[0] ?? null;
  }
  /** @throws SendError `not_found`. */
  known(linkId: string): LinkRow {
    const link = this.find(linkId);
    if (link === null) throw new SendError('not_found', 'the transfer has no such link');
    return link;
  }

  /** The same link again changes nothing. @throws SendError `conflict` for one that says something else; `too_many_links`. */
  add(link: NewLink): void {
    const before = this.find(link.linkId);
    if (before !== null) {
      if (!isSameLink(before, link)) throw new SendError('conflict', 'the link was made with other values');
      return;
    }
    const { links } = this.#sql.exec<{ links: number }>('SELECT count(*) AS links FROM links').one();
    if (links >= MAX_LINKS) throw new SendError('too_many_links');
    const { linkId, accessHash, envelope, password, downloadLimit } = link;
    this.#sql.exec(
      'INSERT INTO links (linkId, number, accessHash, envelope, password, downloadLimit) VALUES (?, ?, ?, ?, ?, ?)',
      linkId,
      links,
      accessHash,
      envelope,
      password ? 1 : 0,
      downloadLimit,
    );
  }

  /** A link that was used up opens again where the new limit leaves room. @throws SendError `conflict` below what is committed, or when it was revoked. */
  changeLimit({ linkId, committed, state }: LinkRow, downloadLimit: number | null): void {
    if (state === 'revoked') throw new SendError('conflict', 'the link was revoked');
    if (downloadLimit !== null && downloadLimit < committed) throw new SendError('conflict', 'more downloads are committed already');
    this.#sql.exec('UPDATE links SET downloadLimit = ?, state = ? WHERE linkId = ?', downloadLimit, committed === downloadLimit ? 'used_up' : 'open', linkId);
  }

  /** Counts a download. */
  commit({ linkId, committed, downloadLimit }: LinkRow): void {
    this.#sql.exec('UPDATE links SET committed = ?, state = ? WHERE linkId = ?', committed + 1, committed + 1 === downloadLimit ? 'used_up' : 'open', linkId);
  }

  revoke(linkId: string): void {
    this.#sql.exec("UPDATE links SET state = 'revoked', envelope = NULL WHERE linkId = ?", linkId);
  }

  /** No link opens anything any more. */
  clearEnvelopes(): void {
    this.#sql.exec('UPDATE links SET envelope = NULL');
  }

  /** @returns how long no password of this link is heard now; 0 for the first few. */
  noteWrongTry({ linkId, wrongTries }: LinkRow, nowMs: number): number {
    const waitMs = wrongTries < FREE_WRONG_TRIES ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(20, wrongTries - FREE_WRONG_TRIES));
    this.#sql.exec('UPDATE links SET wrongTries = wrongTries + 1, heardFromMs = ? WHERE linkId = ?', nowMs + waitMs, linkId);
    return waitMs;
  }

  /** Whether none is left that opens anything, and at least one did its work. */
  areUsedUp(): boolean {
    const { open, usedUp } = this.#sql.exec<{ open: number; usedUp: number }>("SELECT total(state = 'open') AS open, total(state = 'used_up') AS usedUp FROM links").one();
    return open === 0 && usedUp > 0;
  }
}
