/** The language of this page: loaded before the page is mounted, told to the document, and changed without a reload. */
import { chooseLanguage, languages, localeOf, type Language } from './languages.ts';
import type { TextsByLanguage } from './translation.ts';
import { showLanguageOf, type ShownLanguage, type Texts } from './shown-language.ts';

export interface LanguageParts {
  /** What the page says, in each language. */
  readonly texts: TextsByLanguage;
  /** The browser's list. */
  readonly wanted: readonly string[];
  /** What was chosen here before: whatever `keep` was given, or anything. */
  readonly kept: unknown;
  /** Remembers a choice on this machine; best effort. */
  keep(language: Language): void;
}

interface Shown extends ShownLanguage {
  readonly language: Language;
}

class PageLanguage {
  #parts: LanguageParts | null = null;
  #shown = $state.raw<Shown | null>(null);
  #asked = 0;

  /** Null where nothing is loaded: there is no choice then. */
  get language(): Language | null {
    return this.#shown?.language ?? null;
  }

  /** Settles when texts can be said. @throws what `import` throws. */
  async begin(parts: LanguageParts): Promise<void> {
    this.#parts = parts;
    await this.#show(chooseLanguage(parts.kept, parts.wanted));
  }

  /** What was typed, chosen and begun stays. Where the language cannot be loaded the page stays as it is. */
  async change(language: Language): Promise<void> {
    try {
      await this.#show(language);
      this.#parts?.keep(language);
    } catch {
      // Offline, say. The control still shows the language that the page has.
    }
  }

  async #show(language: Language): Promise<void> {
    const parts = this.#parts;
    if (parts === null) return;
    const number = ++this.#asked;
    const sets: Readonly<Record<string, Texts>> = await parts.texts[language]();
    if (number !== this.#asked) return;
    const { direction } = languages[language];
    const shown = { language, direction, locale: localeOf(language, parts.wanted), texts: Object.assign({}, ...Object.values(sets)) as Texts };
    this.#shown = shown;
    showLanguageOf(() => this.#shown ?? shown);
    document.documentElement.lang = language;
    document.documentElement.dir = direction;
  }
}

export const pageLanguage = new PageLanguage();
