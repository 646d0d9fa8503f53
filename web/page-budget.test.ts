import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '../shared/ui/languages.ts';
import { generalTexts } from '../shared/ui/messages/general.ts';
import { errorsTexts } from '../shared/ui/messages/errors.ts';

const built = path.join(import.meta.dirname, '..', 'dist', 'web');
const BUDGET_BYTES = 60_000;

const read = (file: string): string => readFileSync(path.join(built, file), 'utf8');
const sizeOf = (file: string): number => gzipSync(readFileSync(path.join(built, file))).length;
const importsOf = (file: string): string[] => Array.from(read(file).matchAll(/(?:import|from)\s*["'`]\.\/([^"'`]+\.js)["'`]/g), ([, name]) => `/assets/${name}`);

/** Everything that the browser loads before the page works, but its language: what the HTML names, and what that imports at once. */
function initialFiles(html: string): Set<string> {
  const files = new Set<string>();
  const follow = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    if (file.endsWith('.js')) for (const imported of importsOf(file)) follow(imported);
  };
  for (const [, file] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)) follow(file!);
  return files;
}

/** The files of which the page loads one before it works. */
function languageFiles(files: ReadonlySet<string>, page: string): string[] {
  const named = new RegExp(`import\\(["'\`]\\./(${page}-[\\w-]+\\.js)["'\`]\\)`, 'g');
  const scripts = [...files].filter((file) => file.endsWith('.js'));
  return scripts.flatMap((file) => Array.from(read(file).matchAll(named), ([, name]) => `/assets/${name}`));
}

describe.each([
  ['receive', 'd.html'],
  ['network', 'network.html'],
])('the built %s page', (page, name) => {
  const html = read(name);
  const files = initialFiles(html);
  const languages = languageFiles(files, page);

  it('needs at most 60 KB of compressed script and style before it works, in each language', () => {
    const sizes = [...files].map(sizeOf);
    expect(sizes.length).toBeGreaterThanOrEqual(2);
    expect(languages).toHaveLength(LANGUAGES.length);
    for (const language of languages) expect([...sizes, sizeOf(language)].reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(BUDGET_BYTES);
  });

  it('waits for one file of its language, and carries English in no other', () => {
    for (const language of languages) expect([...files]).toEqual(expect.arrayContaining(importsOf(language)));
    for (const file of files) for (const text of [generalTexts['app.promise'], errorsTexts.offline]) expect(read(file)).not.toContain(text);
    expect(languages.filter((file) => read(file).includes(generalTexts['app.promise']) && read(file).includes(errorsTexts.offline))).toHaveLength(1);
  });

  it('loads no font and nothing from elsewhere', () => {
    const sources = [html, ...[...files].filter((file) => file.endsWith('.css')).map(read)];
    for (const source of sources) {
      expect(source).not.toMatch(/@font-face|@import/);
      expect(source).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    }
  });
});
