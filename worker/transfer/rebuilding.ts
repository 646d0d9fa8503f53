/**
 * Which shards are missing, and which node is to rebuild which of them. docs/protocol.md §9 (rebuild), §10.
 * One job at a time a transfer, over one run of segments, so that every source streams it in one answer.
 */
import { encodeB64, utf8, asShardId } from '../../shared/protocol/bytes.ts';
import type { TransferLayout } from '../../shared/protocol/layout.ts';
import { MAX_SEGMENTS_PER_REBUILD, MIB } from '../../shared/protocol/limits.ts';
import type { Rebuild } from '../../shared/protocol/messages.ts';
import { encodeStatements } from '../../shared/protocol/receipt.ts';
import type { CoordinatorKey } from '../environment.ts';
import type { Directory } from '../network/directory.ts';
import { signSeat, urlNow, type OrderTerms, type Place } from './orders.ts';
import type { LiveFormer, LiveSeat } from './outlook.ts';
import { layoutOf, type TransferRow } from './record.ts';
import type { Keeper } from './seats.ts';
import { countBits, hasShard, maskOf, rootOf, type Column, type SegmentRow, type Segments } from './segments.ts';

/** A job's lease: the start, and its bytes at the pace of a slow uplink. */
const LEASE_BASE_MS = 2 * 60_000;
const LEASE_BYTES_PER_MS = (4 * MIB) / 1000;

export interface RebuildPlan {
  readonly rebuilder: Keeper;
  /** Ascending, at most MAX_SEGMENTS_PER_REBUILD, all within one such span. */
  readonly segments: readonly SegmentRow[];
  /** Each shard index once, the best first. */
  readonly sources: readonly Source[];
  /** None: the job is a visit. */
  readonly targets: readonly { readonly seat: Keeper; readonly segments: readonly number[] }[];
}

export interface Source {
  readonly keeper: Keeper;
  /** Whether it has signed for every segment of the run: then a shard that is absent is one that it lost. */
  readonly isWhole: boolean;
}

export interface Lookout {
  /** Null: nothing can be done right now. */
  readonly plan: RebuildPlan | null;
  /** Whether shards are missing at all. */
  readonly lacking: boolean;
}

export interface Look {
  readonly seats: readonly LiveSeat[];
  readonly formers: readonly LiveFormer[];
  readonly requiredShards: number;
  /** Where the last run ended. */
  readonly fromSegment: number;
  readonly nowMs: number;
  /** In [0, 1): which of equally good rebuilders it is to be. */
  readonly draw: number;
}

/** Finds the next run of segments, from `fromSegment` on and around the end, whose missing shards have a node to go to. */
export function planRebuild(segments: Segments, { seats, formers, requiredShards, fromSegment, nowMs, draw }: Look): Lookout {
  const everyone = maskOf(seats.map(({ shardIndex }) => shardIndex));
  const [first] = segments.lacking(everyone, 0);
  if (first === undefined) return { plan: null, lacking: false };
  const targetMask = maskOf(seats.filter((seat) => seat.isFit && seat.targetFromMs <= nowMs).map(({ shardIndex }) => shardIndex));
  const rebuilder = chooseRebuilder(seats, nowMs, draw);
  if (rebuilder === null || targetMask === 0) return { plan: null, lacking: true };

  const onlineMask = maskOf(seats.filter(({ online }) => online).map(({ shardIndex }) => shardIndex));
  const formerMask = maskOf(formers.filter(({ online }) => online).map(({ shardIndex }) => shardIndex));
  const run: SegmentRow[] = [];
  for (const from of fromSegment === 0 ? [0] : [fromSegment, 0]) {
    for (const row of segments.lacking(targetMask, from)) {
      if (run.length > 0 && row.segment >= run[0]!.segment + MAX_SEGMENTS_PER_REBUILD) break;
      if (countBits((row.stored & onlineMask) | (row.former & formerMask)) >= requiredShards) run.push(row);
    }
    if (run.length > 0) break;
  }
  if (run.length === 0) return { plan: null, lacking: true };

  const targets = seats
    .filter(({ shardIndex }) => hasShard(targetMask, shardIndex))
    .map((seat) => ({ seat, segments: run.filter(({ stored }) => !hasShard(stored, seat.shardIndex)).map(({ segment }) => segment) }))
    .filter((target) => target.segments.length > 0);
  return { plan: { rebuilder, segments: run, sources: chooseSources(run, seats, formers), targets }, lacking: true };
}

/** For each index the one of its two holders that has more of the run. Those that can be relied on come first: the rebuilder opens k of them, and the others as spares. */
function chooseSources(run: readonly SegmentRow[], seats: readonly LiveSeat[], formers: readonly LiveFormer[]): Source[] {
  const holds = (column: Column, index: number): number => run.filter((row) => hasShard(row[column], index)).length;
  const best = seats.flatMap((seat) => {
    const former = formers.find(({ shardIndex, online }) => online && shardIndex === seat.shardIndex);
    const [own, before] = [seat.online ? holds('stored', seat.shardIndex) : 0, former === undefined ? 0 : holds('former', former.shardIndex)];
    if (Math.max(own, before) === 0) return [];
    const reliable = own >= before ? seat.state !== 'doubtful' : former!.standing === 'leaving';
    return [{ keeper: own >= before ? seat : former!, reliable, held: Math.max(own, before) }];
  });
  return best
    .toSorted((a, b) => Number(b.reliable) - Number(a.reliable) || b.held - a.held || b.keeper.availability - a.keeper.availability || a.keeper.shardIndex - b.keeper.shardIndex)
    .map(({ keeper, held }) => ({ keeper, isWhole: held === run.length }));
}

/** Of those online and not resting after a failure, the ones that failed least; among these by lot. Who is doubted, only where there is nobody else. */
function chooseRebuilder(seats: readonly LiveSeat[], nowMs: number, draw: number): LiveSeat | null {
  const awake = seats.filter((seat) => seat.online && seat.rebuilderFromMs <= nowMs);
  const trusted = awake.filter(({ standing }) => standing !== 'quarantined' && standing !== 'disqualified');
  const able = trusted.length > 0 ? trusted : awake;
  const fewest = Math.min(...able.map(({ rebuilderFailures }) => rebuilderFailures));
  const best = able.filter(({ rebuilderFailures }) => rebuilderFailures === fewest);
  return best[Math.floor(draw * best.length)] ?? null;
}

/** How long the rebuilder may take. */
export function leaseMsOf(plan: RebuildPlan, layout: TransferLayout, requiredShards: number): number {
  const bytes = plan.segments.reduce((sum, { segment }) => sum + layout.segment(segment).shardBytes * (requiredShards + plan.targets.length), 0);
  return LEASE_BASE_MS + Math.ceil(bytes / LEASE_BYTES_PER_MS);
}

export interface JobTerms extends Omit<OrderTerms, 'action' | 'maxBytes' | 'commitment'> {
  readonly jobId: string;
  readonly requiredShards: number;
  readonly totalShards: number;
  readonly layout: TransferLayout;
  /** Where a seat's node is now. */
  readonly urlOf: (keeper: Keeper) => string;
}

export function jobTermsOf(row: TransferRow, jobId: string, directory: Directory, nowMs: number): JobTerms {
  const { transferId, requiredShards, totalShards, expiresAtMs: shardExpiresAtMs } = row;
  return { jobId, transferId, requiredShards, totalShards, shardExpiresAtMs, nowMs, layout: layoutOf(row), urlOf: (keeper) => urlNow(keeper, directory) };
}

/** The signed job: the request's body, and the order that commits to it. */
export async function signJob(plan: RebuildPlan, terms: JobTerms, key: CoordinatorKey): Promise<{ order: string; body: Uint8Array<ArrayBuffer> }> {
  const { layout, jobId, transferId, requiredShards, totalShards } = terms;
  const place = (keeper: Keeper): Place => ({ shardIndex: keeper.shardIndex, nodeId: keeper.nodeId, url: terms.urlOf(keeper) });
  const bytesOf = (segments: readonly number[]): number => segments.reduce((sum, segment) => sum + layout.segment(segment).shardBytes, 0);
  const firstSegment = plan.segments[0]!.segment;
  const span = Array.from({ length: plan.segments.at(-1)!.segment - firstSegment + 1 }, (_, i) => firstSegment + i);
  const roots = new Map(plan.segments.map((row) => [row.segment, new Uint8Array(row.roots)]));

  // A source may be read over the whole span, and a target may be sent a shard once more after a broken connection. A
  // visitor's order is a recipient's (recipients.ts): who refuses recipients must not tell it from theirs.
  const fetchBytes = plan.targets.length === 0 ? layout.shardBytesPerNode : 2 * bytesOf(span);
  const sources = plan.sources.map(({ keeper }) => signSeat(place(keeper), { ...terms, action: 'fetch', maxBytes: fetchBytes }, key));
  const targets = plan.targets.map(async ({ seat, segments }) => {
    const statements = segments.map((segment) => ({ segment, shardBytes: layout.segment(segment).shardBytes, root: asShardId(rootOf(roots.get(segment)!, seat.shardIndex)) }));
    const commitment = await sha256(encodeStatements(statements));
    return { ...(await signSeat(place(seat), { ...terms, action: 'store', maxBytes: 2 * bytesOf(segments), commitment }, key)), segments: [...segments] };
  });
  const message: Rebuild = {
    jobId,
    transferId,
    requiredShards,
    totalShards,
    lastSegment: layout.segmentCount - 1,
    leaseMs: leaseMsOf(plan, layout, requiredShards),
    segments: plan.segments.map((row) => ({ index: row.segment, shardBytes: layout.segment(row.segment).shardBytes, roots: encodeB64(new Uint8Array(row.roots)) })),
    sources: await Promise.all(sources),
    targets: await Promise.all(targets),
  };
  const body = utf8(JSON.stringify(message));
  const maxBytes = 2 * totalShards * bytesOf(plan.segments.map(({ segment }) => segment));
  const { order } = await signSeat(place(plan.rebuilder), { ...terms, action: 'rebuild', maxBytes, commitment: await sha256(body) }, key);
  return { order, body };
}

const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
