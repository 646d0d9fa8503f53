/** The language of the gallery: a real one, or one of pseudo.ts. */
import { LANGUAGES, languages, type Language } from '../../../shared/ui/languages.ts';
import { pageLanguage } from '../../../shared/ui/page-language.svelte.ts';
import { extensionPageTexts } from '../../../shared/ui/page-texts/extension.ts';
import { networkPageTexts } from '../../../shared/ui/page-texts/network.ts';
import { showLanguageOf, type ShownLanguage, type Texts } from '../../../shared/ui/shown-language.ts';
import { lengthened, mirrored } from './pseudo.ts';

export type Spoken = Language | 'long' | 'mirrored';

const texts = Object.fromEntries(
  LANGUAGES.map((language) => [language, async () => ({ ...(await extensionPageTexts[language]()), ...(await networkPageTexts[language]()) })]),
) as unknown as Record<Language, () => Promise<Readonly<Record<string, Texts>>>>;

let shown = $state.raw<ShownLanguage>({ locale: 'en', direction: 'ltr', texts: {} });

/** As the real pages do, so that their control is in the pictures. */
export async function beginSpeaking(): Promise<void> {
  await pageLanguage.begin({ texts, wanted: ['en'], kept: 'en', keep: () => undefined });
  showLanguageOf(() => shown);
  await speak('en');
}

export async function speak(spoken: Spoken): Promise<void> {
  const language = spoken === 'long' || spoken === 'mirrored' ? 'en' : spoken;
  const said = Object.assign({}, ...Object.values(await texts[language]())) as Texts;
  const direction = spoken === 'mirrored' ? 'rtl' : languages[language].direction;
  shown = { locale: spoken === 'mirrored' ? 'ar-EG-u-nu-latn' : language, direction, texts: spoken === 'long' ? lengthened(said) : spoken === 'mirrored' ? mirrored(said) : said };
  document.documentElement.lang = shown.locale;
  document.documentElement.dir = direction;
}
