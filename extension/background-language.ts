/** The language of the background, which has no page and may be started anew at any moment. */
import { chooseLanguage, languages, localeOf } from '../shared/ui/languages.ts';
import { extensionPageTexts } from '../shared/ui/page-texts/extension.ts';
import { showLanguageOf, type Texts } from '../shared/ui/shown-language.ts';
import { readLanguage } from './language-store.ts';

/** Before anything is said: from then on it is said in the language chosen last. */
export async function speakChosenLanguage(): Promise<void> {
  const language = chooseLanguage(await readLanguage(), navigator.languages);
  const texts = Object.assign({}, ...Object.values(await extensionPageTexts[language]())) as Texts;
  const locale = localeOf(language, navigator.languages);
  const { direction } = languages[language];
  showLanguageOf(() => ({ locale, direction, texts }));
}
