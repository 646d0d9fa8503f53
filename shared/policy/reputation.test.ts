import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { availabilityOf, measureAvailability, newAvailability } from './availability.ts';
import { DISQUALIFY_AT, STRANDED_AFTER_EPOCHS, MIN_AGE_TO_VET_EPOCHS, MIN_QUARANTINE_EPOCHS, QUARANTINE_AT, type Judged } from './judgement.ts';
import { INITIAL_CREDIT, integrityOf, newReputation, parseReputation, speedOf, standingOf, type Reputation } from './reputation-record.ts';
import {
  APPEAL_WAIT_EPOCHS,
  announceExit,
  appeal,
  appealFromEpoch,
  recordDeclaredLoss,
  recordEpoch,
  recordFailedHandover,
  recordForgery,
  recordRefusal,
  recordSpeed,
  recordVisit,
  type EpochObservation,
} from './reputation.ts';
import { sentenceOfReason, type StandingChange } from './standing-reasons.ts';

const HEARD: Omit<EpochObservation, 'epoch'> = { heardShare: 1, provedLeaves: 16, wrongLeaves: 0, owes: false };
const AWAY: Omit<EpochObservation, 'epoch'> = { heardShare: 0, provedLeaves: 0, wrongLeaves: 0, owes: true };
const SILENT: Omit<EpochObservation, 'epoch'> = { ...AWAY, heardShare: 1 };
/** What an audit finds on average. */
const MISSING_10_PERCENT: Omit<EpochObservation, 'epoch'> = { ...HEARD, provedLeaves: 14.4, wrongLeaves: 1.6 };

/** Lives through epochs that all show the same, and keeps the changes. */
function live(record: Reputation, epochs: number, seen: Omit<EpochObservation, 'epoch'>): { record: Reputation; changes: StandingChange[] } {
  const changes: StandingChange[] = [];
  let now = record;
  for (let i = 0; i < epochs; i++) {
    const judged = recordEpoch(now, { ...seen, epoch: now.epoch + 1 });
    now = judged.record;
    if (judged.change) changes.push(judged.change);
  }
  return { record: now, changes };
}
const veteran = (): Reputation => live(newReputation(1000), 400, HEARD).record;
const codesOf = (changes: readonly StandingChange[]): string[] => changes.map(({ to, reason }) => `${to} ${reason.code}`);

describe('a new node', () => {
  it('is unvetted for a week, then vetted once it has proven enough', () => {
    const { record, changes } = live(newReputation(0), MIN_AGE_TO_VET_EPOCHS + 1, HEARD);
    expect(standingOf(record)).toBe('vetted');
    expect(changes).toEqual([{ epoch: MIN_AGE_TO_VET_EPOCHS, from: 'unvetted', to: 'vetted', reason: { code: 'proved_itself', provedLeaves: 16 * 168, ageEpochs: 168 } }]);
  });
  it('that holds nothing proves nothing, however old it is', () => {
    expect(standingOf(live(newReputation(0), 2000, { ...HEARD, provedLeaves: 0 }).record)).toBe('unvetted');
  });
});

describe('integrity', () => {
  it('falls alike for a newcomer and a veteran: age makes no liar safer', () => {
    for (const start of [newReputation(1000), veteran()]) {
      const { changes } = live(start, 30, MISSING_10_PERCENT);
      const out = changes.filter(({ to }) => to === 'quarantined' || to === 'disqualified');
      expect(codesOf(out)).toEqual(['quarantined integrity_low', 'disqualified integrity_lost']);
      expect(out.map(({ epoch }) => epoch - start.epoch)).toEqual([5, 21]);
    }
  });
  it('is never touched by silence, however long', () => {
    const { record, changes } = live(veteran(), 500, AWAY);
    expect(integrityOf(record)).toBe(1);
    expect(codesOf(changes)).toEqual(['suspended availability_low']);
  });
  it('ends a quarantine by itself once the node proves what it is asked, a day later at the earliest', () => {
    const fallen = live(veteran(), 5, MISSING_10_PERCENT).record;
    const { record, changes } = live(fallen, 60, { ...HEARD, provedLeaves: 64 });
    expect(standingOf(record)).toBe('vetted');
    expect(changes).toMatchObject([{ from: 'quarantined', to: 'vetted', epoch: fallen.epoch + MIN_QUARANTINE_EPOCHS, reason: { code: 'integrity_recovered' } }]);
  });
  it('too bad for the network and too good for its floor ends in disqualification after a week of audits', () => {
    const { changes } = live(veteran(), 300, { ...HEARD, provedLeaves: 60.8, wrongLeaves: 3.2 });
    expect(changes.at(-1)).toMatchObject({ to: 'disqualified', reason: { code: 'quarantine_outlasted', epochs: 168 } });
  });
  it('in quarantine is not lost by silence either: weeks offline condemn nobody', () => {
    const fallen = live(veteran(), 5, MISSING_10_PERCENT).record;
    const { record, changes } = live(fallen, 3 * STRANDED_AFTER_EPOCHS, AWAY);
    expect(changes).toEqual([]);
    expect(standingOf(live(record, 30, { ...HEARD, provedLeaves: 64 }).record)).toBe('suspended');
    expect(standingOf(live(record, 200, { ...HEARD, provedLeaves: 64 }).record)).toBe('vetted');
  });
  it('of a quarantined node that holds three leaves takes longer to mend, and does', () => {
    const fallen = live(veteran(), 5, MISSING_10_PERCENT).record;
    const { changes } = live(fallen, 400, { ...HEARD, provedLeaves: 3 });
    expect(codesOf(changes)).toEqual(['vetted integrity_recovered']);
  });
  it('that a quarantined node can no longer prove, since it holds nothing, starts again after a week', () => {
    const fallen = live(veteran(), 5, MISSING_10_PERCENT).record;
    const { record, changes } = live(fallen, STRANDED_AFTER_EPOCHS + 5, { ...HEARD, provedLeaves: 0 });
    expect(changes).toMatchObject([{ from: 'quarantined', to: 'unvetted', reason: { code: 'quarantine_lapsed', epochs: STRANDED_AFTER_EPOCHS } }]);
    expect(integrityOf(record)).toBe(1);
  });
  it('falls with losses that the node declares itself, less than with those that audits go on to find', () => {
    expect(standingOf(recordDeclaredLoss(veteran(), 0.05).record)).toBe('vetted');
    expect(standingOf(recordDeclaredLoss(veteran(), 0.2).record)).toBe('quarantined');
    expect(standingOf(recordDeclaredLoss(veteran(), 1).record)).toBe('disqualified');
  });
  it('is not mended by declaring small losses, however often, and a loss told in parts weighs like the whole', () => {
    const doubted = live(veteran(), 8, MISSING_10_PERCENT).record;
    let record = doubted;
    for (let i = 0; i < 20; i++) record = recordDeclaredLoss(record, 1e-6).record;
    expect(integrityOf(record)).toBeLessThanOrEqual(integrityOf(doubted));
    let parts = veteran();
    for (let i = 0; i < 10; i++) parts = recordDeclaredLoss(parts, 0.01).record;
    expect(integrityOf(parts)).toBeCloseTo(integrityOf(recordDeclaredLoss(veteran(), 0.1).record), 10);
  });
});

describe('presence', () => {
  it('is the mean of six-hour windows over a week', () => {
    let record = newAvailability(0);
    for (let epoch = 0; epoch < 24 * 20; epoch++) record = measureAvailability(record, epoch, epoch % 24 < 18 ? 1 : 0);
    expect(availabilityOf(record)).toBeCloseTo(0.75, 2);
    for (let epoch = 480; epoch < 480 + 168; epoch++) record = measureAvailability(record, epoch, 0);
    expect(availabilityOf(record)).toBe(0);
  });
  it('suspends below 60% and returns only above 65%', () => {
    const gone = live(veteran(), 80, AWAY);
    expect(codesOf(gone.changes)).toEqual(['suspended availability_low']);
    const back = live(gone.record, 168, HEARD);
    expect(codesOf(back.changes)).toEqual(['vetted availability_recovered']);
    expect(back.changes[0]!.reason).toMatchObject({ threshold: 0.65 });
    expect((back.changes[0]!.reason as { availability: number }).availability).toBeGreaterThanOrEqual(0.65);
  });
  it('of a home that is off every night costs it nothing', () => {
    let record = newReputation(0);
    for (let day = 0; day < 60; day++) {
      record = live(record, 18, HEARD).record;
      record = live(record, 6, AWAY).record;
      expect(['unvetted', 'vetted']).toContain(standingOf(record));
    }
    expect(standingOf(record)).toBe('vetted');
  });
  it('is not judged in a node’s first week', () => {
    expect(live(newReputation(0), 161, AWAY).changes).toEqual([]);
    expect(codesOf(live(newReputation(0), 170, AWAY).changes)).toEqual(['suspended availability_low']);
  });
  it('is no hiding place: who is heard and owes an audit is suspended until it answers that very audit', () => {
    const silent = live(veteran(), 6, SILENT);
    expect(codesOf(silent.changes)).toEqual(['suspended audit_owed']);
    expect(silent.changes[0]!.epoch).toBe(veteran().epoch + 2);
    expect(silent.record.owedSinceEpoch).toBe(veteran().epoch + 1);
    expect(codesOf(live(silent.record, 1, HEARD).changes)).toEqual(['vetted audit_answered']);
    expect(availabilityOf(live(veteran(), 168, SILENT).record.availability)).toBeLessThan(0.01);
  });
  it('is not measured while the coordinator itself was away', () => {
    const before = veteran();
    const { record, change } = recordEpoch(before, { ...HEARD, epoch: before.epoch + 500 });
    expect(change).toBeNull();
    expect(availabilityOf(record.availability)).toBe(1);
  });
});

describe('service', () => {
  const refuse = (record: Reputation, i: number, same: { source?: string; transferId?: string } = {}): Judged =>
    recordRefusal(record, { epoch: record.epoch, source: same.source ?? `source ${i}`, transferId: same.transferId ?? `transfer ${i}` });
  const visit = (record: Reputation, shopper: string, served: boolean): Judged => recordVisit(record, { epoch: record.epoch, shopper, served });
  const accused = (): Reputation => [1, 2, 3].reduce((record, i) => refuse(record, i).record, veteran());

  it('that strangers report and shoppers of two operators confirm to be refused ends in quarantine', () => {
    const once = visit(accused(), 'shopper a', false);
    expect(once.change).toBeNull();
    expect(visit(once.record, 'shopper a', false).change).toBeNull();
    expect(visit(once.record, 'shopper b', false).change).toMatchObject({ to: 'quarantined', reason: { code: 'service_refused', reporters: 3, shoppers: 2 } });
  });
  it('that few ask for is found refused by shoppers alone, of five operators', () => {
    let record = veteran();
    for (const shopper of ['a', 'b', 'c', 'd', 'd', 'c']) record = visit(record, shopper, false).record;
    expect(standingOf(record)).toBe('vetted');
    expect(visit(record, 'e', false).change).toMatchObject({ to: 'quarantined', reason: { code: 'service_refused', reporters: 0, shoppers: 5 } });
  });
  it('is beyond the reach of one client, however often it reports, and of any number of clients alone', () => {
    let record = veteran();
    for (let i = 0; i < 100; i++) record = refuse(record, i, { source: 'one' }).record;
    for (let i = 0; i < 100; i++) record = refuse(record, i, { transferId: 'one' }).record;
    for (const shopper of ['a', 'b']) record = visit(record, shopper, false).record;
    expect(standingOf(record)).toBe('vetted');
    let crowd = veteran();
    for (let i = 0; i < 100; i++) crowd = refuse(crowd, i).record;
    expect(standingOf(crowd)).toBe('vetted');
  });
  it('that one shopper gets clears what others were refused', () => {
    const once = visit(accused(), 'shopper a', false).record;
    expect(visit(visit(once, 'shopper c', true).record, 'shopper b', false).change).toBeNull();
  });
  it('of a node that is offline is not refused', () => {
    const away = live(veteran(), 2, AWAY).record;
    expect(refuse(away, 1)).toEqual({ record: away, change: null });
    expect(visit(away, 'a', false)).toEqual({ record: away, change: null });
  });
  it('that is resumed ends the quarantine, else the node is out after a week', () => {
    const held = visit(visit(accused(), 'a', false).record, 'b', false).record;
    let mended = live(held, MIN_QUARANTINE_EPOCHS, HEARD).record;
    expect(standingOf(mended)).toBe('quarantined');
    for (let i = 0; i < 6; i++) mended = visit(mended, `shopper ${i}`, true).record;
    expect(standingOf(mended)).toBe('vetted');
    expect(live(held, STRANDED_AFTER_EPOCHS, { ...HEARD, provedLeaves: 64 }).changes).toMatchObject([{ to: 'disqualified', reason: { code: 'quarantine_outlasted' } }]);
  });
});

describe('a disqualified node', () => {
  const out = (record: Reputation): Reputation => live(record, 30, { ...HEARD, provedLeaves: 0, wrongLeaves: 16 }).record;
  it('may appeal after a week, then after twice as long each time, and starts again unvetted', () => {
    let record = out(veteran());
    for (const weeks of [1, 2, 4]) {
      const from = record.disqualified!.epoch + weeks * APPEAL_WAIT_EPOCHS;
      expect(appealFromEpoch(record)).toBe(from);
      expect(appeal(record, from - 1)).toEqual({ record, change: null });
      const granted = appeal(record, from);
      expect(granted.change).toMatchObject({ from: 'disqualified', to: 'unvetted', reason: { code: 'appeal_granted' } });
      expect(integrityOf(granted.record)).toBe(1);
      record = out(live(granted.record, 10, HEARD).record);
    }
  });
  it('stays so whatever it proves', () => {
    expect(live(out(veteran()), 1000, HEARD).changes).toEqual([]);
    expect(appeal(veteran(), 10_000).change).toBeNull();
  });
});

describe('a leaving node', () => {
  it('says so once, and can still be disqualified on its way out', () => {
    const { record, change } = announceExit(veteran());
    expect(change).toMatchObject({ from: 'vetted', to: 'leaving', reason: { code: 'exit_announced' } });
    expect(announceExit(record)).toEqual({ record, change: null });
    expect(codesOf(live(record, 30, MISSING_10_PERCENT).changes)).toEqual(['quarantined integrity_low', 'disqualified integrity_lost']);
  });
});

describe('handovers', () => {
  const fail = (record: Reputation, i: number, same: { source?: string; transferId?: string } = {}): Judged =>
    recordFailedHandover(record, { epoch: record.epoch, source: same.source ?? `operator ${i}`, transferId: same.transferId ?? `transfer ${i}` });
  const failed = (count: number): Reputation => Array.from({ length: count }).reduce((record: Reputation, _, i) => fail(record, i).record, veteran());

  it('that fail with nodes of five operators are a quarantine, for as long as that was not three days ago', () => {
    expect(standingOf(failed(4))).toBe('vetted');
    expect(fail(failed(4), 5).change).toMatchObject({ to: 'quarantined', reason: { code: 'handovers_failed', witnesses: 5 } });
    expect(codesOf(live(failed(5), 71, HEARD).changes)).toEqual([]);
    expect(codesOf(live(failed(5), 72, HEARD).changes)).toEqual(['vetted handovers_trusted']);
  });
  it('are beyond the reach of one operator, and of any number in one transfer; and words alone, however many, end no node', () => {
    let record = veteran();
    for (let i = 0; i < 100; i++) record = fail(record, i, { source: 'one' }).record;
    for (let i = 0; i < 100; i++) record = fail(record, i, { transferId: 'one' }).record;
    expect(standingOf(record)).toBe('vetted');
    for (let hour = 0; hour < 1000; hour++) record = live(fail(record, hour).record, 1, { ...HEARD, provedLeaves: 64 }).record;
    expect([standingOf(record), integrityOf(record)]).toEqual(['quarantined', 1]);
  });
  it('with a forged receipt are a quarantine at once, counted once a transfer, and the third transfer ends the node', () => {
    const forge = (record: Reputation, transferId: string): Judged => recordForgery(record, { epoch: record.epoch, transferId });
    const once = forge(veteran(), 'a');
    expect(once.change).toMatchObject({ from: 'vetted', to: 'quarantined', reason: { code: 'receipts_forged', transfers: 1 } });
    expect(forge(once.record, 'a')).toEqual({ record: once.record, change: null });
    const back = live(once.record, 72, HEARD);
    expect(codesOf(back.changes)).toEqual(['vetted handovers_trusted']);
    const twice = forge(back.record, 'b').record;
    expect(standingOf(twice)).toBe('quarantined');
    const out = forge(twice, 'c');
    expect(out.change).toMatchObject({ to: 'disqualified', reason: { code: 'forged_again', transfers: 3 } });
    const again = appeal(out.record, appealFromEpoch(out.record)!);
    expect(standingOf(again.record)).toBe('unvetted');
    expect(codesOf(live(again.record, 10, HEARD).changes)).toEqual([]);
  });
});

describe('speed', () => {
  it('is unknown at first, then near the median of what was measured, and no single measurement moves it far', () => {
    let record = newReputation(0);
    for (let i = 0; i < 7; i++) record = recordSpeed(record, 2);
    expect(speedOf(record)).toBeNull();
    record = recordSpeed(record, 2);
    expect(speedOf(record)).toBeCloseTo(2, 6);
    for (let i = 0; i < 100; i++) record = recordSpeed(record, 2);
    expect(speedOf(recordSpeed(record, 1e-9))!).toBeGreaterThan(1.6);
    expect(speedOf(recordSpeed(record, 1e9))!).toBeLessThan(2.4);
  });
});

describe('a reputation', () => {
  const anySeen = fc.record({
    skip: fc.integer({ min: 0, max: 3 }),
    heardShare: fc.constantFrom(0, 0.3, 1),
    provedLeaves: fc.nat(64),
    wrongLeaves: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(8)),
    owes: fc.boolean(),
  });
  const anyEvent = fc.oneof(
    { weight: 12, arbitrary: anySeen.map((seen) => (record: Reputation) => recordEpoch(record, { ...seen, epoch: record.epoch + seen.skip })) },
    fc
      .record({ source: fc.constantFrom('a', 'b', 'c', 'd'), transferId: fc.constantFrom('1', '2', '3', '4') })
      .map((one) => (record: Reputation) => recordRefusal(record, { ...one, epoch: record.epoch })),
    fc
      .record({ source: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), transferId: fc.constantFrom('1', '2', '3', '4', '5', '6') })
      .map((one) => (record: Reputation) => recordFailedHandover(record, { ...one, epoch: record.epoch })),
    fc.constantFrom('1', '2', '3', '4').map((transferId) => (record: Reputation) => recordForgery(record, { transferId, epoch: record.epoch })),
    fc.record({ shopper: fc.constantFrom('a', 'b', 'c'), served: fc.boolean() }).map((one) => (record: Reputation) => recordVisit(record, { ...one, epoch: record.epoch })),
    fc.double({ min: 0, max: 1, noNaN: true }).map((share) => (record: Reputation) => recordDeclaredLoss(record, share)),
    fc.nat(400).map((wait) => (record: Reputation) => appeal(record, record.epoch + wait)),
    fc.constant((record: Reputation) => announceExit(record)),
    fc.double({ min: 0.01, max: 100, noNaN: true }).map((ratio) => (record: Reputation) => ({ record: recordSpeed(record, ratio), change: null })),
  );
  it('keeps its shape and its word through whatever happens', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 120 }), (events) => {
        let record = newReputation(50);
        for (const event of events) {
          const { record: after, change } = event(record);
          expect(parseReputation(JSON.parse(JSON.stringify(after)))).toEqual(after);
          // A change is told exactly where the standing is another, and every one has a sentence.
          expect(change === null ? standingOf(after) : change.to).toBe(standingOf(after));
          expect(change === null).toBe(standingOf(after) === standingOf(record));
          if (change !== null) {
            expect(change.from).toBe(standingOf(record));
            expect(sentenceOfReason(change.reason)).not.toMatch(/undefined|NaN/);
            // Out of disqualification leads an appeal alone; into it, integrity, a long quarantine or forgery.
            if (change.from === 'disqualified') expect(change.reason.code).toBe('appeal_granted');
            if (change.to === 'disqualified') expect(['integrity_lost', 'quarantine_outlasted', 'forged_again']).toContain(change.reason.code);
          }
          const integrity = integrityOf(after);
          expect(integrity > 0 && integrity <= 1).toBe(true);
          if (after.disqualified === null) expect(integrity > DISQUALIFY_AT && (after.quarantined !== null || integrity > QUARANTINE_AT)).toBe(true);
          expect(after.a + after.b).toBeCloseTo(INITIAL_CREDIT, 6);
          record = after;
        }
      }),
    );
  });
  it('takes an epoch in once, however often it is recorded', () => {
    const { record } = recordEpoch(veteran(), { ...MISSING_10_PERCENT, provedLeaves: 14, wrongLeaves: 2, epoch: 5000 });
    expect(recordEpoch(record, { ...AWAY, epoch: 5000 })).toEqual({ record, change: null });
    expect(recordEpoch(record, { ...AWAY, epoch: 4999 })).toEqual({ record, change: null });
  });
  it('is read back strictly: nothing missing, nothing more, nothing impossible', () => {
    const json = JSON.parse(JSON.stringify(veteran())) as Record<string, unknown>;
    expect(parseReputation(json)).toEqual(veteran());
    for (const key of Object.keys(json)) {
      const { [key]: _, ...rest } = json;
      expect(() => parseReputation(rest), key).toThrow(expect.objectContaining({ code: 'internal' }));
    }
    for (const wrong of [{ ...json, more: 1 }, { ...json, version: 2 }, { ...json, a: 0, b: 0 }, { ...json, a: -1 }, { ...json, epoch: 1.5 }, null, [], 'text'])
      expect(() => parseReputation(wrong)).toThrow(expect.objectContaining({ code: 'internal' }));
  });
});
