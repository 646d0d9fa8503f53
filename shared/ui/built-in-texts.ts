/** The texts that builds write down in every language. */
import { LANGUAGES, type Language } from './languages.ts';
import { builtInTexts as german } from './messages/de/built-in.ts';
import { builtInTexts as english } from './messages/built-in.ts';
import { builtInTexts as spanish } from './messages/es/built-in.ts';
import { builtInTexts as french } from './messages/fr/built-in.ts';
import type { Translation } from './translation.ts';

type BuiltIn = Translation<typeof english>;

const builtIn: Readonly<Record<Language, BuiltIn>> = { en: english, de: german, es: spanish, fr: french };

export const isBuiltIn = (key: string): key is keyof BuiltIn => Object.hasOwn(english, key);

/** English first. */
export const inEveryLanguage = (key: keyof BuiltIn): readonly { readonly language: Language; readonly text: string }[] =>
  LANGUAGES.map((language) => ({ language, text: builtIn[language][key] }));
