/**
 * When nodes are up. Each hour a node redraws its state with a chance of its own, so that spells last; homes draw by
 * their local time. How likely a node is up at a given hour then follows exactly, and the chance of a failed download
 * is computed from it instead of waited for.
 */
import type { Random } from './random.ts';
import type { SimNode } from './sim-node.ts';

/** A home's chance to be drawn up, relative to its mean: a third of the day is night. */
const NIGHT = 0.76;
const DAY = 1.12;
const relativeDraw = (localHour: number): number => (localHour < 8 ? NIGHT : DAY);
const localHourOf = (hour: number, offset: number): number => (((hour + offset) % 24) + 24) % 24;

/** Relative chance to be up, by local hour, for a given redraw chance: the periodic solution of p(h) = (1 − r) · p(h − 1) + r · draw(h). */
function dailyPattern(redraw: number): number[] {
  const pattern = Array.from({ length: 24 }, () => 1);
  for (let day = 0; day < 20; day++) for (let h = 0; h < 24; h++) pattern[h] = (1 - redraw) * pattern[(h + 23) % 24]! + redraw * relativeDraw(h);
  return pattern;
}
const patterns = new Map<number, number[]>();

function patternOf(redraw: number): number[] {
  let pattern = patterns.get(redraw);
  if (pattern === undefined) patterns.set(redraw, (pattern = dailyPattern(redraw)));
  return pattern;
}

/** Chance that the node is up in this hour; 0 while it is in a long outage, and for ever once it is gone. */
export function upChance(node: SimNode, hour: number): number {
  const { upShare, dayOffset, redraw } = node.traits;
  if (node.isGone || hour < node.outageUntilHour) return 0;
  return dayOffset === null ? upShare : Math.min(1, upShare * patternOf(redraw)[localHourOf(hour, dayOffset)]!);
}

/** Moves a node one hour on. */
export function stepPresence(node: SimNode, hour: number, random: Random): void {
  if (node.isGone) return;
  const { upShare, dayOffset, redraw, outageEveryHours, outageHours } = node.traits;
  const at = random.next();
  if (at < redraw) {
    const draw = dayOffset === null ? upShare : Math.min(1, upShare * relativeDraw(localHourOf(hour, dayOffset)));
    node.isUp = at < redraw * draw;
  }
  if (random.next() < 1 / outageEveryHours) node.outageUntilHour = Math.max(node.outageUntilHour, hour + Math.ceil(random.exponential(outageHours)));
  if (hour < node.outageUntilHour) node.isUp = false;
}
