/**
 * Keeps the texts out of what the pages load first: each page loads one file with the language it shows.
 *
 * Modules name their sets of texts (shared/ui/say.ts), which are English: in a built page those sets are empty. What a page
 * loads of a language, messages/LANGUAGE/pages/PAGE.ts, has copies of the sets of its own; shared between the pages, they
 * would be more files to wait for.
 */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

const MESSAGES = '/shared/ui/messages/';
const PAGE = /\/shared\/ui\/messages\/\w+\/pages\/(\w+)\.ts$/;
/** The page that a copy is for. */
const COPY = /\?texts-of=(\w+)$/;

export function textsApart(): Plugin {
  return {
    name: 'texts-apart',
    enforce: 'pre',
    async resolveId(source, importer) {
      const [, page] = (importer && (PAGE.exec(importer) ?? COPY.exec(importer))) || [];
      if (page === undefined || importer === undefined) return null;
      const found = await this.resolve(source, importer.replace(COPY, ''), { skipSelf: true });
      return found && isText(found.id) ? { ...found, id: `${found.id}?texts-of=${page}` } : found;
    },
    load(id) {
      if (COPY.test(id)) return { code: readFileSync(id.replace(COPY, ''), 'utf8'), moduleType: 'ts' };
      const names = isText(id) && !PAGE.test(id) ? namesOfSets(id) : [];
      return names.length === 0 ? null : names.map((name) => `export const ${name} = 0;`).join('\n');
    },
  };
}

/** What a set is made of beyond its folder, as the English sentences of errors, belongs to it too. */
const isText = (id: string): boolean => id.includes(MESSAGES) || id.endsWith('/shared/protocol/error-sentences.ts');

const namesOfSets = (file: string): string[] => Array.from(readFileSync(file, 'utf8').matchAll(/^export const (\w+Texts)\b/gm), ([, name]) => name!);
