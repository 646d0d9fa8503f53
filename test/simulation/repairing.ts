/** Hardening and repair: the coordinator's own plans, carried out hour by hour within what nodes can move. */
import { chooseReplacements, compareRepairs, planRepair, standingOf, type RepairPlan } from '../../shared/policy/index.ts';
import type { Network } from './network.ts';
import { HOURS_PER_DAY } from './scenario.ts';
import { put } from './sending.ts';
import { exists, seatsAsKnown, type SimTransfer } from './sim-transfer.ts';
import { release } from './storing.ts';

/** What the network spends on repair, for each node that is up: 1 Mbit/s. */
const BYTES_PER_NODE_HOUR = (1e6 / 8) * 3600;

export function stepRepairs(network: Network): void {
  for (const transfer of network.changed) network.repairs.add(transfer);
  network.changed.clear();
  const planned: { transfer: SimTransfer; plan: RepairPlan }[] = [];
  for (const transfer of network.repairs) {
    const plan = transfer.isLost ? null : planRepair(seatsAsKnown(transfer, network.hour), transfer);
    if (plan === null) network.repairs.delete(transfer);
    else planned.push({ transfer, plan });
  }
  let budgetBytes = network.nodes.filter(({ isUp }) => isUp).length * BYTES_PER_NODE_HOUR;
  for (const { transfer, plan } of planned.toSorted((a, b) => compareRepairs(a.plan, b.plan))) {
    if (budgetBytes <= 0) break;
    budgetBytes -= rebuild(network, transfer, plan);
  }
  network.measures.noteBacklog(network.repairs.size);
}

/** @returns bytes that nodes moved. */
function rebuild(network: Network, transfer: SimTransfer, plan: RepairPlan): number {
  const { hour, measures } = network;
  const isHardening = plan.vacant.every((seat) => !transfer.stored[seat]! && transfer.seats[seat]!.isUp && transfer.had.size === 0);
  const reachable = plan.sources.filter((seat) => {
    const node = transfer.seats[seat]!;
    return node.isUp && exists(transfer, seat) && node.servesDownloads(hour);
  });
  if (reachable.length < transfer.requiredShards) return 0;
  const inPlace = plan.vacant.filter((seat) => !transfer.stored[seat]! && isWelcome(transfer, seat));
  for (const seat of inPlace) put(network, transfer, seat);
  const vacant = plan.vacant.filter((seat) => !inPlace.includes(seat));
  const replaced = vacant.length === 0 ? 0 : replace(network, transfer, vacant);
  const rebuilt = inPlace.length + replaced;
  if (rebuilt === 0) return 0;
  const bytes = (transfer.requiredShards + rebuilt) * transfer.seatBytes;
  measures.noteRebuild(isHardening ? 'hardening' : plan.cause, rebuilt, bytes, Math.floor(hour / HOURS_PER_DAY));
  return bytes;
}

function isWelcome(transfer: SimTransfer, seat: number): boolean {
  const node = transfer.seats[seat]!;
  const standing = standingOf(node.reputation);
  return node.isUp && (standing === 'vetted' || standing === 'unvetted');
}

function replace(network: Network, transfer: SimTransfer, vacant: readonly number[]): number {
  const random = network.streams.repairs;
  const kept = transfer.seats.filter((_, seat) => !vacant.includes(seat));
  for (const seat of vacant) transfer.had.add(transfer.seats[seat]!.nodeId);
  const chosen = chooseReplacements(network.directory, kept, transfer.had, vacant.length, transfer.seatBytes, network.terms(random.seed(), null));
  for (const [i, { nodeId }] of chosen.entries()) {
    const seat = vacant[i]!;
    release(transfer, seat);
    transfer.seats[seat] = network.nodeById(nodeId);
    put(network, transfer, seat);
  }
  return chosen.length;
}
