/** A simulated node: what the directory says of it, what it is in truth, and what it holds. */
import { UNMEASURED, type DirectoryNode, type GeoPoint, type Reputation, type Standing } from '../../shared/policy/index.ts';
import type { Adversary } from './scenario.ts';
import type { SimTransfer } from './sim-transfer.ts';

export type NodeKind = 'home' | 'server';
export type Behaviour = 'honest' | Adversary;

/** What a node is born with. */
export interface NodeTraits {
  readonly nodeId: string;
  readonly kind: NodeKind;
  readonly behaviour: Behaviour;
  readonly operator: string;
  readonly network: string;
  readonly country: string;
  readonly asn: number;
  readonly region: GeoPoint;
  readonly capacityBytes: number;
  readonly bornHour: number;
  /** Part of the time that it is up, long outages aside. */
  readonly upShare: number;
  /** Chance, each hour, that it draws anew whether it is up: the shorter its spells, the higher. */
  readonly redraw: number;
  /** Hours that its clock is ahead of UTC; of homes alone, whose days differ from their nights. */
  readonly dayOffset: number | null;
  /** Mean hours between long outages, and their mean length. */
  readonly outageEveryHours: number;
  readonly outageHours: number;
  /** Relative to the median. */
  readonly pace: number;
  /** From which hour on an adversary acts; Infinity for the honest. */
  readonly turnsHour: number;
}

/** Its directory side is published anew every few hours; `lastSeenMs` is always fresh, as heartbeats are. */
export class SimNode implements DirectoryNode {
  readonly nodeId: string;
  readonly url = 'https://node.example.net';
  readonly operator: string;
  readonly network: string;
  readonly country: string;
  readonly asn: number;
  readonly region: GeoPoint;
  readonly capacityBytes: number;
  freeBytes: number;
  lastSeenMs = 0;
  standing: Standing = UNMEASURED.standing;
  integrity: number = UNMEASURED.integrity;
  availability: number = UNMEASURED.availability;
  speed: number | null = UNMEASURED.speed;

  readonly traits: NodeTraits;
  reputation: Reputation;
  isUp = true;
  outageUntilHour = 0;
  /** When it went for good, with all that it held. */
  goneHour: number | null = null;
  /** When it will go, once it has announced it. */
  exitHour: number | null = null;
  /** Whether an owed audit asks for what it deleted: then it stays silent. */
  owesTheImpossible = false;
  readonly transfers = new Set<SimTransfer>();
  storedBytes = 0;
  /** Over the days of its measured life: bytes and transfers held and bytes offered, summed, and how many days. */
  heldByteDays = 0;
  heldTransferDays = 0;
  offeredByteDays = 0;
  days = 0;

  constructor(traits: NodeTraits, reputation: Reputation) {
    this.traits = traits;
    this.nodeId = traits.nodeId;
    this.operator = traits.operator;
    this.network = traits.network;
    this.country = traits.country;
    this.asn = traits.asn;
    this.region = traits.region;
    this.capacityBytes = traits.capacityBytes;
    this.freeBytes = traits.capacityBytes;
    this.reputation = reputation;
  }

  get isGone(): boolean {
    return this.goneHour !== null;
  }

  /** Whether an adversary acts as one by now. */
  hasTurned(hour: number): boolean {
    return hour >= this.traits.turnsHour;
  }

  servesDownloads(hour: number): boolean {
    return !(this.traits.behaviour === 'hostage' && this.hasTurned(hour));
  }
}
