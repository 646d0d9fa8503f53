/** Mystery shoppers: one of the transfer's nodes fetches from another as a recipient would, and says whether it was served. docs/protocol.md §9 (rebuild). */
import { epochAt } from '../../shared/policy/index.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { MAX_SEGMENTS_PER_REBUILD } from '../../shared/protocol/limits.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf, epochMsOf, type WorkerEnv } from '../environment.ts';
import { readDirectory } from '../network/directory.ts';
import { orderRebuild } from '../network/node-client.ts';
import { newJobId } from './jobs.ts';
import { urlNow } from './orders.ts';
import { isCounting } from './outlook.ts';
import { jobTermsOf, leaseMsOf, signJob } from './rebuilding.ts';
import { layoutOf } from './record.ts';
import type { SeatRow } from './seats.ts';
import type { SegmentRow } from './segments.ts';
import type { TransferState } from './state.ts';

/** Shoppers that are asked before the visit is given up: there will be another. */
const SHOPPERS_ASKED = 3;

/** Sends a shopper of another operator to a node, if the transfer has one: its report tells the node's object (reports.ts). */
export async function sendShopper(state: TransferState, env: WorkerEnv, nodeId: string): Promise<void> {
  const [directory, key] = [await readDirectory(env), await coordinatorKeyOf(env)];
  const epoch = epochAt(clock.nowMs(), epochMsOf(env));
  for (const shopper of shoppersFor(state, nodeId, (seat) => directory.isOnline(seat.nodeId, clock.nowMs()) && isCounting(seat, epoch))) {
    const row = state.settle();
    const nowMs = clock.nowMs();
    const seat = state.seats.all().find((each) => each.nodeId === nodeId);
    if (row?.state !== 'ready' || seat === undefined) return;
    const layout = layoutOf(row);
    const segments = drawVisit(state, seat.shardIndex, layout.segmentCount);
    if (segments.length === 0) return;
    const plan = { rebuilder: shopper, segments, sources: [{ keeper: seat, isWhole: true }], targets: [] };
    const jobId = newJobId();
    const visit = { jobId, nodeId, shopper: shopper.nodeId, operator: shopper.operator, leaseExpiresAtMs: nowMs + leaseMsOf(plan, layout, row.requiredShards) };
    state.write(() => state.jobs.beginVisit(visit, nowMs));
    const { order, body } = await signJob(plan, jobTermsOf(row, jobId, directory, nowMs), key);
    try {
      return await orderRebuild({ url: urlNow(shopper, directory), nodeId: shopper.nodeId, order }, body);
    } catch (thrown) {
      if (!(thrown instanceof SendError)) throw thrown;
      if (state.load() === null) return;
      state.write(() => state.jobs.endVisit(jobId));
    }
  }
}

/**
 * What a shopper is to read: from the beginning, as most recipients, or from anywhere, as one that takes over from another
 * node. How much is drawn so that each length is as likely as its double: no amount is safe to serve and then to stop at.
 */
function drawVisit(state: TransferState, shardIndex: number, segmentCount: number): SegmentRow[] {
  const from = Math.random() < 0.5 ? 0 : Math.floor(Math.random() * segmentCount);
  const length = Math.floor((MAX_SEGMENTS_PER_REBUILD + 1) ** Math.random());
  const held = state.segments.heldFrom(shardIndex, from, length);
  return held.filter(({ segment }) => segment < held[0]!.segment + MAX_SEGMENTS_PER_REBUILD);
}

/**
 * A few of those who may go, by lot: of other operators, so that nobody vouches for a node of theirs.
 *
 * @param mayGo - whether a node is there and not doubted itself: its word decides about another.
 */
function shoppersFor(state: TransferState, nodeId: string, mayGo: (seat: SeatRow) => boolean): SeatRow[] {
  if (state.settle()?.state !== 'ready') return [];
  const seats = state.seats.all();
  const visited = seats.find((each) => each.nodeId === nodeId);
  return seats
    .filter((seat) => visited !== undefined && seat.operator !== visited.operator && mayGo(seat))
    .map((seat) => ({ seat, lot: Math.random() }))
    .toSorted((a, b) => a.lot - b.lot)
    .slice(0, SHOPPERS_ASKED)
    .map(({ seat }) => seat);
}
