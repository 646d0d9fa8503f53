/** The language of a page of the extension: what was chosen in one of them, or else what the browser asks for. */
import { pageLanguage } from '../shared/ui/page-language.svelte.ts';
import { extensionPageTexts } from '../shared/ui/page-texts/extension.ts';
import { keepLanguage, readLanguage } from './language-store.ts';

/** Settles when the page can be mounted. */
export async function beginLanguage(): Promise<void> {
  const keep = (language: string): void => void keepLanguage(language);
  await pageLanguage.begin({ texts: extensionPageTexts, wanted: navigator.languages, kept: await readLanguage(), keep });
}
