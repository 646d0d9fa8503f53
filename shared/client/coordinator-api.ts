/** The coordinator's interface as typed calls that outlast its restarts. docs/protocol.md §10. */
import type * as v from 'valibot';
import { ID_BYTES, encodeB64, type LinkId, type TransferId } from '../protocol/bytes.ts';
import { SendError } from '../protocol/errors.ts';
import { MAX_MANIFEST_BYTES } from '../protocol/limits.ts';
import {
  claimSchema,
  committedSchema,
  leaseSchema,
  linkStatusSchema,
  ownerStatusSchema,
  parseMessage,
  placementSchema,
  recipientStatusSchema,
  seatsSchema,
  segmentTableSchema,
  type Claim,
  type CommitSegments,
  type CreateTransfer,
  type LinkStatus,
  type LinkTerms,
  type NodesReport,
  type OwnerStatus,
  type Placement,
  type Presence,
  type PresenceWord,
  type Problem,
  type RecipientStatus,
  type Seat,
  type SegmentTable,
} from '../protocol/messages.ts';
import { callCoordinator, jsonBody, type Body, type CallOptions } from './coordinator-call.ts';
import type { ClientDeps } from './deps.ts';

/** What opens a link asks first: whoever answers these like a stranger is no coordinator. Later on, such an answer is a proxy's bad moment. */
const OPENING: ReadonlySet<string> = new Set(['GET ', 'GET /manifest']);

export type Token = { readonly role: 'owner'; readonly token: Uint8Array } | { readonly role: 'access'; readonly linkId: LinkId; readonly token: Uint8Array };

/** One transfer at one coordinator. Every call is idempotent, so each is repeated until it is answered. */
export class TransferApi {
  readonly #origin: string;
  readonly #path: string;
  readonly #authorization: string;
  readonly #deps: ClientDeps;
  /** Names this run of the sender among what it says of itself, and counts that. */
  #session: string | null = null;
  #words = 0;

  constructor(origin: string, transferId: TransferId, token: Token, deps: ClientDeps) {
    this.#origin = origin;
    this.#path = `/api/transfers/${encodeB64(transferId)}`;
    this.#authorization = token.role === 'owner' ? `Shardsend-Owner ${encodeB64(token.token)}` : `Shardsend-Access ${encodeB64(token.linkId)}.${encodeB64(token.token)}`;
    this.#deps = deps;
  }

  create(values: CreateTransfer, options?: CallOptions): Promise<Placement> {
    return this.#json(placementSchema, 'PUT', '', values, options);
  }
  async storeOrders(shardIndexes: readonly number[], options?: CallOptions): Promise<Seat[]> {
    return (await this.#json(seatsSchema, 'POST', '/store-orders', { shardIndexes }, options)).nodes;
  }
  async commitSegments(values: CommitSegments, options?: CallOptions): Promise<number> {
    return (await this.#json(committedSchema, 'POST', '/segments', values, options)).committed;
  }
  async putManifest(sealed: Uint8Array<ArrayBuffer>, options?: CallOptions): Promise<void> {
    await this.#request('PUT', '/manifest', { body: sealed, type: 'application/octet-stream' }, options, async () => undefined);
  }
  /** A sign that somebody is sending, or that the sender pauses. */
  async presence(state: Presence, options?: CallOptions): Promise<void> {
    this.#session ??= encodeB64(this.#deps.randomBytes(ID_BYTES));
    const word: PresenceWord = { state, session: this.#session, number: ++this.#words };
    await this.#request('POST', '/presence', jsonBody(word), options, async () => undefined);
  }
  complete(report: NodesReport, options?: CallOptions): Promise<OwnerStatus> {
    return this.#json(ownerStatusSchema, 'POST', '/complete', report, options);
  }
  /** @param expiresAtMs - 5 minutes to 30 days away by the coordinator's clock. */
  changeExpiry(expiresAtMs: number, options?: CallOptions): Promise<OwnerStatus> {
    return this.#json(ownerStatusSchema, 'PATCH', '', { expiresAtMs }, options);
  }
  async revoke(options?: CallOptions): Promise<void> {
    await this.#request('DELETE', '', undefined, options, async () => undefined);
  }
  /** What its sender may know. */
  ownerStatus(options?: CallOptions): Promise<OwnerStatus> {
    return this.#json(ownerStatusSchema, 'GET', '', undefined, options);
  }
  addLink(linkId: string, terms: LinkTerms, options?: CallOptions): Promise<LinkStatus> {
    return this.#json(linkStatusSchema, 'PUT', `/links/${linkId}`, terms, options);
  }
  changeLimit(linkId: string, downloadLimit: number | null, options?: CallOptions): Promise<LinkStatus> {
    return this.#json(linkStatusSchema, 'PATCH', `/links/${linkId}`, { downloadLimit }, options);
  }
  revokeLink(linkId: string, options?: CallOptions): Promise<LinkStatus> {
    return this.#json(linkStatusSchema, 'DELETE', `/links/${linkId}`, undefined, options);
  }
  /** What the holder of one link may know. @param claimId - of the download that asks; null before there is one. */
  status(claimId: string | null, options?: CallOptions): Promise<RecipientStatus> {
    return this.#json(recipientStatusSchema, 'GET', claimId === null ? '' : `?claim=${claimId}`, undefined, options);
  }
  /** @param claimId - as for `status`. */
  manifest(claimId: string | null, options?: CallOptions): Promise<Uint8Array> {
    return this.#request('GET', `/manifest${claimId === null ? '' : `?claim=${claimId}`}`, undefined, options, async (response) => {
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.length > MAX_MANIFEST_BYTES) throw new SendError('manifest_damaged', 'the manifest is too large');
      return bytes;
    });
  }
  /** @param claimId - as for `status`. */
  segments(from: number, claimId: string | null, options?: CallOptions): Promise<SegmentTable> {
    return this.#json(segmentTableSchema, 'GET', `/segments?from=${from}${claimId === null ? '' : `&claim=${claimId}`}`, undefined, options);
  }
  claim(claimId: string, options?: CallOptions): Promise<Claim> {
    return this.#json(claimSchema, 'POST', '/claim', { claimId }, options);
  }
  async renew(claimId: string, options?: CallOptions): Promise<number> {
    return (await this.#json(leaseSchema, 'POST', '/renew', { claimId }, options)).leaseExpiresAtMs;
  }
  async fetchOrders(claimId: string, shardIndexes: readonly number[], options?: CallOptions): Promise<Seat[]> {
    return (await this.#json(seatsSchema, 'POST', '/fetch-orders', { claimId, shardIndexes }, options)).nodes;
  }
  async commit(claimId: string, report: NodesReport, options?: CallOptions): Promise<void> {
    await this.#request('POST', '/commit', jsonBody({ claimId, ...report }), options, async () => undefined);
  }
  async release(claimId: string, problems: readonly Problem[], options?: CallOptions): Promise<void> {
    await this.#request('POST', '/release', jsonBody({ claimId, problems }), options, async () => undefined);
  }

  #json<T extends v.GenericSchema>(schema: T, method: string, path: string, body: unknown, options?: CallOptions): Promise<v.InferOutput<T>> {
    return this.#request(method, path, body === undefined ? undefined : jsonBody(body), options, async (response) => {
      // A coordinator whose answers we cannot read is as good as absent.
      return parseMessage(schema, await response.json(), 'unavailable');
    });
  }

  #request<T>(method: string, path: string, body: Body | undefined, options: CallOptions | undefined, read: (response: Response) => Promise<T>): Promise<T> {
    const call = { origin: this.#origin, method, path: `${this.#path}${path}`, authorization: this.#authorization, body, opening: OPENING.has(`${method} ${path}`) };
    return callCoordinator(call, read, this.#deps, options);
  }
}
