/** Receives a transfer: claim, gather, rebuild, open, write, commit; from where an earlier try ended, if there was one. */
import { encodeB64, ID_BYTES } from '../../protocol/bytes.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import type { Claim } from '../../protocol/messages.ts';
import type { ClientDeps, Leftover, ReceiveSink } from '../deps.ts';
import type { Progress, ReceiveResult, UploadSeen } from '../types.ts';
import { ENDINGS } from './endings.ts';
import { Follower } from './follower.ts';
import { Gatherer } from './gather.ts';
import { Lease } from './lease.ts';
import { isLive, type OpenTransfer } from './open-transfer.ts';
import { OrderDesk } from './order-desk.ts';
import { SegmentMover } from './segment-mover.ts';
import { SegmentTable, finishedTable, type TableSource } from './segment-table.ts';
import { bytesOf, chooseFiles, spansOf, wholeSpan, type Choice } from './selection.ts';
import { OpeningWriter, openingInputOf, type SegmentWriter } from './segment-writer.ts';

export interface ReceiveOptions {
  onProgress?(progress: Progress): void;
  /** How far the sender is of a transfer that is still being uploaded; null once it is done. */
  onUpload?(seen: UploadSeen | null): void;
  /** Stops the download: for good, or where its reason is a SendError `paused`, until somebody goes on. */
  readonly signal?: AbortSignal | undefined;
  /** All files unless given. Segments that hold nothing of the chosen ones are not fetched; what is left over of an earlier try is not fetched again. */
  readonly choice?: Choice;
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
  const files = chooseFiles(manifest.files, choice);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const layout = new TransferLayout(status.contentBytes, status.requiredShards);
  let lease: Lease | null = null;
  const follower = isLive(transfer) ? new Follower(transfer, layout, { signal, onUpload: options.onUpload, onTurn: () => lease?.touch() }, deps) : null;
  const source: TableSource = follower ?? finishedTable(api, manifest, { signal });
  const table = new SegmentTable(source, link.transferId, manifest, layout, status.totalShards);
  if (follower) void follower.run();
  else table.prefetch(); // needs no claim
  let claim: Claim | null = null;
  let gatherer: Gatherer | null = null;
  const toProblems = () => (gatherer?.problems ?? []).map(({ shardIndex, code }) => ({ shardIndex, code }));
  try {
    const leftover = await Promise.race([writer.prepare(), aborted(signal)]);
    claim = await takeClaim(transfer, leftover, signal, deps);
    source.claimed(claim.claimId);
    gatherer = gathererFor(transfer, claim, signal, deps);
    lease = new Lease(api, claim.claimId, deps, signal);
    const mover = new SegmentMover(transfer, { table, layout, files, gatherer, writer, lease }, options, deps);
    const first = leftover?.segments ?? 0;
    const wanted = choice ? spansOf(files, layout) : wholeSpan(layout);
    const spans = follower?.arriving(wanted) ?? wanted;
    await Promise.race([mover.move(writer.start(claim.claimId), spans, first), aborted(signal)]);
    await Promise.race([writer.finish(), aborted(signal)]);
  } catch (thrown) {
    const error = options.signal?.aborted ? stopReason(options.signal) : asSendError(thrown, 'internal', "couldn't receive");
    stop.abort();
    await writer.abort(error);
    // A place that cannot be given back now comes back when the lease lapses. Who pauses keeps it until then.
    if (claim !== null && error.code !== 'paused') await api.release(claim.claimId, toProblems(), { patienceMs: 2_000 }).catch(() => undefined);
    throw error;
  } finally {
    gatherer?.close();
  }
  // Every byte is there: a coordinator that is away takes nothing back. One that refuses does, since a limit binds honest programs.
  try {
    await api.commit(claim.claimId, { problems: toProblems(), paces: gatherer.paces() }, { signal }).catch((thrown: unknown) => {
      if (thrown instanceof SendError && ENDINGS.has(thrown.code)) throw thrown;
    });
    await writer.handOver();
  } catch (thrown) {
    const error = asSendError(thrown, 'internal', "couldn't hand over what was received");
    await writer.abort(error);
    throw error;
  } finally {
    stop.abort();
  }
  return { bytes: bytesOf(files), problems: gatherer.problems };
}

/** The claim of the earlier try where it still lives, else a new one. */
async function takeClaim({ api }: OpenTransfer, leftover: Leftover | null, signal: AbortSignal, deps: ClientDeps): Promise<Claim> {
  if (leftover !== null) {
    try {
      return await api.claim(leftover.claimId, { signal });
    } catch (thrown) {
      if (!(thrown instanceof SendError) || thrown.code !== 'claim_lapsed') throw thrown;
    }
  }
  return api.claim(encodeB64(deps.randomBytes(ID_BYTES)), { signal });
}

const stopReason = ({ reason }: AbortSignal): SendError => (reason instanceof SendError ? reason : new SendError('cancelled'));

export function gathererFor({ api, status }: OpenTransfer, claim: Claim, signal: AbortSignal, deps: ClientDeps): Gatherer {
  const desk = new OrderDesk(api, claim.claimId, signal);
  return new Gatherer({ seats: claim.nodes, requiredShards: status.requiredShards, newSeat: (shardIndex) => desk.seat(shardIndex), signal }, deps);
}

/** Never resolves. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const cancel = (): void => reject(new SendError('cancelled'));
    if (signal.aborted) return cancel();
    signal.addEventListener('abort', cancel, { once: true });
  });
}
