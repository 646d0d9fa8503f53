/** What the directory knows of a storage node, and so all that choosing one can go by. */
import type { GeoPoint } from './geography.ts';
import type { Standing } from './standing.ts';

export interface DirectoryNode {
  /** b64 of 32 bytes. */
  readonly nodeId: string;
  readonly url: string;
  readonly operator: string;
  /** What `networkOf` says of its address: a /24 or /64. */
  readonly network: string;
  /** ISO 3166-1 alpha-2, upper case; null where unknown. */
  readonly country: string | null;
  /** Number of the autonomous system that announces its address; null where unknown. */
  readonly asn: number | null;
  readonly region: GeoPoint | null;
  readonly capacityBytes: number;
  readonly freeBytes: number;
  readonly lastSeenMs: number;
  readonly standing: Standing;
  /** How far it can be believed to hold what it was given, 0 to 1. */
  readonly integrity: number;
  /** Part of the time that it is up, 0 to 1. */
  readonly availability: number;
  /** Measured pace in parts of the network's median; null before there is a measurement. */
  readonly speed: number | null;
}

/** What is assumed of a node before anything was measured. */
export const UNMEASURED = { country: null, asn: null, region: null, standing: 'unvetted', integrity: 1, availability: 1, speed: null } as const satisfies Partial<DirectoryNode>;

/** Part of the time from which on a vetted node counts as an anchor: one that a download can rely on at any instant. */
const ANCHOR_AVAILABILITY = 0.98;

export const isAnchor = ({ standing, availability }: Pick<DirectoryNode, 'standing' | 'availability'>): boolean => standing === 'vetted' && availability >= ANCHOR_AVAILABILITY;

/** @param onlineForMs - age of a heartbeat from which on its node counts as offline. */
export const isOnline = (node: Pick<DirectoryNode, 'lastSeenMs'>, nowMs: number, onlineForMs: number): boolean => nowMs - node.lastSeenMs < onlineForMs;
