/** What a simulated network is made of and what happens to it. Times are hours; days count from the end of the warm-up. */

export const HOURS_PER_DAY = 24;
export const DAYS_PER_MONTH = 365 / 12;

export interface Scenario {
  readonly seed: number;
  readonly nodes: number;
  /** What is measured, after the warm-up in which the first nodes earn their names. */
  readonly days: number;
  readonly warmUpDays: number;
  /** Part of the nodes that stand in homes; the rest are servers. Both offer the same space, so that homes carry their share. */
  readonly homeShare: number;
  readonly transfersPerHour: number;
  readonly downloadsPerTransfer: number;
  /** Part of homes and of servers that leave for good in a month; newcomers of the same kind take their places. */
  readonly monthlyDepartures: { readonly home: number; readonly server: number };
  /** Part of the departures that are announced, by this long. */
  readonly gracefulShare: number;
  readonly exitNoticeHours: number;
  /** Leaves of honest nodes that come back wrong: disks that fail for a moment. */
  readonly honestFailureRate: number;
  /** Part of the shards that a liar deletes. */
  readonly liarDeletes: number;
  /** Clients' reports against nodes that did nothing, in parts of the downloads; and visits that fail for the shopper's own reasons. */
  readonly falseReportRate: number;
  readonly failedVisitRate: number;
  /** Parts of the nodes that are not what they seem. */
  readonly adversaries: Readonly<Record<Adversary, number>>;
  readonly events: readonly NetworkEvent[];
}

/**
 * - `liar`: deletes part of what it holds and answers audits with what is left.
 * - `silent liar`: does the same and leaves unanswered what it cannot prove.
 * - `hostage`: proves everything and refuses every download.
 * - `sybil`: one hand behind many names, in few systems, the best of servers until all vanish within an hour.
 * - `slow`: serves at a quarter of the pace.
 * - `flapping`: a home that is up 45% of the time and changes its mind every two hours.
 */
export type Adversary = 'liar' | 'silent liar' | 'hostage' | 'sybil' | 'slow' | 'flapping';

export type NetworkEvent =
  | { readonly kind: 'dark country'; readonly day: number; readonly country: string; readonly hours: number }
  | { readonly kind: 'mass exit'; readonly day: number; readonly share: number; readonly hours: number }
  | { readonly kind: 'sybils vanish'; readonly day: number };

/** How long after its beginning an event counts as its own time in the figures: until what it broke must be repaired. */
export const eventHours = (event: NetworkEvent): number => (event.kind === 'dark country' ? event.hours : 96);

const DEFAULT: Scenario = {
  seed: 1,
  nodes: 10_000,
  days: 365,
  warmUpDays: 14,
  homeShare: 0.5,
  transfersPerHour: 55,
  downloadsPerTransfer: 2,
  monthlyDepartures: { home: 0.04, server: 0.02 },
  gracefulShare: 0.25,
  exitNoticeHours: 7 * HOURS_PER_DAY,
  honestFailureRate: 0.005,
  liarDeletes: 0.1,
  falseReportRate: 0.01,
  failedVisitRate: 0.005,
  adversaries: { liar: 0.02, 'silent liar': 0.005, hostage: 0.01, sybil: 0.05, slow: 0.03, flapping: 0.03 },
  events: [
    { kind: 'dark country', day: 100, country: 'DE', hours: 18 },
    { kind: 'sybils vanish', day: 160 },
    { kind: 'mass exit', day: 220, share: 0.15, hours: 24 },
    { kind: 'dark country', day: 280, country: 'US', hours: 8 },
  ],
};

export const defaultScenario = (seed: number): Scenario => ({ ...DEFAULT, seed });

/** The same network in small: seconds, for tests and for a first look. Too few transfers to judge rare failures by. */
export const quickScenario = (seed: number): Scenario => ({
  ...DEFAULT,
  seed,
  nodes: 800,
  days: 45,
  transfersPerHour: 6,
  events: [
    { kind: 'dark country', day: 12, country: 'DE', hours: 18 },
    { kind: 'sybils vanish', day: 20 },
    { kind: 'mass exit', day: 30, share: 0.15, hours: 24 },
  ],
});
