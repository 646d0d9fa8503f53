import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { nodeStatusSchema } from '../../protocol/node-status.ts';
import { availabilityGauge, concernsOf, formatShare, integrityGauge, OFFLINE_AFTER_MS, speedGauge, type Gauge } from './node-health.ts';
import { disqualifiedAt, nodeAt, quarantinedAt } from './testing/samples.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);

/** The tone of the zone that the mark is in. */
const toneOf = ({ at, zones }: Gauge) => zones.find(({ to }) => at !== null && at <= to)?.tone;

it('shows only what a coordinator may tell', () => {
  for (const status of [nodeAt(NOW_MS), quarantinedAt(NOW_MS), disqualifiedAt(NOW_MS)]) expect(v.is(nodeStatusSchema, status)).toBe(true);
});

describe('what an operator should look at', () => {
  it('is nothing while all is well', () => {
    expect(concernsOf(nodeAt(NOW_MS), NOW_MS)).toEqual([]);
    expect(concernsOf(nodeAt(NOW_MS, { standing: 'unvetted' }), NOW_MS)).toEqual([]);
  });

  it('is a standing that costs transfers, and an audit that is owed', () => {
    expect(concernsOf(quarantinedAt(NOW_MS), NOW_MS)).toEqual(['quarantined', 'owed']);
    expect(concernsOf(nodeAt(NOW_MS, { standing: 'suspended' }), NOW_MS)).toEqual(['suspended']);
  });

  it('is silence alone where a silent node also owes an audit', () => {
    const silent = nodeAt(NOW_MS, { lastSeenMs: NOW_MS - OFFLINE_AFTER_MS, owedSinceMs: NOW_MS - 1 });
    expect(concernsOf(silent, NOW_MS)).toEqual(['silent']);
    expect(concernsOf(silent, NOW_MS - 1)).toEqual(['owed']);
  });
});

describe('gauges', () => {
  it('put integrity into the zone that the network puts it into', () => {
    expect([1, 0.971, 0.97, 0.93, 0.92, 0.5, 0].map((integrity) => toneOf(integrityGauge(integrity)))).toEqual(['good', 'good', 'warn', 'warn', 'bad', 'bad', 'bad']);
  });

  it('put availability on either side of suspension', () => {
    expect([1, 0.61, 0.59, 0].map((availability) => toneOf(availabilityGauge(availability)))).toEqual(['good', 'good', 'warn', 'warn']);
  });

  it('put the median pace in the middle, and every pace on the scale', () => {
    expect([0, 1 / 8, 1, 8, 1000].map((speed) => speedGauge(speed).at)).toEqual([0, 0, 0.5, 1, 1]);
    expect(speedGauge(null).at).toBeNull();
  });
});

it('rounds no share up: what is not whole never reads as whole', () => {
  expect([1, 0.99999, 0.97, 0.9699, 0.57, 0].map(formatShare)).toEqual(['100.0%', '99.9%', '97.0%', '96.9%', '57.0%', '0.0%']);
});
