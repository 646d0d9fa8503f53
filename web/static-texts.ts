/** What a page says without scripts, in every language: no script is there to choose one. */
import type { Plugin } from 'vite';
import { inEveryLanguage, isBuiltIn } from '../shared/ui/built-in-texts.ts';

export const staticTexts = (): Plugin => ({
  name: 'static-texts',
  transformIndexHtml: (html) =>
    html.replaceAll(/<noscript data-text="([\w.]+)"><\/noscript>/g, (_, key: string) => {
      if (!isBuiltIn(key)) throw new Error(`there is no text ${key}`);
      return `<noscript>${inEveryLanguage(key)
        .map(({ language, text }) => `<p lang="${language}">${text}</p>`)
        .join('')}</noscript>`;
    }),
});
