import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSendRecord, encodeSendRecord, type SendRecord } from '../sends/send-record.ts';
import { sendRecords } from '../testing/send-records.ts';
import { mergeEntry, sharedText } from './merge-entry.ts';

const labels = fc.constantFrom('', 'for Ana', 'for Ben', 'office', 'home');

/** What a person, or a program, does to a record on one machine. */
const edit: fc.Arbitrary<(record: SendRecord) => SendRecord> = fc.oneof(
  fc.tuple(fc.nat(3), labels).map(([at, label]) => (record: SendRecord) => ({ ...record, links: record.links.map((link, i) => (i === at ? { ...link, label } : link)) })),
  sendRecords.map(({ links }) => (record: SendRecord) => ({ ...record, links: [...record.links, ...links.slice(0, 1).map((link) => ({ ...link, unanswered: undefined }))] })),
  fc.nat(1e12).map((expiresAtMs) => (record: SendRecord) => ({ ...record, expiresAtMs })),
  fc.boolean().map((notify) => (record: SendRecord) => ({ ...record, notify })),
  fc.constant((record: SendRecord) => ({ ...record, upload: null, toldDownloads: record.toldDownloads + 1 })),
);
const edits = fc.array(edit, { maxLength: 4 }).map((list) => (record: SendRecord) => list.reduce((now, change) => change(now), record));
const shared = (record: SendRecord) => sharedText(encodeSendRecord(record));
const merged = (base: SendRecord | null, mine: SendRecord | null, theirs: SendRecord | null): SendRecord | null => {
  const text = mergeEntry(base && shared(base), mine && encodeSendRecord(mine), theirs && shared(theirs));
  return text && decodeSendRecord(text);
};
const withLinks = sendRecords.filter(({ links }) => new Set(links.map(({ linkId }) => linkId)).size === links.length);
/** A link's id is drawn at random: no two links of a record share one, and what both machines have was there before. */
function isPossible(base: SendRecord, mine: SendRecord, theirs: SendRecord): boolean {
  const [known, here, there] = [base, mine, theirs].map(({ links }) => links.map(({ linkId }) => linkId)) as [string[], string[], string[]];
  return [known, here, there].every((ids) => new Set(ids).size === ids.length) && here.every((id) => known.includes(id) || !there.includes(id));
}
const partsOf = (label: string): string[] => label.split(' / ');

describe('two machines’ states of one record', () => {
  it('come to the same on both, and to the same again when they are put together once more', () => {
    fc.assert(
      fc.property(withLinks, edits, edits, (base, here, there) => {
        const [mine, theirs] = [here(base), there(base)];
        fc.pre(isPossible(base, mine, theirs));
        const onMine = merged(base, mine, theirs)!;
        const onTheirs = merged(base, theirs, mine)!;
        expect(sortLinks(shared(onMine))).toEqual(sortLinks(shared(onTheirs)));
        for (const state of [mine, theirs]) expect(sortLinks(shared(merged(base, onMine, state)!))).toEqual(sortLinks(shared(onMine)));
      }),
    );
  });

  it('lose no link and no label that either of them gave', () => {
    fc.assert(
      fc.property(withLinks, edits, edits, (base, here, there) => {
        const [mine, theirs] = [here(base), there(base)];
        const outcome = merged(base, mine, theirs)!;
        for (const state of [mine, theirs]) {
          for (const { linkId, label } of state.links) {
            const kept = outcome.links.find((link) => link.linkId === linkId);
            expect(kept).toBeDefined();
            const before = base.links.find((link) => link.linkId === linkId)?.label;
            if (label !== before) for (const part of partsOf(label)) expect(partsOf(kept!.label)).toContain(part === '' ? kept!.label.split(' / ')[0] : part);
          }
        }
      }),
    );
  });

  it('leave what is this machine’s own as it is', () => {
    fc.assert(
      fc.property(withLinks, edits, (base, there) => {
        const outcome = merged(base, base, there(base))!;
        expect(outcome.upload).toEqual(shared(base).length && decodeSendRecord(shared(base)).lastSeen === null ? base.upload : null);
        expect(outcome.lastSeen).toEqual(base.lastSeen);
      }),
    );
  });
});

describe('a record that one machine removed', () => {
  it('is removed on the other where nothing became of it meanwhile, and stays where something did', () => {
    fc.assert(
      fc.property(withLinks, edit, (base, change) => {
        const other = change(base);
        const isChanged = Buffer.compare(shared(base), shared(other)) !== 0;
        expect(merged(base, base, null)).toBeNull();
        expect(merged(base, null, base)).toBeNull();
        expect(merged(base, other, null)).toEqual(isChanged ? other : null);
        expect(merged(base, null, other)).toEqual(isChanged ? decodeSendRecord(shared(other)) : null);
      }),
    );
  });
});

it('an entry that this program cannot read is taken as it is, and given back as it is', () => {
  const foreign = new Uint8Array(new TextEncoder().encode('{"version":2}'));
  expect(sharedText(foreign)).toEqual(foreign);
  expect(mergeEntry(null, null, foreign)).toEqual(foreign);
  expect(mergeEntry(foreign, foreign, null)).toBeNull();
  const newer = new Uint8Array(new TextEncoder().encode('{"version":3}'));
  expect(mergeEntry(foreign, foreign, newer)).toEqual(newer);
});

/** Which of two new links stands first is a matter of who merged. */
function sortLinks(text: Uint8Array): SendRecord {
  const record = decodeSendRecord(text);
  return { ...record, links: record.links.toSorted((a, b) => (a.linkId < b.linkId ? -1 : 1)) };
}
