/** Runs a scenario from its first hour to its last. */
import { stepAudits } from './auditing.ts';
import { planEvents, stepLives } from './lives.ts';
import { Network } from './network.ts';
import { observeHour } from './observing.ts';
import { stepRepairs } from './repairing.ts';
import { HOURS_PER_DAY, type Scenario } from './scenario.ts';
import { stepSending } from './sending.ts';

/**
 * @param onDay - called after each day, counted from the end of the warm-up.
 * @param network - in its first hour.
 */
export function simulate(scenario: Scenario, onDay: (network: Network) => void = () => undefined, network = new Network(scenario)): Network {
  planEvents(network);
  const hours = (scenario.warmUpDays + scenario.days) * HOURS_PER_DAY;
  for (network.hour = 1; network.hour < hours; network.hour++) {
    network.runAgenda();
    stepLives(network);
    stepAudits(network);
    network.publishDirectory();
    stepSending(network);
    stepRepairs(network);
    observeHour(network);
    if (network.hour % HOURS_PER_DAY === 0) onDay(network);
  }
  return network;
}
