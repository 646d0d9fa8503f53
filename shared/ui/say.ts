/**
 * Says texts by their keys, in the language shown. A module names the sets of texts that it speaks from: a key of another
 * set is an error of types, and a page loads the sets alone that its modules name (page-texts/). The sets are English and
 * carry the types; in a built page they are empty, and English is loaded like every other language.
 */
import { shownLanguage, type Texts } from './shown-language.ts';

type All<Sets extends readonly Texts[]> = Sets extends readonly [infer First, ...infer Rest extends readonly Texts[]] ? First & All<Rest> : unknown;
type Values<Text> = Text extends (...values: infer V) => string ? V : [];

type Say<T> = <K extends keyof T>(key: K, ...values: Values<T[K]>) => string;

/** @param sets - no key stands in two of them. */
export function sayFrom<const Sets extends readonly Texts[]>(...sets: Sets): Say<All<Sets>> {
  return (key, ...values) => {
    const text = findText(sets, key as string)! as string | ((...values: unknown[]) => string);
    return typeof text === 'string' ? text : text(...values);
  };
}

/** @returns undefined for a key under which nothing stands. */
export const findText = (sets: readonly Texts[], key: string): Texts[string] | undefined => shownLanguage().texts[key] ?? sets.find((set) => Object.hasOwn(set, key))?.[key];
