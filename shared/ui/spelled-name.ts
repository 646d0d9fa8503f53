/**
 * Shows names that strangers chose. A name may hold characters that reorder or hide its neighbours:
 * `invoice`, U+202E, `fdp.exe` looks like `invoiceexe.pdf`. Those are spelt out; everything else is left as it is.
 * docs/protocol.md §5: names are carried as they are and made harmless where they are shown.
 */
import { UNSEEN } from '../protocol/unseen.ts';
import { shownLanguage } from './shown-language.ts';

/** One run of a name: text as it is, or the spelling of one character that would not show itself. */
export interface NamePart {
  readonly text: string;
  readonly spelt: boolean;
}

export function nameParts(name: string): readonly NamePart[] {
  // Nothing but spaces would look like no name at all.
  if (name !== '' && name.trim() === '') return Array.from(name, (space) => ({ text: spell(space), spelt: true }));
  return partsOf(name);
}

function partsOf(name: string): readonly NamePart[] {
  const parts: NamePart[] = [];
  let from = 0;
  for (const found of name.matchAll(UNSEEN)) {
    if (found.index > from) parts.push({ text: name.slice(from, found.index), spelt: false });
    parts.push({ text: spell(found[0]), spelt: true });
    from = found.index + found[0].length;
  }
  if (from < name.length) parts.push({ text: name.slice(from), spelt: false });
  return parts;
}

/** The same as one string, for labels and titles. */
export const spelledName = (name: string): string => joined(nameParts(name));

const joined = (parts: readonly NamePart[]): string => parts.map((part) => part.text).join('');

const spell = (character: string): string => `[U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`;

/** Names longer than this are cut in the middle where the room is short, so that their end stays in sight. */
const WHOLE_LENGTH = 12;
const TAIL_LENGTH = 12;
const segmenter = new Intl.Segmenter();

/**
 * Cuts a name in two where a narrow list may shorten it: only the head gives way, so that an extension is always seen.
 *
 * @returns `tail` empty for a name that is short as it is shown; never cuts inside a grapheme.
 */
export function splitName(name: string): { readonly head: string; readonly tail: string } {
  if (spelledName(name).length <= WHOLE_LENGTH) return { head: name, tail: '' };
  const graphemes = Array.from(segmenter.segment(name), (part) => part.segment);
  let from = graphemes.length - 1;
  for (let room = TAIL_LENGTH - widthOf(graphemes[from]!); from > 0; from--) {
    room -= widthOf(graphemes[from - 1]!);
    if (room < 0) break;
  }
  const tail = graphemes.slice(from).join('');
  return from === 0 ? { head: name, tail: '' } : { head: name.slice(0, -tail.length), tail };
}

/** Of a long name in a sentence or a button, so much of its head; the end is always seen. */
const HEAD_LENGTH = 24;

export function shortName(name: string): string {
  const { head, tail } = splitName(name);
  const shown = spelledName(head);
  const cut = shown.length > HEAD_LENGTH ? `${Array.from(shown).slice(0, HEAD_LENGTH).join('')}…` : shown;
  return cut + spelledName(tail);
}

/** Letters that run from right to left: Hebrew, Arabic and their neighbours, with their presentation forms. */
const FROM_THE_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * The direction to lay a name's two parts out in: the one that its text has where it is cut. By the direction of its
 * first letter, a name that begins in Hebrew and ends in Latin letters would have its Latin words torn apart.
 */
export function directionOf(head: string): 'ltr' | 'rtl' {
  const letter = /\p{L}(?=\P{L}*$)/u.exec(head)?.[0];
  return letter !== undefined && FROM_THE_RIGHT.test(letter) ? 'rtl' : 'ltr';
}

/**
 * A name inside a sentence or a button. Where it runs against the language shown, it is kept from reordering its
 * neighbours; elsewhere it is left as it is, so that it can be looked for.
 */
export const isolated = (name: string): string => (shownLanguage().direction === 'rtl' || FROM_THE_RIGHT.test(name) ? `\u2068${name}\u2069` : name);

/** In characters, as it is shown. */
function widthOf(grapheme: string): number {
  const shown = joined(partsOf(grapheme));
  return shown === grapheme ? 1 : shown.length;
}
