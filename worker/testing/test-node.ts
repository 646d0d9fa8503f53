/** A storage node that exists only as its key and its answers: what the coordinator meets in tests. */
import { asNodeId, asShardId, asTransferId, decodeB64, encodeB64, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { problemOf, type ErrorCode } from '../../shared/protocol/errors.ts';
import type { Rebuild, ReceiptMessage } from '../../shared/protocol/messages.ts';
import { parseOrder, type Order } from '../../shared/protocol/order.ts';
import { deletionBytes, healthBytes, receiptBytes } from '../../shared/protocol/receipt.ts';
import { signBytes, signRequest, signingKeyFromSeed, type SigningKey } from '../../shared/protocol/signature.ts';
import { clock } from '../clock.ts';

export interface ReceiptToSign {
  readonly transferId: string;
  readonly shardIndex: number;
  readonly shardExpiresAtMs: number;
  /** Segments ascending. */
  readonly shards: readonly { readonly segment: number; readonly shardBytes: number; readonly root: Uint8Array }[];
}

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

  private constructor(key: SigningKey, url: string) {
    this.key = key;
    this.nodeId = encodeB64(key.publicKey);
    this.url = url;
  }

  static async make(url: string): Promise<TestNode> {
    return new TestNode(await signingKeyFromSeed(crypto.getRandomValues(new Uint8Array(KEY_BYTES))), url);
  }

  async signed(method: string, path: string, body: Uint8Array, atMs = clock.nowMs()): Promise<string> {
    return signRequest(this.key, { method, pathAndQuery: path, body }, atMs);
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
    return { shardIndex, storedAtMs, segments: shards.map(({ segment }) => segment), signature: encodeB64(await signBytes(this.key.privateKey, bytes)) };
  }

  /** Answers as a node would: `/v1/health`, `/v1/shards`, `/v1/rebuild`. */
  async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (this.mood === 'silent') throw new TypeError('connection refused');
    if (url.pathname.endsWith('/v1/health')) return this.#health(decodeB64(url.searchParams.get('challenge') ?? '', KEY_BYTES));
    if (this.mood !== 'up' && this.mood !== 'lying') return Response.json(problemOf(this.mood), { status: 503 });
    const order = parseOrder(decodeB64(/^Shardsend-Order (.+)$/.exec(request.headers.get('Authorization') ?? '')![1]!));
    if (request.method === 'DELETE') return this.#delete(order);
    const body = new Uint8Array(await request.arrayBuffer());
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
}
