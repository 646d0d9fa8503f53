/** A sealed transfer in memory, with the coordinator and the nodes that serve it: for tests of receiving, through an injected fetch. */
import { ErasureCodec } from '../../erasure/index.ts';
import { ID_BYTES, KEY_BYTES, asContentSecret, asLinkId, asLinkSecret, asTransferId, concatBytes, encodeB64, type ShardId } from '../../protocol/bytes.ts';
import { problemOf } from '../../protocol/error-sentences.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { encodeFrameHeader } from '../../protocol/fetch-frames.ts';
import { TransferLayout, contentBytesOf } from '../../protocol/layout.ts';
import { SegmentsDigest, type Manifest, type ManifestFile } from '../../protocol/manifest.ts';
import { ORDER_BYTES } from '../../protocol/order.ts';
import type { SegmentRange } from '../../protocol/shard-request.ts';
import { TransferApi } from '../coordinator-api.ts';
import { abortableDelay, type ClientDeps, type SourceFile } from '../deps.ts';
import type { OpenTransfer } from '../receive/open-transfer.ts';
import { ContentReader } from '../send/content-reader.ts';
import { SealingBuffers, nameShards, sealSegment } from '../send/seal-segment.ts';

const ORIGIN = 'https://coordinator.test';
const REQUIRED = 2;
const TOTAL = 3;
const DAY_MS = 24 * 3600_000;

interface SealedSegment {
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly roots: readonly ShardId[];
  readonly shards: readonly Uint8Array<ArrayBuffer>[];
}

export type Chunking = 'bytes' | 'chunks';

/** 2 of 3, each shard on a node of its own, `https://node-<shard index>.test`. */
export class MemoryTransfer {
  readonly transfer: OpenTransfer;
  readonly deps: ClientDeps;
  /** `POST /claim` and the like, in the order in which they came. */
  readonly requests: string[] = [];
  /** Told of each before it is answered. */
  onRequest: (request: string) => void = () => undefined;
  /** How each request to the coordinator is refused, by the end of its path; none unless set. */
  readonly refusals = new Map<string, ErrorCode>();
  /** What a node does with the body of its stream; serves it as it is unless set. */
  readonly nodes = new Map<number, (body: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>>();
  /** Whether bodies are byte streams, and how long their chunks are. */
  chunking: Chunking = 'bytes';
  chunkBytes = 200_000;
  /** The segment whose salt the coordinator lists wrongly; none unless set. */
  changedSalt: number | null = null;
  /** What nodes were asked for. */
  readonly asked: (SegmentRange & { readonly shardIndex: number })[] = [];
  readonly #segments: readonly SealedSegment[];

  private constructor(files: readonly ManifestFile[], segments: readonly SealedSegment[], secret: Uint8Array) {
    this.#segments = segments;
    // The virtual clock: whoever waits is woken at once, that much later.
    let nowMs = 1_000_000;
    this.deps = {
      fetch: (url, init) => this.#answer(new URL(url), init?.method ?? 'GET', init?.body),
      openSocket: () => {
        throw new Error('a recipient opens no socket');
      },
      now: () => nowMs,
      randomBytes: (length) => new Uint8Array(length).fill(7),
      async delay(ms, signal) {
        await abortableDelay(0, signal);
        nowMs += ms;
      },
    };
    const transferId = asTransferId(new Uint8Array(ID_BYTES));
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const digest = new SegmentsDigest(transferId, segments.length);
    for (const segment of segments) digest.add(segment);
    const manifest: Manifest = { files, segmentCount: segments.length, segmentsDigest: digest.digest() };
    this.transfer = {
      link: { origin: ORIGIN, transferId, secret: asLinkSecret(new Uint8Array(KEY_BYTES)), password: false },
      contentSecret: asContentSecret(secret),
      manifest,
      info: { transferId: encodeB64(transferId), kind: 'files', files, bytes, expiresAtMs: nowMs + DAY_MS, downloadsLeft: null, upload: null },
      status: {
        transferId: encodeB64(transferId),
        state: 'ready',
        requiredShards: REQUIRED,
        totalShards: TOTAL,
        contentBytes: contentBytesOf(bytes),
        createdAtMs: nowMs,
        expiresAtMs: nowMs + DAY_MS,
        downloads: { limit: null, committed: 0, claimed: 0 },
        segments: { total: segments.length, committed: segments.length },
        sender: null,
        survives: TOTAL - REQUIRED,
        envelope: null,
      },
      api: new TransferApi(ORIGIN, transferId, { role: 'access', linkId: asLinkId(new Uint8Array(ID_BYTES)), token: new Uint8Array(KEY_BYTES) }, this.deps),
    };
  }

  /** @param contents - of files `file-0`, `file-1`, … */
  static async seal(contents: readonly Uint8Array<ArrayBuffer>[]): Promise<MemoryTransfer> {
    const files = contents.map((content, i): SourceFile => ({
      path: `file-${i}`,
      bytes: content.length,
      type: '',
      modifiedMs: null,
      open: (at) => new Blob([content.subarray(at)]).stream(),
    }));
    const layout = new TransferLayout(contentBytesOf(files.reduce((sum, { bytes }) => sum + bytes, 0)), REQUIRED);
    const codec = await ErasureCodec.create({ requiredShards: REQUIRED, totalShards: TOTAL, maxShardBytes: layout.segment(0).shardBytes });
    const set = codec.slot(0);
    const reader = new ContentReader(files);
    const secret = new Uint8Array(KEY_BYTES).fill(1);
    const segments: SealedSegment[] = [];
    for (let index = 0; index < layout.segmentCount; index++) {
      const salt = new Uint8Array(KEY_BYTES).fill(index + 1);
      const { shardBytes } = layout.segment(index);
      await sealSegment(set, layout.segment(index), REQUIRED, { secret: asContentSecret(secret), salt }, reader, new SealingBuffers());
      const roots = await nameShards(set, shardBytes, TOTAL);
      segments.push({ salt, roots, shards: roots.map((_, i) => set.shard(i, shardBytes).slice()) });
    }
    return new MemoryTransfer(
      files.map(({ path, bytes, type, modifiedMs }) => ({ path, bytes, type, modifiedMs })),
      segments,
      secret,
    );
  }

  async #answer(url: URL, method: string, body: unknown): Promise<Response> {
    const node = /^node-(\d+)\.test$/.exec(url.hostname);
    if (node) return this.#stream(Number(node[1]), { from: Number(url.searchParams.get('from')), to: Number(url.searchParams.get('to')) });
    const action = url.pathname.split('/').slice(4).join('/');
    const request = `${method} /${action}`;
    this.requests.push(request);
    this.onRequest(request);
    const refusal = this.refusals.get(action);
    if (refusal) return Response.json(problemOf(refusal), { status: problemOf(refusal).status });
    const nodes = this.#segments[0]!.roots.map((_, shardIndex) => ({
      shardIndex,
      nodeId: encodeB64(new Uint8Array(KEY_BYTES).fill(shardIndex)),
      url: `https://node-${shardIndex}.test`,
      order: encodeB64(new Uint8Array(ORDER_BYTES)),
    }));
    switch (action) {
      case 'claim':
        return Response.json({ claimId: (JSON.parse(String(body)) as { claimId: string }).claimId, leaseExpiresAtMs: this.deps.now() + DAY_MS, nodes });
      case 'fetch-orders':
        return Response.json({ nodes: (JSON.parse(String(body)) as { shardIndexes: number[] }).shardIndexes.map((index) => nodes[index]) });
      case 'segments':
        return Response.json({
          segments: this.#segments.map(({ salt, roots }, index) => ({
            index,
            salt: encodeB64(index === this.changedSalt ? new Uint8Array(KEY_BYTES) : salt),
            roots: encodeB64(concatBytes(...roots)),
            stored: roots.map((_, i) => i),
          })),
          next: null,
        });
      default:
        return Response.json(this.transfer.status);
    }
  }

  #stream(shardIndex: number, { from, to }: SegmentRange): Response {
    this.asked.push({ shardIndex, from, to });
    const frames = this.#segments
      .map(({ shards }, segment) => ({ segment, shard: shards[shardIndex]! }))
      .slice(from, to + 1)
      .flatMap(({ segment, shard }) => [encodeFrameHeader({ segment, held: true, shardIndex, shardBytes: shard.length }), shard]);
    const change = this.nodes.get(shardIndex) ?? ((body) => body);
    return new Response(chunked(change(concatBytes(...frames)), this.chunkBytes, this.chunking));
  }
}

function chunked(body: Uint8Array<ArrayBuffer>, chunkBytes: number, chunking: Chunking): ReadableStream {
  let at = 0;
  const source = {
    pull(controller: ReadableByteStreamController | ReadableStreamDefaultController<Uint8Array>) {
      if (at === body.length) {
        controller.close();
        if ('byobRequest' in controller) controller.byobRequest?.respond(0);
        return;
      }
      controller.enqueue(body.slice(at, at + chunkBytes));
      at = Math.min(body.length, at + chunkBytes);
    },
  };
  return chunking === 'bytes' ? new ReadableStream({ ...source, type: 'bytes' }) : new ReadableStream(source);
}
