import { describe, expect, it } from 'vitest';
import { completeSchema, parseMessage } from '../protocol/messages.ts';
import { PaceMeter, pacesOf } from './pace.ts';

const MIB = 2 ** 20;

/** A node that took so long for a MiB. */
function took(ms: number): PaceMeter {
  const meter = new PaceMeter();
  meter.begin(1000, MIB);
  meter.end(1000 + ms, MIB);
  return meter;
}
const ratios = (meters: readonly PaceMeter[], nowMs = 0): number[] => pacesOf(meters.entries(), nowMs).map(({ ratio }) => ratio);

describe('the pace of a node', () => {
  it('is its rate over the median rate of the same transfer', () => {
    expect(pacesOf([took(100), took(200), took(400)].entries(), 0)).toEqual([
      { shardIndex: 0, ratio: 2 },
      { shardIndex: 1, ratio: 1 },
      { shardIndex: 2, ratio: 0.5 },
    ]);
  });
  it('counts only time in which something was asked of it, and overlapping questions once', () => {
    const patient = new PaceMeter();
    patient.begin(0, MIB / 2);
    patient.begin(50, MIB / 4);
    patient.end(80, MIB / 2);
    patient.end(100, MIB / 4);
    patient.begin(10_000, MIB / 4);
    patient.end(10_100, MIB / 4);
    expect(ratios([patient, took(200), took(200)])).toEqual([1, 1, 1]);
  });
  it('falls while a node lets the client wait', () => {
    const stalled = took(100);
    stalled.begin(2000, MIB);
    expect(ratios([stalled, took(100), took(100)], 2300)).toEqual([0.25, 1, 1]);
  });
  it('is not told of a node that moved next to nothing, nor where fewer than three were measured', () => {
    const scant = new PaceMeter();
    scant.begin(0, 1000);
    scant.end(10, 1000);
    expect(pacesOf([scant, took(100), took(100), took(100)].entries(), 0).map(({ shardIndex }) => shardIndex)).toEqual([1, 2, 3]);
    expect(ratios([scant, took(100), took(100)])).toEqual([]);
  });
  it('of a node that was asked and gave nothing is what it can be at best, once that is less than usual', () => {
    const silent = new PaceMeter();
    silent.begin(0, MIB);
    expect(ratios([silent, took(100), took(100), took(100)], 90)).toEqual([1, 1, 1]);
    expect(ratios([silent, took(100), took(100), took(100)], 400)).toEqual([0.25, 1, 1, 1]);
  });
  it('of a stream is what came between its reads', () => {
    const stream = new PaceMeter();
    stream.add(MIB / 2, 150);
    stream.add(MIB / 2, 50);
    expect(ratios([stream, took(100), took(400)])).toEqual([1, 2, 0.5]);
  });
  it('stays within what the coordinator takes, also where a clock did not move', () => {
    const paces = pacesOf([took(0), took(100), took(100_000)].entries(), 0);
    expect(paces.map(({ ratio }) => ratio)).toEqual([8, 1, 1 / 8]);
    expect(parseMessage(completeSchema, { problems: [], paces })).toEqual({ problems: [], paces });
  });
});
