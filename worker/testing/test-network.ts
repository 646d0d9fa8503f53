/** A network around the coordinator: a clock that tests turn, nodes that answer its requests, and callers of its interface. */
import { env, exports } from 'cloudflare:workers';
import { reset } from 'cloudflare:test';
import { vi } from 'vitest';
import { hashToken } from '../../shared/crypto/keys.ts';
import { shardRoot } from '../../shared/merkle/index.ts';
import { concatBytes, encodeB64, utf8, ID_BYTES, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { TransferLayout } from '../../shared/protocol/layout.ts';
import { ENVELOPE_BYTES } from '../../shared/protocol/limits.ts';
import type { ErrorCode } from '../../shared/protocol/errors.ts';
import type { Claim, LinkStatus, NewLink, OwnerStatus, Placement, ReceiptMessage, SegmentEntry } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import type coordinator from '../index.ts';
import { forgetDirectory } from '../network/directory.ts';
import { publish } from './publishing.ts';
import { TestNode } from './test-node.ts';

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: { default: typeof coordinator };
    }
  }
}

export const random = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));
export const randomId = (): string => encodeB64(random(ID_BYTES));
export const GIB = 2 ** 30;

/** Far in the future: no alarm of workerd's own clock ever rings in a test. */
const EPOCH_MS = Date.UTC(2100, 0, 1);
let nowMs = EPOCH_MS;
export const advance = (ms: number): void => {
  nowMs += ms;
};

/** What the coordinator has logged since the network started. */
export const logged: string[] = [];
let nodes: TestNode[] = [];

/** Starts over: empty storage, the same hour, and `count` nodes that have registered. */
export async function startNetwork(count: number): Promise<TestNode[]> {
  await reset();
  forgetDirectory();
  nowMs = EPOCH_MS;
  clock.nowMs = () => nowMs;
  logged.length = 0;
  vi.spyOn(console, 'log').mockImplementation((line: string) => void logged.push(line));
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const node = nodes.find(({ url }) => request.url.startsWith(`${url}/`));
    if (!node) throw new TypeError('connection refused');
    return node.answer(request);
  });
  nodes = await Promise.all(Array.from({ length: count }, (_, i) => TestNode.make(`http://10.0.${i}.1:9000`)));
  for (const node of nodes) await register(node);
  await publish();
  return nodes;
}

/** Adds one more node, registered. */
export async function addNode(): Promise<TestNode> {
  const node = await TestNode.make(`http://10.0.${nodes.length}.1:9000`);
  nodes.push(node);
  await register(node);
  await publish();
  return node;
}

export interface Call {
  /** The value of the `Authorization` header. */
  readonly token?: string;
  readonly body?: unknown;
  readonly node?: TestNode;
  readonly atMs?: number;
}

/** One request to the coordinator's interface. A body that is no byte array goes as JSON. */
export async function call(method: string, path: string, { token, body, node, atMs }: Call = {}): Promise<Response> {
  const bytes = body === undefined ? undefined : body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : utf8(JSON.stringify(body));
  const headers = new Headers();
  if (token !== undefined) headers.set('Authorization', token);
  if (node) headers.set('Authorization', await node.signed(method, path, bytes ?? new Uint8Array(0), atMs));
  return exports.default.fetch(new Request(`https://send.example${path}`, { method, headers, ...(bytes ? { body: bytes } : {}) }));
}

/** The code of the problem document that an answer is, or null for a success. */
export async function codeOf(response: Response): Promise<ErrorCode | null> {
  const text = await response.text();
  return response.ok ? null : ((JSON.parse(text) as { code: ErrorCode }).code ?? null);
}

export const register = (node: TestNode, values: Record<string, unknown> = {}): Promise<Response> =>
  call('POST', '/api/nodes', { node, body: { url: node.url, operator: 'tester', capacityBytes: GIB, freeBytes: GIB, version: '1.0.0', ...values } });

export const heartbeat = (node: TestNode, atMs?: number): Promise<Response> =>
  call('POST', '/api/nodes/heartbeat', { node, body: { freeBytes: GIB, usedBytes: 0, version: '1.0.0' }, ...(atMs === undefined ? {} : { atMs }) });

/** Every node that is up reports; the clock stands still. */
export async function everyoneReports(): Promise<void> {
  for (const node of nodes) if (node.mood !== 'silent') await heartbeat(node);
  await publish();
}

export interface TransferOptions {
  readonly contentBytes?: number;
  readonly expiresInSeconds?: number;
  readonly downloadLimit?: number | null;
  /** Its nodes keep shards that its roots name, so that they can be audited; else the roots are as good as any. */
  readonly isKept?: boolean;
}

/** A link as the coordinator gets to know it, and the token of whoever can open it. */
export class TestLink {
  readonly linkId = randomId();
  readonly access = random(KEY_BYTES);
  readonly envelope = Uint8Array.of(1, ...random(ENVELOPE_BYTES - 1));
  readonly password: boolean;
  constructor({ password = false }: { readonly password?: boolean } = {}) {
    this.password = password;
  }

  message(downloadLimit: number | null = null): NewLink {
    return { linkId: this.linkId, accessHash: encodeB64(hashToken(this.access)), envelope: encodeB64(this.envelope), password: this.password, downloadLimit };
  }
  /** @param token - another one than the link's own, for somebody who guesses. */
  header(token: Uint8Array = this.access): string {
    return `Shardsend-Access ${this.linkId}.${encodeB64(token)}`;
  }
}

/** A sender and its recipients: tokens, and the calls that they make. */
export class TestTransfer {
  readonly id = randomId();
  readonly owner = random(KEY_BYTES);
  /** The first one. */
  readonly link: TestLink;
  readonly path = `/api/transfers/${this.id}`;
  readonly manifest = Uint8Array.of(1, ...random(400));
  placement!: Placement;
  readonly entries: SegmentEntry[] = [];
  readonly #roots: Uint8Array[][] = [];

  constructor(link = new TestLink()) {
    this.link = link;
  }

  get ownerToken(): string {
    return `Shardsend-Owner ${encodeB64(this.owner)}`;
  }
  get accessToken(): string {
    return this.link.header();
  }
  get stub() {
    return env.TRANSFERS.get(env.TRANSFERS.idFromName(this.id));
  }
  get layout(): TransferLayout {
    return new TransferLayout(this.#contentBytes, this.placement.requiredShards);
  }
  #contentBytes = 0;

  values({ contentBytes = 4096, expiresInSeconds = 3600, downloadLimit = null }: TransferOptions = {}) {
    return { contentBytes, expiresInSeconds, link: this.link.message(downloadLimit) };
  }
  create(options: TransferOptions = {}): Promise<Response> {
    this.#contentBytes = options.contentBytes ?? 4096;
    return call('PUT', this.path, { token: this.ownerToken, body: this.values(options) });
  }
  asOwner(method: string, action: string, body?: unknown): Promise<Response> {
    return call(method, this.path + action, { token: this.ownerToken, body });
  }
  asRecipient(method: string, action: string, body?: unknown, link = this.link): Promise<Response> {
    return call(method, this.path + action, { token: link.header(), body });
  }
  /** Adds a link. */
  async addLink(link: TestLink, downloadLimit: number | null = null): Promise<LinkStatus> {
    const { linkId, ...terms } = link.message(downloadLimit);
    return (await this.asOwner('PUT', `/links/${linkId}`, terms)).json();
  }
  /** What the owner knows of a link. */
  async linkStatus({ linkId } = this.link): Promise<LinkStatus> {
    return (await this.status()).links.find((link) => link.linkId === linkId)!;
  }
  async status(): Promise<OwnerStatus> {
    return (await this.asOwner('GET', '')).json();
  }
  async claim(claimId = randomId()): Promise<Claim> {
    return (await this.asRecipient('POST', '/claim', { claimId })).json();
  }

  /** Fresh random salt and roots for a segment. */
  seal(index: number): SegmentEntry {
    const roots = Array.from({ length: this.placement.totalShards }, () => random(KEY_BYTES));
    const entry = { index, salt: encodeB64(random(KEY_BYTES)), roots: encodeB64(Uint8Array.from(roots.flatMap((root) => [...root]))) };
    this.entries[index] = entry;
    this.#roots[index] = roots;
    return entry;
  }
  /** Like `seal`, of shards that the nodes of these indexes keep. */
  async sealKept(index: number, shardIndexes: readonly number[]): Promise<SegmentEntry> {
    const roots: Uint8Array[] = [];
    for (let shardIndex = 0; shardIndex < this.placement.totalShards; shardIndex++) {
      const shard = new Uint8Array(this.layout.segment(index).shardBytes).fill(16 * index + shardIndex);
      roots.push(shardIndexes.includes(shardIndex) ? await this.nodeAt(shardIndex).keep(this.id, index, shard) : await shardRoot(shard));
    }
    this.#roots[index] = roots;
    this.entries[index] = { index, salt: encodeB64(random(KEY_BYTES)), roots: encodeB64(concatBytes(...roots)) };
    return this.entries[index];
  }
  shard(segment: number, shardIndex: number) {
    return { segment, shardBytes: this.layout.segment(segment).shardBytes, root: this.#roots[segment]![shardIndex]! };
  }
  nodeAt(shardIndex: number): TestNode {
    return nodes.find(({ nodeId }) => nodeId === this.placement.nodes[shardIndex]!.nodeId)!;
  }
  /** What the seat's node signs when it has stored its shard of these segments. */
  receipt(shardIndex: number, segments: readonly number[], signer = this.nodeAt(shardIndex), storedAtMs = clock.nowMs()): Promise<ReceiptMessage> {
    const shards = segments.map((segment) => this.shard(segment, shardIndex));
    return signer.receipt({ transferId: this.id, shardIndex, shardExpiresAtMs: this.placement.expiresAtMs, shards }, storedAtMs);
  }
  receipts(shardIndexes: readonly number[], segments: readonly number[]): Promise<ReceiptMessage[]> {
    return Promise.all(shardIndexes.map((shardIndex) => this.receipt(shardIndex, segments)));
  }
  commit(segments: readonly SegmentEntry[], receipts: readonly ReceiptMessage[]): Promise<Response> {
    return this.asOwner('POST', '/segments', { segments, receipts });
  }

  /** Everything that a sender does, with the safe set of shards. */
  async send(options: TransferOptions = {}): Promise<this> {
    this.placement = await (await this.create(options)).json();
    const safe = Array.from({ length: this.placement.safeShards }, (_, i) => i);
    const { segmentCount } = this.layout;
    for (let from = 0; from < segmentCount; from += 16) {
      const indexes = Array.from({ length: Math.min(16, segmentCount - from) }, (_, i) => from + i);
      const entries = await Promise.all(indexes.map(async (index) => (options.isKept === true ? this.sealKept(index, safe) : this.seal(index))));
      await this.commit(entries, await this.receipts(safe, indexes));
    }
    await this.asOwner('PUT', '/manifest', this.manifest);
    await this.asOwner('POST', '/complete', { problems: [] });
    return this;
  }
}
