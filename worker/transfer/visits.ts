/** Mystery shoppers: one of the transfer's nodes fetches a shard from another as a client would, and says whether it was served. docs/protocol.md §9 (rebuild). */
import { epochAt } from '../../shared/policy/index.ts';
import { encodeB64, ID_BYTES } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf, epochMsOf, type WorkerEnv } from '../environment.ts';
import { readDirectory } from '../network/directory.ts';
import { orderRebuild } from '../network/node-client.ts';
import { urlNow } from './orders.ts';
import { isCounting } from './outlook.ts';
import { leaseMsOf, signJob } from './rebuilding.ts';
import { layoutOf } from './record.ts';
import type { Keeper, SeatRow } from './seats.ts';
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
    const segment = state.segments.drawHeld(seat.shardIndex, Math.random(), layout.segmentCount);
    if (segment === undefined) return;
    const plan = { rebuilder: shopper, segments: [segment], sources: [{ keeper: seat, isWhole: true }], targets: [] };
    const jobId = encodeB64(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
    const { transferId, requiredShards, totalShards, expiresAtMs: shardExpiresAtMs } = row;
    const terms = { jobId, transferId, requiredShards, totalShards, shardExpiresAtMs, nowMs, layout, urlOf: (keeper: Keeper) => urlNow(keeper, directory) };
    const visit = { jobId, nodeId, shopper: shopper.nodeId, operator: shopper.operator, leaseExpiresAtMs: nowMs + leaseMsOf(plan, layout, requiredShards) };
    state.write(() => state.jobs.beginVisit(visit, nowMs));
    const { order, body } = await signJob(plan, terms, key);
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
