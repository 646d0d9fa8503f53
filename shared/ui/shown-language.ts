/**
 * The language that everything is said in now. A program without a page speaks English, from the sets that its modules
 * name; a page loads the language it shows before it mounts, and tells here where `say` and the formats find it.
 */

/** Texts by their keys. Those with values are functions, so that each language forms its sentences in its own way. */
export type Texts = Readonly<Record<string, string | ((...values: never[]) => string)>>;

export interface ShownLanguage {
  /** BCP 47, for numbers and times: the language, with the person's region where it is known. */
  readonly locale: string;
  readonly direction: 'ltr' | 'rtl';
  /** What a page has loaded; what is missing here is said in English. */
  readonly texts: Texts;
}

let read = (): ShownLanguage => ({ locale: 'en', direction: 'ltr', texts: {} });

export const shownLanguage = (): ShownLanguage => read();

/** @param source - asked for every text, so that a page can follow a change of its answer. */
export function showLanguageOf(source: () => ShownLanguage): void {
  read = source;
}
