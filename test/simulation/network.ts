/** The simulated network at one hour: what the steps of a simulation share. One hour is one epoch. */
import { DirectoryIndex, availabilityOf, integrityOf, speedOf, standingOf, type Judged, type SelectionTerms } from '../../shared/policy/index.ts';
import { Measures } from './measures.ts';
import { Population } from './population.ts';
import { Random } from './random.ts';
import { eventHours, HOURS_PER_DAY, type Scenario } from './scenario.ts';
import type { SimNode } from './sim-node.ts';
import { shardsInTruth, type SimTransfer } from './sim-transfer.ts';

const HOUR_MS = 3_600_000;
/** How often the directory is published: free space and standing that selection sees are up to so old. Presence is always fresh. */
const PUBLISH_EVERY_HOURS = 4;

export class Network {
  readonly scenario: Scenario;
  readonly measures: Measures;
  readonly population: Population;
  readonly streams: Readonly<Record<'lives' | 'presence' | 'audits' | 'visits' | 'transfers' | 'downloads' | 'repairs', Random>>;
  hour = 0;
  /** Those that are there, and those that went so recently that the coordinator may still expect them. */
  nodes: SimNode[];
  readonly transfers = new Set<SimTransfer>();
  /** What to do when that hour comes. */
  readonly #agenda = new Map<number, (() => void)[]>();
  /** Transfers of which a seat may have changed its state. */
  readonly changed = new Set<SimTransfer>();
  /** Transfers with something to rebuild. */
  readonly repairs = new Set<SimTransfer>();
  directory: DirectoryIndex;
  #byId: ReadonlyMap<string, SimNode>;

  constructor(scenario: Scenario) {
    const random = new Random(scenario.seed);
    const names = ['lives', 'presence', 'audits', 'visits', 'transfers', 'downloads', 'repairs'] as const;
    this.scenario = scenario;
    this.streams = Object.fromEntries(names.map((name, i) => [name, random.stream(i + 1)])) as Network['streams'];
    this.population = new Population(scenario, this.streams.lives);
    this.measures = new Measures(scenario);
    this.nodes = this.population.first();
    this.directory = this.indexed(this.nodes);
    this.#byId = new Map(this.nodes.map((node) => [node.nodeId, node]));
  }

  /** Days since the warm-up ended; negative in it. */
  get day(): number {
    return this.hour / HOURS_PER_DAY - this.scenario.warmUpDays;
  }

  get isMeasured(): boolean {
    return this.day >= 0;
  }

  /** Whether nothing extraordinary is going on. */
  get isCalm(): boolean {
    return !this.scenario.events.some((event) => this.day >= event.day && this.day < event.day + eventHours(event) / HOURS_PER_DAY);
  }

  at(hour: number, action: () => void): void {
    const actions = this.#agenda.get(hour);
    if (actions === undefined) this.#agenda.set(hour, [action]);
    else actions.push(action);
  }

  runAgenda(): void {
    for (const action of this.#agenda.get(this.hour) ?? []) action();
    this.#agenda.delete(this.hour);
  }

  terms(seed: Uint8Array, sender: SelectionTerms['sender']): SelectionTerms {
    return { seed, sender, nowMs: this.hour * HOUR_MS, onlineForMs: HOUR_MS, allowSharedHosts: false };
  }

  publishDirectory(): void {
    for (const node of this.nodes) if (node.isUp) node.lastSeenMs = this.hour * HOUR_MS;
    if (this.hour % PUBLISH_EVERY_HOURS !== 0) return;
    const present = this.nodes.filter(({ isGone }) => !isGone);
    for (const node of present) {
      node.standing = standingOf(node.reputation);
      node.integrity = integrityOf(node.reputation);
      node.availability = availabilityOf(node.reputation.availability);
      node.speed = speedOf(node.reputation);
      node.freeBytes = node.capacityBytes - node.storedBytes;
    }
    this.directory = this.indexed(present);
    this.#byId = new Map(present.map((node) => [node.nodeId, node]));
  }

  /** What selection sees of these nodes. */
  protected indexed(nodes: readonly SimNode[]): DirectoryIndex {
    return new DirectoryIndex(nodes);
  }

  /** One that the directory names. */
  nodeById(nodeId: string): SimNode {
    const node = this.#byId.get(nodeId);
    if (node === undefined) throw new RangeError(`no node ${nodeId} in the directory`);
    return node;
  }

  /** Takes over what the coordinator now thinks of a node. */
  judged(node: SimNode, { record, change }: Judged): void {
    node.reputation = record;
    if (change === null) return;
    this.measures.noteStanding(node, change);
    this.touch(node);
    // Who is out deletes what it held, for all we know; somebody else comes.
    if (change.to === 'disqualified') this.remove(node, 0);
  }

  /** Something about the node's seats is different. */
  touch(node: SimNode): void {
    for (const transfer of node.transfers) this.changed.add(transfer);
  }

  /** @param meanDaysToNext - until another node of the kind comes in its place, on average; 0 for at once. */
  remove(node: SimNode, meanDaysToNext: number): void {
    if (node.isGone) return;
    node.goneHour = this.hour;
    node.isUp = false;
    this.touch(node);
    for (const transfer of node.transfers) this.checkLoss(transfer);
    const wait = meanDaysToNext === 0 ? 1 : Math.ceil(this.streams.lives.exponential(meanDaysToNext * HOURS_PER_DAY));
    this.at(this.hour + wait, () => this.nodes.push(this.population.born(node.traits.kind, 'honest', this.hour)));
  }

  checkLoss(transfer: SimTransfer): void {
    const shards = shardsInTruth(transfer);
    if (!transfer.isLost) this.measures.noteShards(shards);
    if (transfer.isLost || shards >= transfer.requiredShards) return;
    transfer.isLost = true;
    this.measures.lost += 1;
  }
}
