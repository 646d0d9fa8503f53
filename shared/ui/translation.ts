/** What holds the languages equal: a key that one lacks or has alone, or a text of other values, is an error of types. */
import type { Language } from './languages.ts';
import type { Texts } from './shown-language.ts';

/** Another language has the keys of English: texts where English has texts, and functions of the same values. */
export type Translation<English> = { readonly [Key in keyof English]: English[Key] extends (...values: infer Values) => string ? (...values: Values) => string : string };

/** What a page loads of each language: one file, with the sets that its modules name and no other (a test holds it so). English is no exception. */
export type TextsOf<EnglishPage> = Readonly<Record<Language, () => Promise<{ readonly [Set in keyof EnglishPage]: Translation<EnglishPage[Set]> }>>>;

/** The same of a page that is not known. */
export type TextsByLanguage = Readonly<Record<Language, () => Promise<Readonly<Record<string, Texts>>>>>;
