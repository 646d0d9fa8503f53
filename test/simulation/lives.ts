/** Departures, arrivals and catastrophes; and every node's next hour. */
import { announceExit } from '../../shared/policy/index.ts';
import type { Network } from './network.ts';
import { stepPresence } from './presence.ts';
import { DAYS_PER_MONTH, HOURS_PER_DAY, type NetworkEvent } from './scenario.ts';
import type { SimNode } from './sim-node.ts';
import { holeSeats } from './storing.ts';

/** How long a node that is gone is still looked at: until everybody has given it up. */
const FORGET_AFTER_HOURS = 72;
/** After a catastrophe the network grows back over a month. */
const MEAN_DAYS_TO_REGROW = 30;

export function planEvents(network: Network): void {
  const { events, warmUpDays } = network.scenario;
  for (const event of events) network.at((event.day + warmUpDays) * HOURS_PER_DAY, () => happen(network, event));
}

function happen(network: Network, event: NetworkEvent): void {
  const random = network.streams.lives;
  for (const node of network.nodes) {
    if (node.isGone) continue;
    switch (event.kind) {
      case 'dark country':
        if (node.country === event.country) node.outageUntilHour = Math.max(node.outageUntilHour, network.hour + event.hours);
        break;
      case 'mass exit':
        if (random.chance(event.share)) network.at(network.hour + 1 + random.below(event.hours), () => network.remove(node, MEAN_DAYS_TO_REGROW));
        break;
      case 'sybils vanish':
        if (node.traits.behaviour === 'sybil') network.remove(node, MEAN_DAYS_TO_REGROW);
        break;
    }
  }
}

export function stepLives(network: Network): void {
  const { lives, presence } = network.streams;
  for (const node of network.nodes) {
    if (node.isGone) continue;
    if (network.hour === node.traits.turnsHour) {
      network.measures.noteTurn(node);
      turn(network, node);
    }
    const { kind, behaviour } = node.traits;
    const isLeaving = behaviour !== 'sybil' && node.exitHour === null && lives.chance(network.scenario.monthlyDepartures[kind] / (DAYS_PER_MONTH * HOURS_PER_DAY));
    if (isLeaving) depart(network, node);
    else stepPresence(node, network.hour, presence);
  }
  network.nodes = network.nodes.filter((node) => node.goneHour === null || network.hour - node.goneHour < FORGET_AFTER_HOURS);
}

function depart(network: Network, node: SimNode): void {
  const { gracefulShare, exitNoticeHours } = network.scenario;
  if (!network.streams.lives.chance(gracefulShare)) {
    network.remove(node, 0);
    return;
  }
  node.exitHour = network.hour + exitNoticeHours;
  network.judged(node, announceExit(node.reputation));
  network.at(node.exitHour, () => {
    network.measures.noteExit(node);
    network.remove(node, 0);
  });
}

function turn(network: Network, node: SimNode): void {
  const { behaviour } = node.traits;
  if (behaviour !== 'liar' && behaviour !== 'silent liar') return;
  for (const transfer of node.transfers) {
    holeSeats(transfer, node, network.scenario.liarDeletes, network.streams.lives);
    network.checkLoss(transfer);
  }
}
