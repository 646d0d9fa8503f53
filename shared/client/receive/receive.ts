/**
 * Receives a transfer: claim, gather, rebuild, open, write, commit. One slot is opened while
 * others are gathered, so memory is flat whatever the transfer's size.
 */
import { ErasureCodec } from '../../erasure/index.ts';
import { encodeB64, ID_BYTES } from '../../protocol/bytes.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import type { Claim } from '../../protocol/messages.ts';
import type { ClientDeps, ReceiveSink } from '../deps.ts';
import { ProgressMeter } from '../progress.ts';
import type { Progress, ReceiveResult } from '../types.ts';
import { FileWriter } from './file-writer.ts';
import { Gatherer } from './gather.ts';
import { Lease } from './lease.ts';
import { completeDataShards, openSegment } from './open-segment.ts';
import type { OpenTransfer } from './open-transfer.ts';
import { SegmentTable, type Segment } from './segment-table.ts';

const SLOTS = 3;

export interface ReceiveOptions {
  onProgress?(progress: Progress): void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves when every byte was verified and the sink has finished; only then the download counts.
 *
 * @throws SendError; open files are aborted and the claim is given back.
 */
export async function receiveTransfer(transfer: OpenTransfer, sink: ReceiveSink, options: ReceiveOptions, deps: ClientDeps): Promise<ReceiveResult> {
  const { api } = transfer;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const claimId = encodeB64(deps.randomBytes(ID_BYTES));
  const claim = await api.claim(claimId, { signal });
  const writer = new FileWriter(transfer.manifest.files, sink);
  const gatherer = gathererFor(transfer, claim, signal, deps);
  try {
    await receiveAll(transfer, gatherer, writer, { ...options, signal }, new Lease(api, claimId, deps, signal), deps);
    await writer.finish();
    await api.commit(claimId, toProblems(gatherer), { signal });
    return { bytes: transfer.info.bytes, problems: gatherer.problems };
  } catch (thrown) {
    const error = options.signal?.aborted ? new SendError('cancelled') : asSendError(thrown, 'internal', "couldn't receive");
    stop.abort();
    await writer.abort(error);
    // A place that cannot be given back now comes back when the lease lapses.
    await api.release(claimId, toProblems(gatherer), { patienceMs: 2_000 }).catch(() => undefined);
    throw error;
  } finally {
    gatherer.close();
    stop.abort();
  }
}

const toProblems = ({ problems }: Gatherer) => problems.map(({ shardIndex, code }) => ({ shardIndex, code }));

function gathererFor({ api, status, manifest }: OpenTransfer, claim: Claim, signal: AbortSignal, deps: ClientDeps): Gatherer {
  const newSeat = async (shardIndex: number) => {
    const [seat] = await api.fetchOrders(claim.claimId, [shardIndex], { signal });
    if (seat?.shardIndex !== shardIndex) throw new SendError('unavailable', 'the coordinator gave no order');
    return seat;
  };
  return new Gatherer({ seats: claim.nodes, requiredShards: status.requiredShards, lastSegment: manifest.segmentCount - 1, newSeat, signal }, deps);
}

async function receiveAll(
  { link, status, manifest, info, api }: OpenTransfer,
  gatherer: Gatherer,
  writer: FileWriter,
  { signal, onProgress }: ReceiveOptions & { readonly signal: AbortSignal },
  lease: Lease,
  deps: ClientDeps,
): Promise<void> {
  const { requiredShards, totalShards } = status;
  const layout = new TransferLayout(status.contentBytes, requiredShards);
  const codec = await ErasureCodec.create({ requiredShards, totalShards, maxShardBytes: layout.segment(0).shardBytes, slots: SLOTS });
  const table = new SegmentTable(api, link.transferId, manifest, layout, totalShards, { signal });
  const meter = new ProgressMeter(info.bytes, deps.now, onProgress);
  let doneBytes = 0;

  const gather = async (index: number): Promise<{ segment: Segment; have: number[] }> => {
    const segment = await table.next();
    return { segment, have: await gatherer.gather(codec.slot(index % SLOTS), segment) };
  };
  const ahead: ReturnType<typeof gather>[] = [];
  let started = 0;
  /** Nodes send segments in order, so each is gathered after the one before it. */
  const gatherNext = (): void => {
    if (started === layout.segmentCount) return;
    const index = started++;
    const before = ahead.at(-1);
    const next = before ? before.then(() => gather(index)) : gather(index);
    next.catch(() => undefined); // awaited in its round
    ahead.push(next);
  };
  for (let slot = 1; slot < SLOTS; slot++) gatherNext();
  for (let index = 0; index < layout.segmentCount; index++) {
    gatherNext(); // into the slot that the round before has left
    const { segment, have } = await ahead.shift()!;
    const set = codec.slot(index % SLOTS);
    completeDataShards(set, segment.shardBytes, requiredShards, have);
    for await (const text of openSegment(set, layout.segment(index), requiredShards, { secret: link.secret, salt: segment.salt })) {
      if (signal.aborted) throw new SendError('cancelled');
      doneBytes += await writer.write(text);
      meter.set(doneBytes);
      lease.touch();
    }
  }
}
