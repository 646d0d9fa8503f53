import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransferLayout, contentBytesOf } from '../../protocol/layout.ts';
import { bytesOf, chooseFiles, filesNamed, spansOf, wholeSpan } from './selection.ts';

const fileOf = (path: string, bytes = 1) => ({ path, bytes, type: '', modifiedMs: null });
/** Text of a segment of 2 of 3. */
const SEGMENT_BYTES = 2 * 4 * 262_128;
const layoutOf = (files: readonly { bytes: number }[]) => new TransferLayout(contentBytesOf(files.reduce((sum, { bytes }) => sum + bytes, 0)), 2);

describe('files that are chosen', () => {
  const files = [fileOf('a', 5), fileOf('b', 0), fileOf('c', 7)];

  it('keep their order and their places, whatever the choice looks like', () => {
    expect(chooseFiles(files, [2, 0, 2]).map(({ path, offset }) => [path, offset])).toEqual([
      ['a', 0],
      ['c', 5],
    ]);
    expect(chooseFiles(files, null).map(({ offset }) => offset)).toEqual([0, 5, 5]);
    expect(bytesOf(chooseFiles(files, [1, 2]))).toBe(7);
  });

  it.each([[[]], [[3]], [[-1]], [[0.5]]])('cannot be %j', (choice) => {
    expect(() => chooseFiles(files, choice)).toThrow(RangeError);
  });
});

describe('the segments of chosen files', () => {
  it('are exactly those that hold a byte of one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 * SEGMENT_BYTES })), fc.boolean()), { minLength: 1, maxLength: 12 }), (drawn) => {
        const files = drawn.map(([bytes], i) => fileOf(`${i}`, bytes));
        const choice = drawn.flatMap(([, wanted], i) => (wanted ? [i] : []));
        fc.pre(choice.length > 0);
        const layout = layoutOf(files);
        const placed = chooseFiles(files, choice);
        const wanted = Array.from({ length: layout.segmentCount }, (_, index) => {
          const [from, to] = [index * SEGMENT_BYTES, (index + 1) * SEGMENT_BYTES];
          return placed.some(({ offset, bytes }) => bytes > 0 && offset < to && offset + bytes > from);
        });
        const spans = spansOf(placed, layout);
        expect(wanted.map((_, index) => spans.some(({ from, to }) => from <= index && index <= to))).toEqual(wanted);
        for (const [i, { from }] of spans.entries()) if (i > 0) expect(from).toBeGreaterThan(spans[i - 1]!.to + 1);
      }),
    );
  });

  it('are none for empty files, and all with the padding where everything is wanted', () => {
    const files = [fileOf('a', 0), fileOf('b', SEGMENT_BYTES + 1)];
    expect(spansOf(chooseFiles(files, [0]), layoutOf(files))).toEqual([]);
    expect(wholeSpan(layoutOf(files))).toEqual([{ from: 0, to: 1 }]);
  });
});

describe('files that paths name', () => {
  const files = ['photos/a.jpg', 'photos/summer/b.jpg', 'photos.txt', 'notes/c.txt'].map((path) => fileOf(path));

  it('are the file itself, or all below the folder, once each', () => {
    expect(filesNamed(files, ['photos'])).toEqual({ choice: [0, 1], unknown: [] });
    expect(filesNamed(files, ['./photos/summer/', 'photos/summer/b.jpg', 'photos.txt']).choice).toEqual([1, 2]);
  });

  it('are told apart from names of nothing', () => {
    expect(filesNamed(files, ['photo', 'notes/c.txt', 'a.jpg', ''])).toEqual({ choice: [3], unknown: ['photo', 'a.jpg', ''] });
  });
});
