/** The languages that there are, and which of them a person reads. docs/translating.md says how to add one. */

interface Described {
  /** As its readers call it. */
  readonly name: string;
  readonly direction: 'ltr' | 'rtl';
}

/** By their BCP 47 language; English first, which is shown to whoever reads none of them. */
export const languages = {
  en: { name: 'English', direction: 'ltr' },
  de: { name: 'Deutsch', direction: 'ltr' },
  es: { name: 'Español', direction: 'ltr' },
  fr: { name: 'Français', direction: 'ltr' },
} as const satisfies Readonly<Record<string, Described>>;

export type Language = keyof typeof languages;
export const LANGUAGES = Object.keys(languages) as readonly Language[];

const isLanguage = (text: unknown): text is Language => typeof text === 'string' && Object.hasOwn(languages, text);

/** `fr` of `fr-CA`. */
const languageOf = (tag: string): string => tag.split('-', 1)[0]!.toLowerCase();

/**
 * @param kept - what the person chose here, if anything; from a store, so it may be anything.
 * @param wanted - the browser's list, the dearest first: BCP 47.
 */
export function chooseLanguage(kept: unknown, wanted: readonly string[]): Language {
  return isLanguage(kept) ? kept : (wanted.map(languageOf).find(isLanguage) ?? 'en');
}

/** @returns the locale that numbers and times are written in: the language with the region that the person has for it, if any. */
export const localeOf = (language: Language, wanted: readonly string[]): string => wanted.find((tag) => languageOf(tag) === language) ?? language;
