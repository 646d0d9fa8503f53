/** Which files of a transfer a recipient wants, where their bytes lie, and which segments hold them. docs/protocol.md §3, §5. */
import type { TransferLayout } from '../../protocol/layout.ts';
import type { ManifestFile } from '../../protocol/manifest.ts';
import type { SegmentRange } from '../../protocol/shard-request.ts';

/** Files by their index in the manifest; null for all of them. */
export type Choice = readonly number[] | null;

export interface PlacedFile extends ManifestFile {
  /** Where its bytes begin in the content. */
  readonly offset: number;
}

/**
 * @param choice - at least one; order and repetition do not matter.
 * @returns the chosen files in the manifest's order.
 */
export function chooseFiles(files: readonly ManifestFile[], choice: Choice): PlacedFile[] {
  const wanted = choice && new Set(choice);
  if (wanted && (wanted.size === 0 || [...wanted].some((index) => files[index] === undefined))) throw new RangeError('a file that the transfer does not have');
  const placed: PlacedFile[] = [];
  let offset = 0;
  for (const [index, file] of files.entries()) {
    if (!wanted || wanted.has(index)) placed.push({ ...file, offset });
    offset += file.bytes;
  }
  return placed;
}

export const bytesOf = (files: readonly ManifestFile[]): number => files.reduce((sum, file) => sum + file.bytes, 0);

/** How much of these files lies before a place in the content. */
export const bytesBefore = (files: readonly PlacedFile[], position: number): number => files.reduce((sum, file) => sum + partBefore(file, position), 0);
export const partBefore = ({ offset, bytes }: PlacedFile, position: number): number => Math.min(bytes, Math.max(0, position - offset));

/**
 * The segments that hold these files, as few as there are: ascending, apart from each other.
 *
 * @returns nothing where all of them are empty.
 */
export function spansOf(files: readonly PlacedFile[], layout: TransferLayout): SegmentRange[] {
  const spans: { from: number; to: number }[] = [];
  for (const { offset, bytes } of files) {
    if (bytes === 0) continue;
    const from = layout.segmentAt(offset);
    const to = layout.segmentAt(offset + bytes - 1);
    const last = spans.at(-1);
    if (last && from <= last.to + 1) last.to = Math.max(last.to, to);
    else spans.push({ from, to });
  }
  return spans;
}

/** Every segment, padding included. */
export const wholeSpan = ({ segmentCount }: TransferLayout): SegmentRange[] => [{ from: 0, to: segmentCount - 1 }];

/**
 * The files that these paths name: a file itself, or all below a folder. A slash at either end does not matter.
 *
 * @returns `unknown`: paths that name nothing.
 */
export function filesNamed(files: readonly ManifestFile[], paths: readonly string[]): { readonly choice: readonly number[]; readonly unknown: readonly string[] } {
  const choice = new Set<number>();
  const unknown = paths.filter((path) => {
    const name = path.replace(/^(?:\.?\/)+|\/+$/g, '');
    const found = [...files.keys()].filter((index) => files[index]!.path === name || files[index]!.path.startsWith(`${name}/`));
    for (const index of found) choice.add(index);
    return found.length === 0;
  });
  return { choice: [...choice].toSorted((a, b) => a - b), unknown };
}
