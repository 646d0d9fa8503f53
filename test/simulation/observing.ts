/** Looking at the network without touching it: how likely downloads fail at this very hour, and who carries how much. */
import { chanceOfFewerThan, standingOf } from '../../shared/policy/index.ts';
import type { Network } from './network.ts';
import { upChance } from './presence.ts';
import { HOURS_PER_DAY } from './scenario.ts';
import { exists } from './sim-transfer.ts';

/** Prime to the day, so that every hour of the day is looked at. */
const LOOK_EVERY_HOURS = 7;

export function observeHour(network: Network): void {
  if (!network.isMeasured) return;
  if (network.hour % LOOK_EVERY_HOURS === 0) observeDownloads(network);
  if (network.hour % HOURS_PER_DAY === 0) observeNodes(network);
}

/** For each live transfer the exact chance that fewer than k nodes are up and serve, and whether it is so. */
function observeDownloads(network: Network): void {
  const { hour, isCalm, measures } = network;
  const day = Math.floor(hour / HOURS_PER_DAY);
  const chanceOf = new Map(network.nodes.map((node) => [node, node.servesDownloads(hour) ? upChance(node, hour) : 0]));
  for (const transfer of network.transfers) {
    const chances: number[] = [];
    let serving = 0;
    for (const [seat, node] of transfer.seats.entries()) {
      if (!exists(transfer, seat)) continue;
      const chance = chanceOf.get(node) ?? 0;
      chances.push(chance);
      if (node.isUp && chance > 0) serving += 1;
    }
    measures.noteInstant(serving < transfer.requiredShards, chanceOfFewerThan(transfer.requiredShards, chances), isCalm, day);
  }
}

function observeNodes(network: Network): void {
  for (const node of network.nodes) {
    if (node.isGone) continue;
    node.heldByteDays += node.storedBytes;
    node.heldTransferDays += node.transfers.size;
    node.offeredByteDays += node.capacityBytes;
    node.days += 1;
    network.measures.noteNodeDay(node.traits.behaviour, standingOf(node.reputation) === 'suspended');
  }
}
