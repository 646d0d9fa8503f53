/**
 * Receives a transfer: claim, gather, rebuild, open, write, commit. A few segments are on their way at a time, so memory
 * is flat whatever the transfer's size.
 */
import { encodeB64, ID_BYTES } from '../../protocol/bytes.ts';
import { SendError, asSendError, type ErrorCode } from '../../protocol/errors.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import type { Claim } from '../../protocol/messages.ts';
import type { ClientDeps, ReceiveSink } from '../deps.ts';
import { ProgressMeter } from '../progress.ts';
import type { Progress, ReceiveResult } from '../types.ts';
import { Gatherer } from './gather.ts';
import { Lease } from './lease.ts';
import type { OpenTransfer } from './open-transfer.ts';
import { orderDesk } from './order-desk.ts';
import { ShardRebuilder } from './rebuild-shards.ts';
import { SegmentTable } from './segment-table.ts';
import { bytesOf, chooseFiles, spansOf, wholeSpan, type Choice } from './selection.ts';
import { OpeningWriter, openingInputOf, type GatheredSegment, type SegmentWriter } from './segment-writer.ts';
import { ShardRooms } from './shard-rooms.ts';

/** Segments between the first byte from a node and the last to a file: one arrives, one is opened, one waits between. */
const SEGMENTS_UNDER_WAY = 3;

/** A commit that is answered so will never count: the transfer ended meanwhile, or the place lapsed and went to others. */
const ENDINGS: ReadonlySet<ErrorCode> = new Set(['claim_lapsed', 'transfer_expired', 'transfer_used_up', 'transfer_revoked', 'transfer_unknown']);

export interface ReceiveOptions {
  /** All files unless given. Segments that hold nothing of the chosen ones are not fetched. */
  readonly choice?: Choice;
  onProgress?(progress: Progress): void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves when every byte was verified and the sink has finished. From then on nothing makes the download fail: a commit
 * that does not get through leaves it uncounted.
 *
 * @throws SendError; open files are aborted and the claim is given back.
 */
export function receiveTransfer(transfer: OpenTransfer, sink: ReceiveSink, options: ReceiveOptions, deps: ClientDeps): Promise<ReceiveResult> {
  return gatherTransfer(transfer, new OpeningWriter(openingInputOf(transfer, options.choice), sink), options, deps);
}

/** The same, with opening and writing done by whatever stands behind `writer`, for the same choice. */
export async function gatherTransfer(transfer: OpenTransfer, writer: SegmentWriter, options: ReceiveOptions, deps: ClientDeps): Promise<ReceiveResult> {
  const { api, link, status, manifest } = transfer;
  const { choice = null } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const claimId = encodeB64(deps.randomBytes(ID_BYTES));
  const layout = new TransferLayout(status.contentBytes, status.requiredShards);
  const wanted = chooseFiles(manifest.files, choice);
  const spans = choice ? spansOf(wanted, layout) : wholeSpan(layout);
  const table = new SegmentTable(api, link.transferId, manifest, { layout, totalShards: status.totalShards, spans }, { signal });
  if (spans.length > 0) table.prefetch(); // needs no claim
  const claim = await api.claim(claimId, { signal }).catch((thrown: unknown) => {
    stop.abort();
    throw thrown;
  });
  const gatherer = gathererFor(transfer, claim, signal, deps);
  const toProblems = () => gatherer.problems.map(({ shardIndex, code }) => ({ shardIndex, code }));
  try {
    await Promise.race([
      moveSegments(transfer, { table, layout, bytes: bytesOf(wanted), gatherer, writer, lease: new Lease(api, claimId, deps, signal) }, options, deps),
      aborted(signal),
    ]);
    await Promise.race([writer.finish(), aborted(signal)]);
  } catch (thrown) {
    const error = options.signal?.aborted ? new SendError('cancelled') : asSendError(thrown, 'internal', "couldn't receive");
    stop.abort();
    await writer.abort(error);
    // A place that cannot be given back now comes back when the lease lapses.
    await api.release(claimId, toProblems(), { patienceMs: 2_000 }).catch(() => undefined);
    throw error;
  } finally {
    gatherer.close();
  }
  // Every byte is there: a coordinator that is away takes nothing back. One that refuses does, since a limit binds honest programs.
  await api.commit(claimId, { problems: toProblems(), paces: gatherer.paces() }, { signal }).catch((thrown: unknown) => {
    if (thrown instanceof SendError && ENDINGS.has(thrown.code)) throw thrown;
  });
  stop.abort();
  return { bytes: bytesOf(wanted), problems: gatherer.problems };
}

export function gathererFor({ api, status }: OpenTransfer, claim: Claim, signal: AbortSignal, deps: ClientDeps): Gatherer {
  return new Gatherer({ seats: claim.nodes, requiredShards: status.requiredShards, newSeat: orderDesk(api, claim.claimId, signal), signal }, deps);
}

interface Parts {
  readonly table: SegmentTable;
  readonly layout: TransferLayout;
  /** Of the files that are wanted. */
  readonly bytes: number;
  readonly gatherer: Gatherer;
  readonly writer: SegmentWriter;
  readonly lease: Lease;
}

async function moveSegments({ status }: OpenTransfer, { table, layout, bytes, gatherer, writer, lease }: Parts, { onProgress }: ReceiveOptions, deps: ClientDeps): Promise<void> {
  const { requiredShards, totalShards } = status;
  const maxShardBytes = layout.segment(0).shardBytes;
  const rooms = new ShardRooms(maxShardBytes, SEGMENTS_UNDER_WAY * requiredShards);
  const rebuilder = new ShardRebuilder(requiredShards, totalShards, maxShardBytes);
  const meter = new ProgressMeter(bytes, deps.now, onProgress);

  const gather = async (): Promise<GatheredSegment | null> => {
    const segment = await table.next();
    if (!segment) return null;
    const dataShards = await rebuilder.dataShards(await gatherer.gather(segment, rooms), segment.shardBytes);
    return { index: segment.index, salt: segment.salt, dataShards };
  };
  const write = async (segment: GatheredSegment): Promise<void> => {
    const written = await writer.write(segment);
    rooms.give(written.rooms);
    meter.set(written.doneBytes);
    lease.touch();
  };
  /** Rejects as soon as a writing fails, while segments may still be waited for. */
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  const follow = (writing: Promise<void>): Promise<void> => {
    writing.catch(fail);
    return writing;
  };
  const move = async (): Promise<void> => {
    const underWay = [follow(writer.start())];
    // Nodes send segments in order, so each is gathered after the one before it.
    for (let segment = await gather(); segment; segment = await gather()) {
      underWay.push(follow(write(segment)));
      if (underWay.length >= SEGMENTS_UNDER_WAY) await underWay.shift();
    }
    await Promise.all(underWay);
  };
  await Promise.race([move(), failed]);
}

/** Never resolves. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const cancel = (): void => reject(new SendError('cancelled'));
    if (signal.aborted) return cancel();
    signal.addEventListener('abort', cancel, { once: true });
  });
}
