/** Numbers as they are written in the language shown, and the forms of words that they ask for. */
import { shownLanguage } from './shown-language.ts';

const made = new Map<string, Intl.NumberFormat>();

/** A format of the language shown; made once. */
export function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const { locale } = shownLanguage();
  const key = locale + JSON.stringify(options);
  const known = made.get(key);
  if (known) return known;
  const format = new Intl.NumberFormat(locale, options);
  made.set(key, format);
  return format;
}

/** `10,000`. */
export const formatCount = (count: number): string => numberFormat({}).format(count);

/** @param percent - whole, 0 to 100: `63%`. */
export const formatPercent = (percent: number): string => numberFormat({ style: 'percent' }).format(percent / 100);

/** The same in parts: the number, the sign, and what stands between them. */
export const percentParts = (percent: number): Intl.NumberFormatPart[] => numberFormat({ style: 'percent' }).formatToParts(percent / 100);

/**
 * @param language - whose words these are, whatever language is shown.
 * @returns a function that picks the form of a word for a number: CLDR's plural categories.
 */
export function pluralsOf<Category extends Intl.LDMLPluralRule>(language: string): (n: number, forms: Readonly<Record<Category, string>>) => string {
  const rules = new Intl.PluralRules(language);
  return (n, forms) => forms[rules.select(n) as Category];
}
