/**
 * Sends a transfer: read, seal, code, name, store, commit. A segment lives in one slot of the codec's memory from its
 * first byte until it is safe; a few slots overlap, and everything else waits for them, so memory is flat.
 */
import { deriveAccessToken, deriveManifestKey, hashToken, sealManifestText } from '../../crypto/index.ts';
import { ErasureCodec, type ShardSet } from '../../erasure/index.ts';
import { asSecret, asTransferId, concatBytes, encodeB64, equalBytes, ID_BYTES, KEY_BYTES, type Secret, type ShardId, type TransferId } from '../../protocol/bytes.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import { TransferLayout, contentBytesOf, redundancyFor } from '../../protocol/layout.ts';
import { MAX_FILES, MAX_MANIFEST_BYTES, MAX_CONTENT_BYTES, MIN_NODES } from '../../protocol/limits.ts';
import { encodeLink } from '../../protocol/link.ts';
import { SegmentsDigest, encodeManifest, isManifestPath, isNote } from '../../protocol/manifest.ts';
import type { Placement } from '../../protocol/messages.ts';
import { TransferApi } from '../coordinator-api.ts';
import type { ClientDeps, SourceFile } from '../deps.ts';
import { describeProblems } from '../problems.ts';
import { ProgressMeter } from '../progress.ts';
import type { Progress, SendOptions, SendResult } from '../types.ts';
import { CommitLedger, SEGMENTS_PER_COMMIT } from './commit-ledger.ts';
import { ContentReader } from './content-reader.ts';
import { SealingBuffers, nameShards, sealSegment } from './seal-segment.ts';
import { SegmentUploader, type UploadJob } from './segment-uploader.ts';
import { StorePool, toProblems } from './store-pool.ts';

/** Rounds of sending again that bring not one receipt, before the upload has failed. */
const BARREN_ROUNDS = 3;
/** Segments in memory at once: one being read and sealed while the other is on its way. A third brought no speed. */
const SLOTS = 2;
/** Segments that nodes hold and the coordinator does not know of. While it is slow or away, more must wait: a receipt covers MAX_SEGMENTS_PER_RECEIPT at most. */
const MAX_UNCOMMITTED = 4 * SEGMENTS_PER_COMMIT;

export interface SendInput {
  readonly files: readonly SourceFile[];
  readonly options: SendOptions;
  /** The link, before the first byte leaves. It serves a recipient once `sendTransfer` resolved. */
  onLink?(link: string, transferId: string, ownerToken: string): void;
  onProgress?(progress: Progress): void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves when every segment is committed and the recipient can download.
 *
 * @throws SendError; the transfer is then revoked as far as the coordinator can be reached.
 */
export async function sendTransfer(input: SendInput, deps: ClientDeps): Promise<SendResult> {
  const bytes = checkFiles(input.files);
  if (input.options.note && !isNote(input.files)) throw new RangeError('this is no note');
  const transferId = asTransferId(deps.randomBytes(ID_BYTES));
  const secret = asSecret(deps.randomBytes(KEY_BYTES));
  const ownerToken = deps.randomBytes(KEY_BYTES);
  const link = encodeLink({ origin: input.options.coordinator, transferId, secret });
  const api = new TransferApi(input.options.coordinator, transferId, { role: 'owner', token: ownerToken }, deps);
  const stop = new AbortController();
  const signal = input.signal ? AbortSignal.any([input.signal, stop.signal]) : stop.signal;

  const placement = await api.create(
    {
      contentBytes: contentBytesOf(bytes),
      expiresInSeconds: input.options.expiresInSeconds,
      downloadLimit: input.options.downloadLimit,
      accessHash: encodeB64(hashToken(deriveAccessToken(secret, transferId))),
    },
    { signal },
  );
  checkPlacement(placement);
  input.onLink?.(link, encodeB64(transferId), encodeB64(ownerToken));

  const sending = new Sending({ ...input, signal }, bytes, { transferId, secret }, placement, api, deps);
  try {
    const status = await sending.run();
    return {
      link,
      transferId: encodeB64(transferId),
      ownerToken: encodeB64(ownerToken),
      bytes,
      sentBytes: sending.sentBytes,
      expiresAtMs: status.expiresAtMs,
      survives: status.survives,
      placement: { totalShards: placement.totalShards, survives: placement.survives, relaxed: placement.relaxed },
      problems: sending.problems,
    };
  } catch (thrown) {
    const error = input.signal?.aborted ? new SendError('cancelled') : asSendError(thrown, 'internal', "couldn't send");
    // What was stored so far must not stay; where even this fails, the transfer expires unfinished.
    await api.revoke({ patienceMs: 2_000 }).catch(() => undefined);
    throw error;
  } finally {
    stop.abort();
    sending.close();
  }
}

/** The coordinator chooses nodes, not how safe or how private a transfer is; nor may it boast of that. docs/protocol.md §4. */
function checkPlacement({ requiredShards, totalShards, safeShards, nodes, survives }: Placement): void {
  const distinct = (values: readonly unknown[]): boolean => new Set(values).size === totalShards;
  const right = totalShards >= MIN_NODES ? redundancyFor(totalShards) : null;
  const sound =
    right?.requiredShards === requiredShards &&
    right.safeShards === safeShards &&
    survives.nodes === totalShards - requiredShards &&
    survives.operators <= survives.nodes &&
    nodes.length === totalShards &&
    nodes.every(({ shardIndex }) => shardIndex < totalShards) &&
    distinct(nodes.map(({ shardIndex }) => shardIndex)) &&
    distinct(nodes.map(({ nodeId }) => nodeId)) &&
    distinct(nodes.map(({ url }) => url));
  if (!sound) throw new SendError('unavailable', 'the coordinator placed the transfer against the protocol');
}

function checkFiles(files: readonly SourceFile[]): number {
  if (files.length === 0) throw new SendError('no_files');
  if (files.length > MAX_FILES) throw new SendError('too_many_files');
  for (const { path } of files) if (!isManifestPath(path)) throw new SendError('name_invalid', `cannot send a file named ${JSON.stringify(path)}`);
  if (new Set(files.map(({ path }) => path)).size !== files.length) throw new SendError('name_invalid', 'two files have the same path');
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (contentBytesOf(bytes) > MAX_CONTENT_BYTES) throw new SendError('too_large');
  return bytes;
}

/** One running upload. */
class Sending {
  readonly #input: SendInput & { readonly signal: AbortSignal };
  readonly #bytes: number;
  readonly #transferId: TransferId;
  readonly #secret: Secret;
  readonly #placement: Placement;
  readonly #api: TransferApi;
  readonly #deps: ClientDeps;
  readonly #layout: TransferLayout;
  readonly #pool: StorePool;
  readonly #uploader: SegmentUploader;
  readonly #ledger: CommitLedger;
  readonly #meter: ProgressMeter;
  readonly #buffers = new SealingBuffers();
  /** What was named once, kept for sealing a segment again. */
  readonly #roots = new Map<number, readonly ShardId[]>();
  readonly #active = new Set<UploadJob>();
  readonly #salts: Uint8Array[] = [];
  #safeTextBytes = 0;

  constructor(
    input: SendInput & { readonly signal: AbortSignal },
    bytes: number,
    ids: { transferId: TransferId; secret: Secret },
    placement: Placement,
    api: TransferApi,
    deps: ClientDeps,
  ) {
    this.#input = input;
    this.#bytes = bytes;
    this.#transferId = ids.transferId;
    this.#secret = ids.secret;
    this.#placement = placement;
    this.#api = api;
    this.#deps = deps;
    this.#layout = new TransferLayout(contentBytesOf(bytes), placement.requiredShards);
    this.#pool = new StorePool(
      placement.nodes,
      api,
      deps,
      input.signal,
      () => this.#uploader.poolChanged(),
      (error) => this.#uploader.fail(error),
    );
    this.#uploader = new SegmentUploader(this.#pool, placement.safeShards, deps, input.signal, () => this.#showProgress());
    this.#ledger = new CommitLedger(this.#pool, api, placement.safeShards, deps, input.signal);
    this.#meter = new ProgressMeter(bytes, deps.now, input.onProgress);
  }

  get sentBytes(): number {
    return this.#pool.sentBytes;
  }
  get problems() {
    return this.#pool.problems;
  }
  close(): void {
    // First the uploads: one that goes on would look for another node for each shard that its connection gives up.
    this.#uploader.fail(new SendError('cancelled'));
    this.#pool.close();
  }

  async run() {
    const { requiredShards, totalShards } = this.#placement;
    const slots = Math.min(SLOTS, this.#layout.segmentCount);
    const codec = await ErasureCodec.create({ requiredShards, totalShards, maxShardBytes: this.#layout.segment(0).shardBytes, slots });
    const sets = Array.from({ length: slots }, (_, i) => codec.slot(i));
    await this.#sendAll(sets);
    await this.#sendManifest();
    const status = await this.#api.complete({ problems: toProblems(this.problems), paces: this.#pool.paces() }, { signal: this.#input.signal });
    this.#meter.set(this.#bytes);
    return status;
  }

  /** First all segments in order; then again those that lost shards between acknowledgement and receipt. */
  async #sendAll(sets: readonly ShardSet[]): Promise<void> {
    const reader = new ContentReader(this.#input.files);
    try {
      let lacking = await this.#sendSegments(sets, range(this.#layout.segmentCount), async (set, index) => {
        const salt = this.#deps.randomBytes(KEY_BYTES);
        await this.#seal(set, index, salt, reader);
        this.#salts[index] = salt;
        if (index === this.#layout.segmentCount - 1) await reader.finish();
      });
      for (let barren = 0; lacking.length > 0;) {
        const before = this.#ledger.countLacking(lacking);
        lacking = await this.#sendSegments(sets, lacking, (set, index) => this.#sealAgain(set, index));
        barren = this.#ledger.countLacking(lacking) < before ? 0 : barren + 1;
        if (barren === BARREN_ROUNDS) throw new SendError('not_enough_nodes', `nodes do not sign for what they acknowledge${describeProblems(this.problems)}`);
      }
    } finally {
      await reader.close();
    }
  }

  /** @param fill - puts a segment's data shards into a slot; called for one segment after the other. */
  async #sendSegments(sets: readonly ShardSet[], indexes: readonly number[], fill: (set: ShardSet, index: number) => Promise<void>): Promise<number[]> {
    const lanes: Promise<void>[] = sets.map(() => Promise.resolve());
    const safe: number[] = [];
    const lacking: number[] = [];
    let committing: Promise<void> = Promise.resolve();
    let uncommitted = 0;
    let failure: unknown = null;
    const commit = (): void => {
      const batch = safe.splice(0);
      committing = committing.then(async () => {
        lacking.push(...(await this.#ledger.commit(batch)));
        uncommitted -= batch.length;
      });
      committing.catch((thrown: unknown) => (failure = thrown)); // thrown with the next segment, or below
    };
    for (const [i, index] of indexes.entries()) {
      const lane = i % sets.length;
      await lanes[lane];
      if (uncommitted >= MAX_UNCOMMITTED) await committing;
      if (failure !== null) throw failure;
      const set = sets[lane]!;
      await fill(set, index);
      const stored = this.#store(set, index).then(() => {
        safe.push(index);
        uncommitted++;
        if (safe.length >= SEGMENTS_PER_COMMIT) commit();
      });
      stored.catch(() => undefined); // awaited when the lane comes round, or below
      lanes[lane] = stored;
    }
    await Promise.all(lanes);
    if (safe.length > 0) commit();
    await committing;
    return lacking;
  }

  async #seal(set: ShardSet, index: number, salt: Uint8Array, reader: ContentReader): Promise<void> {
    await sealSegment(set, this.#layout.segment(index), this.#placement.requiredShards, { secret: this.#secret, salt }, reader, this.#buffers);
  }

  async #sealAgain(set: ShardSet, index: number): Promise<void> {
    const reader = new ContentReader(this.#input.files, this.#layout.segment(index).textOffset);
    try {
      await this.#seal(set, index, this.#salts[index]!, reader);
    } finally {
      await reader.close();
    }
  }

  /** Names the shards of a sealed segment and brings the safe number to nodes. */
  async #store(set: ShardSet, index: number): Promise<void> {
    const { shardBytes, textBytes } = this.#layout.segment(index);
    const roots = await nameShards(set, shardBytes, this.#placement.totalShards);
    const before = this.#roots.get(index);
    if (!before) {
      this.#roots.set(index, roots);
      this.#ledger.add({ index, salt: this.#salts[index]!, roots });
    } else if (!before.every((root, i) => equalBytes(root, roots[i]!))) {
      throw new SendError('file_changed', 'a file changed while it was being sent');
    }
    const job: UploadJob = { index, shardBytes, roots, stored: this.#ledger.receiptsOf(index), bytesOf: (shardIndex) => set.shard(shardIndex, shardBytes) };
    this.#active.add(job);
    await this.#uploader.upload(job);
    this.#active.delete(job);
    if (!before) this.#safeTextBytes += textBytes;
  }

  #showProgress(): void {
    let textBytes = this.#safeTextBytes;
    for (const { index, stored } of this.#active) textBytes += (this.#layout.segment(index).textBytes * stored.size) / this.#placement.safeShards;
    this.#meter.set(textBytes);
  }

  async #sendManifest(): Promise<void> {
    const digest = new SegmentsDigest(this.#transferId, this.#layout.segmentCount);
    for (const index of range(this.#layout.segmentCount)) digest.add({ salt: this.#salts[index]!, roots: this.#roots.get(index)! });
    const salt = this.#deps.randomBytes(KEY_BYTES);
    const text = encodeManifest({
      ...(this.#input.options.note ? { kind: 'note' as const } : {}),
      files: this.#input.files.map(({ path, bytes, type, modifiedMs }) => ({ path, bytes, type, modifiedMs })),
      segmentCount: this.#layout.segmentCount,
      segmentsDigest: digest.digest(),
    });
    const sealed = concatBytes(Uint8Array.of(1), salt, await sealManifestText(deriveManifestKey(this.#secret, salt), text));
    if (sealed.length > MAX_MANIFEST_BYTES) throw new SendError('too_many_files', 'the list of files is too long');
    await this.#api.putManifest(sealed, { signal: this.#input.signal });
  }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
