/** Languages that nobody speaks, made from English: one with longer words, and one that runs from right to left. */
import type { Texts } from '../../../shared/ui/shown-language.ts';

type Said = string | ((...values: unknown[]) => string);

/** Words of 1.4 times their length. */
export const lengthened = (texts: Texts): Texts => changed(texts, (text) => text.replaceAll(/[aeiou]/gi, '$&$&'));

/** In letters that run from the right; names, sizes and numbers inside stay as they are. */
export const mirrored = (texts: Texts): Texts => changed(texts, (text) => text.replaceAll(/[a-z]/gi, (letter) => LETTERS[letter.toLowerCase().charCodeAt(0) - 97]!));

const LETTERS = Array.from('ابتدعفجهيكقلمنوبصرسطثغشخظز');

const changed = (texts: Texts, change: (text: string) => string): Texts =>
  Object.fromEntries(Object.entries(texts as Readonly<Record<string, Said>>).map(([key, text]) => [key, typeof text === 'string' ? change(text) : changedWith(text, change)]));

/** What was given is found again by marks that no language has. */
function changedWith(text: (...values: unknown[]) => string, change: (text: string) => string): (...values: unknown[]) => string {
  return (...values) => {
    const marked = text(...values.map((value) => (typeof value === 'string' ? `\ue000${value}\ue001` : value)));
    return marked
      .split(/(\ue000[^\ue001]*\ue001)/)
      .map((part, i) => (i % 2 === 1 ? part.slice(1, -1) : change(part)))
      .join('');
  };
}
