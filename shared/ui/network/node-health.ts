/** What a node's status amounts to for its operator: what to look at, and where its figures lie between the limits. */
import type { NodeStatus } from '../../protocol/node-status.ts';
import { numberFormat } from '../numbers.ts';

/** Six heartbeats of 30 s: from then on the network counts a node as offline. docs/protocol.md §10. */
export const OFFLINE_AFTER_MS = 180_000;
/** The network's limits, which shared/policy/judgement.ts sets; a test holds them equal. */
export const QUARANTINE_AT = 0.97;
export const DISQUALIFY_AT = 0.92;
export const SUSPEND_BELOW = 0.6;

/** Integrity is drawn from here up to 1: all of its life is spent near the end. */
const INTEGRITY_FROM = 0.88;
/** Speed is drawn in its logarithm, from an eighth to eight times the median. */
const SPEED_OCTAVES = 3;

/** What an operator should look at now, the most pressing first; empty where all is well. */
export type Concern = 'silent' | 'owed' | 'disqualified' | 'quarantined' | 'suspended';

export function concernsOf(status: NodeStatus, nowMs: number): Concern[] {
  const { standing } = status;
  const concerns: Concern[] = [];
  if (standing === 'disqualified' || standing === 'quarantined' || standing === 'suspended') concerns.push(standing);
  if (isSilent(status, nowMs)) concerns.push('silent');
  else if (status.owedSinceMs !== null) concerns.push('owed');
  return concerns;
}

/** @param nowMs - by the coordinator's clock. */
export const isSilent = ({ lastSeenMs }: NodeStatus, nowMs: number): boolean => nowMs - lastSeenMs >= OFFLINE_AFTER_MS;

/** A zone ends at `to` and begins where the one before it ends; all are parts of the scale, 0 to 1. */
export interface Zone {
  readonly to: number;
  readonly tone: 'bad' | 'warn' | 'good' | 'plain';
}
export interface Gauge {
  /** 0 to 1; null where nothing was measured. */
  readonly at: number | null;
  readonly zones: readonly Zone[];
}

export const integrityGauge = (integrity: number): Gauge => ({
  at: onIntegrityScale(integrity),
  zones: [
    { to: onIntegrityScale(DISQUALIFY_AT), tone: 'bad' },
    { to: onIntegrityScale(QUARANTINE_AT), tone: 'warn' },
    { to: 1, tone: 'good' },
  ],
});

export const availabilityGauge = (availability: number): Gauge => ({
  at: availability,
  zones: [
    { to: SUSPEND_BELOW, tone: 'warn' },
    { to: 1, tone: 'good' },
  ],
});

export const speedGauge = (speed: number | null): Gauge => ({
  at: speed === null ? null : clamp((Math.log2(Math.max(speed, Number.MIN_VALUE)) + SPEED_OCTAVES) / (2 * SPEED_OCTAVES)),
  zones: [
    { to: 0.5, tone: 'plain' },
    { to: 1, tone: 'plain' },
  ],
});

/** `99.9%`, never more than it is: what is not whole does not read as 100%, and what is below a limit not as the limit. */
export const formatShare = (share: number): string => numberFormat({ style: 'percent', minimumFractionDigits: 1 }).format(Math.floor(share * 1000 + 1e-9) / 1000);

const onIntegrityScale = (share: number): number => clamp((share - INTEGRITY_FROM) / (1 - INTEGRITY_FROM));
const clamp = (share: number): number => Math.min(1, Math.max(0, share));
