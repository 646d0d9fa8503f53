/** A storage node that exists only as its key and its answers: what the coordinator meets in tests. */
import { env } from 'cloudflare:workers';
import { LEAF_BYTES, leafCount, proveLeaf, shardRoot } from '../../shared/merkle/index.ts';
import { PROOF_HEADER_BYTES, encodeProofHeader, parseProofHeader, type Audit } from '../../shared/protocol/audit.ts';
import { asNodeId, asShardId, asTransferId, concatBytes, decodeB64, encodeB64, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { problemOf } from '../../shared/protocol/error-sentences.ts';
import type { ErrorCode } from '../../shared/protocol/errors.ts';
import { bucketOf, type HeldTransfer } from '../../shared/protocol/inventory.ts';
import type { Rebuild, ReceiptMessage } from '../../shared/protocol/messages.ts';
import { parseOrder, type Order } from '../../shared/protocol/order.ts';
import { deletionBytes, expiryBytes, healthBytes, receiptBytes } from '../../shared/protocol/receipt.ts';
import { signBytes, signRequest, signingKeyFromSeed, type SigningKey } from '../../shared/protocol/signature.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf } from '../environment.ts';

export interface ReceiptToSign {
  readonly transferId: string;
  readonly shardIndex: number;
  readonly shardExpiresAtMs: number;
  /** Segments ascending. */
  readonly shards: readonly { readonly segment: number; readonly shardBytes: number; readonly root: Uint8Array }[];
}

/**
 * How a node meets an audit: `right` proves what it has and says what it has not; `wrong` sends bytes that are not the
 * leaf's; `evasive` answers nothing unless it has every leaf; `half` breaks off; `wordy` goes on after the end.
 */
export type AuditMood = 'right' | 'wrong' | 'evasive' | 'half' | 'wordy' | 'silent';

export class TestNode {
  readonly key: SigningKey;
  readonly nodeId: string;
  readonly url: string;
  /** What it does when it is asked anything but its health: `up` obeys. */
  mood: 'up' | 'silent' | 'lying' | ErrorCode = 'up';
  /** Whether the health answer is its own. */
  impostor = false;
  readonly rebuilds: { order: Order; body: Uint8Array<ArrayBuffer>; message: Rebuild }[] = [];
  readonly deletions: Order[] = [];
  readonly expiries: Order[] = [];
  auditMood: AuditMood = 'right';
  readonly audits: { order: Uint8Array; body: Uint8Array<ArrayBuffer>; message: Audit }[] = [];
  /** How many shards of any transfer it says it keeps when one is extended; left out, those that it holds. */
  heldShards: number | undefined;
  /** What it holds: by transfer, then by segment. */
  readonly shards = new Map<string, Map<number, Uint8Array<ArrayBuffer>>>();

  private constructor(key: SigningKey, url: string) {
    this.key = key;
    this.nodeId = encodeB64(key.publicKey);
    this.url = url;
  }

  static async make(url: string): Promise<TestNode> {
    return new TestNode(await signingKeyFromSeed(crypto.getRandomValues(new Uint8Array(KEY_BYTES))), url);
  }

  async signed(method: string, path: string, body: Uint8Array, atMs = clock.nowMs(), coordinatorKey?: Uint8Array): Promise<string> {
    return signRequest(this.key, { coordinatorKey: coordinatorKey ?? (await coordinatorKeyOf(env)).publicKey, method, pathAndQuery: path, body }, atMs);
  }

  async receipt({ transferId, shardIndex, shardExpiresAtMs, shards }: ReceiptToSign, storedAtMs = clock.nowMs()): Promise<ReceiptMessage> {
    const bytes = receiptBytes({
      transferId: asTransferId(decodeB64(transferId)),
      nodeId: asNodeId(this.key.publicKey),
      shardIndex,
      shardExpiresAtMs,
      storedAtMs,
      shards: shards.map((shard) => ({ ...shard, root: asShardId(shard.root) })),
    });
    return { shardIndex, shardExpiresAtMs, storedAtMs, segments: shards.map(({ segment }) => segment), signature: encodeB64(await signBytes(this.key.privateKey, bytes)) };
  }

  /** Holds a shard. @returns its root, 32 bytes. */
  async keep(transferId: string, segment: number, shard: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const held = this.shards.get(transferId) ?? new Map<number, Uint8Array<ArrayBuffer>>();
    this.shards.set(transferId, held.set(segment, shard));
    return shardRoot(shard);
  }

  /** What it lists of itself. */
  list(bucket: number): HeldTransfer[] {
    return [...this.shards].filter(([id]) => bucketOf(decodeB64(id)) === bucket).map(([transferId, shards]) => ({ transferId, shards: shards.size }));
  }

  /** Answers as a node would: `/v1/health`, `/v1/shards`, `/v1/expiry`, `/v1/rebuild`, `/v1/audit`. */
  async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (this.mood === 'silent') throw new TypeError('connection refused');
    if (url.pathname.endsWith('/v1/health')) return this.#health(decodeB64(url.searchParams.get('challenge') ?? '', KEY_BYTES));
    if (this.mood !== 'up' && this.mood !== 'lying') return Response.json(problemOf(this.mood), { status: 503 });
    const orderBytes = decodeB64(/^Shardsend-Order (.+)$/.exec(request.headers.get('Authorization') ?? '')![1]!);
    const order = parseOrder(orderBytes);
    if (request.method === 'DELETE') return this.#delete(order);
    if (request.method === 'PUT') return this.#extend(order);
    const body = new Uint8Array(await request.arrayBuffer());
    if (url.pathname.endsWith('/v1/audit')) return this.#audit(orderBytes, body);
    this.rebuilds.push({ order, body, message: JSON.parse(new TextDecoder().decode(body)) as Rebuild });
    return new Response(null, { status: 202 });
  }

  async #health(challenge: Uint8Array): Promise<Response> {
    const signer = this.impostor ? await signingKeyFromSeed(crypto.getRandomValues(new Uint8Array(KEY_BYTES))) : this.key;
    const signature = encodeB64(await signBytes(signer.privateKey, healthBytes(challenge)));
    return Response.json({ nodeId: this.nodeId, version: '1', capacityBytes: 1, usedBytes: 0, freeBytes: 1, shards: 0, atMs: clock.nowMs(), signature });
  }

  async #delete(order: Order): Promise<Response> {
    this.deletions.push(order);
    const statement = { transferId: order.transferId, nodeId: asNodeId(this.key.publicKey), deletedAtMs: clock.nowMs(), shards: 3, bytes: 99 };
    const signature = encodeB64(await signBytes(this.key.privateKey, deletionBytes(statement)));
    const claimed = this.mood === 'lying' ? { ...statement, shards: 0 } : statement;
    return Response.json({ ...claimed, transferId: encodeB64(order.transferId), nodeId: this.nodeId, signature });
  }

  async #extend(order: Order): Promise<Response> {
    this.expiries.push(order);
    const shards = this.heldShards ?? this.shards.get(encodeB64(order.transferId))?.size ?? 0;
    const statement = { transferId: order.transferId, nodeId: asNodeId(this.key.publicKey), shardExpiresAtMs: order.shardExpiresAtMs, shards };
    const signature = encodeB64(await signBytes(this.key.privateKey, expiryBytes(statement)));
    const claimed = this.mood === 'lying' ? { ...statement, shards: shards + 1 } : statement;
    return Response.json({ ...claimed, transferId: encodeB64(order.transferId), nodeId: this.nodeId, signature });
  }

  async #audit(order: Uint8Array, body: Uint8Array<ArrayBuffer>): Promise<Response> {
    const message = JSON.parse(new TextDecoder().decode(body)) as Audit;
    this.audits.push({ order, body, message });
    if (this.auditMood === 'silent') throw new TypeError('connection lost');
    const proofs = await Promise.all(message.leaves.map((leaf) => this.#prove(leaf)));
    if (this.auditMood === 'evasive' && proofs.some((proof) => !parseProofHeader(proof.subarray(0, PROOF_HEADER_BYTES)).held)) return new Response(null, { status: 503 });
    const answer = concatBytes(...proofs);
    if (this.auditMood === 'half') return new Response(answer.subarray(0, answer.length >> 1));
    return new Response(this.auditMood === 'wordy' ? concatBytes(answer, Uint8Array.of(0)) : answer);
  }

  /** The leaf's header, bytes and path, in one. */
  async #prove({ transferId, segment, leaf }: Audit['leaves'][number]): Promise<Uint8Array> {
    const shard = this.shards.get(transferId)?.get(segment);
    if (shard === undefined) return encodeProofHeader({ held: false, hashes: 0, dataBytes: 0 });
    const leaves = Array.from({ length: leafCount(shard.length) }, (_, i) => shard.slice(i * LEAF_BYTES, (i + 1) * LEAF_BYTES));
    const hashes = await Promise.all(leaves.map(async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))));
    const path = proveLeaf(hashes, leaf);
    const data = leaves[leaf]!;
    if (this.auditMood === 'wrong') data[0]! ^= 1;
    return concatBytes(encodeProofHeader({ held: true, hashes: path.length, dataBytes: data.length }), data, ...path);
  }
}
