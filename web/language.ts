/** The language of a page of the coordinator's: what was chosen here before, or else what the browser asks for. */
import { pageLanguage } from '../shared/ui/page-language.svelte.ts';
import type { TextsByLanguage } from '../shared/ui/translation.ts';

/** In localStorage: nothing else is kept there. */
const KEY = 'language';

/** Settles when the page can be mounted. */
export const beginLanguage = (texts: TextsByLanguage): Promise<void> => pageLanguage.begin({ texts, wanted: navigator.languages, kept: readKept(), keep });

function readKept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // where a browser keeps nothing for pages, touching the store throws
  }
}

function keep(language: string): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // The choice holds for this page alone then.
  }
}
