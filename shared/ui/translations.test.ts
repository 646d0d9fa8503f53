import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { inEveryLanguage } from './built-in-texts.ts';
import { LANGUAGES, type Language } from './languages.ts';
import { builtInTexts as builtIn } from './messages/built-in.ts';
import type * as deExtension from './messages/de/pages/extension.ts';
import type * as deNetwork from './messages/de/pages/network.ts';
import type * as enExtension from './messages/en/pages/extension.ts';
import type * as enNetwork from './messages/en/pages/network.ts';
import type * as esExtension from './messages/es/pages/extension.ts';
import type * as esNetwork from './messages/es/pages/network.ts';
import type * as frExtension from './messages/fr/pages/extension.ts';
import type * as frNetwork from './messages/fr/pages/network.ts';
import { formatCount } from './numbers.ts';
import { extensionPageTexts } from './page-texts/extension.ts';
import { networkPageTexts } from './page-texts/network.ts';
import { showLanguageOf, type Texts } from './shown-language.ts';

const folder = path.join(import.meta.dirname, 'messages');
const NUMBERS = [0, 1, 2, 5, 21, 1_000_000];
type Sets = Readonly<Record<string, Texts>>;
type Said = string | ((...values: unknown[]) => string);

const builtInKeys = Object.keys(builtIn) as (keyof typeof builtIn)[];

/** Between them, the extension, the network page and what is built in say everything. */
async function setsOf(language: Language): Promise<Sets> {
  const builtInTexts = Object.fromEntries(builtInKeys.map((key) => [key, inEveryLanguage(key).find((each) => each.language === language)!.text]));
  return { ...(await extensionPageTexts[language]()), ...(await networkPageTexts[language]()), builtInTexts };
}
const all = Object.fromEntries(await Promise.all(LANGUAGES.map(async (language) => [language, await setsOf(language)] as const))) as Record<Language, Sets>;

/** What the values of a text are, as the English sets declare them: `{ 'list.more': ['number', 'string'] }`. */
const declared = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => Array.from(readFileSync(path.join(folder, name), 'utf8').matchAll(/^ {2}'([\w.]+)': \(([^)]*)\) =>/gm)))
    .map(([, key, values]) => [key!, Array.from(values!.matchAll(/: (\w+)/g), ([, type]) => type!)] as const),
);

const byKey = new Map(LANGUAGES.map((language) => [language, new Map(Object.values(all[language]).flatMap((set) => Object.entries(set) as [string, Said][]))]));
const textsOf = (language: Language): ReadonlyMap<string, Said> => byKey.get(language)!;
const speak = (language: Language): void => showLanguageOf(() => ({ locale: language, direction: 'ltr', texts: {} }));
afterEach(() => speak('en'));

const say = (text: Said, values: readonly unknown[]): string => (typeof text === 'string' ? text : text(...values));

/** A text with each number that it may be said with; names and sizes are words that no text has. */
function everyWay(language: Language, key: string): { readonly n: number; readonly said: string }[] {
  speak(language);
  const types = declared.get(key) ?? [];
  const text = textsOf(language).get(key)!;
  const ways = types.includes('number') ? NUMBERS : [0];
  return ways.map((n) => ({
    n,
    said: say(
      text,
      types.map((type, i) => (type === 'number' ? n : `zq${i}`)),
    ),
  }));
}

const others = LANGUAGES.filter((language) => language !== 'en');

describe('English', () => {
  it('declares the values of every text that has some', () => {
    const withValues = [...textsOf('en')].filter(([, text]) => typeof text === 'function').map(([key]) => key);
    expect(withValues.filter((key) => !declared.has(key))).toEqual([]);
  });

  it('is whole in what the pages load', async () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
    const modules = await Promise.all(files.map((name) => import(path.join(folder, name)) as Promise<Record<string, unknown>>));
    const sets = modules.flatMap((module) => Object.keys(module).filter((name) => name.endsWith('Texts')));
    expect(Object.keys(all.en).toSorted()).toEqual(sets.toSorted());
  });
});

describe.each(others)('%s', (language) => {
  const english = textsOf('en');
  const texts = textsOf(language);

  it('has the sets of English, their keys, and texts of the same values', () => {
    expect(Object.keys(all[language]).toSorted()).toEqual(Object.keys(all.en).toSorted());
    for (const [name, set] of Object.entries(all.en)) expect(Object.keys(all[language][name]!).toSorted(), name).toEqual(Object.keys(set).toSorted());
    for (const [key, text] of english) {
      const other = texts.get(key)!;
      expect([typeof other, typeof other === 'string' ? 0 : other.length], key).toEqual([typeof text, typeof text === 'string' ? 0 : text.length]);
    }
  });

  it('says each text with every number', () => {
    for (const key of english.keys())
      for (const { said } of everyWay(language, key)) {
        expect(said.trim(), key).not.toBe('');
        expect(said, key).not.toMatch(/\b(?:undefined|null|NaN)\b|\[object|\$\{| {2}/);
      }
  });

  it('tells each name, size and number that English tells', () => {
    for (const key of english.keys()) {
      const inEnglish = everyWay('en', key);
      const inOther = everyWay(language, key);
      for (const [i, { n, said }] of inEnglish.entries()) {
        for (const [word] of said.matchAll(/zq\d/g)) expect(inOther[i]!.said, key).toContain(word);
        speak(language);
        // Zero and one may be words.
        if (n > 1 && said.includes(n.toLocaleString('en'))) expect(inOther[i]!.said, key).toContain(formatCount(n));
      }
    }
  });

  it('leaves nothing in English', () => {
    /** Words that the languages share, and what is no word. */
    const shared = new Set(
      'app.name done.link done.copied progress.of network.margin.one node.speed.times sends.link.actionOf sends.facts list.total tree.folder options.title popup.options node.about.version network.margin.shards network.audits sends.links sends.link.number sends.downloads network.regions.online network.regions.column expiry.when wait.minutes sends.details'.split(
        ' ',
      ),
    );
    const same = [...english.keys()].filter((key) => everyWay('en', key).every(({ said }, i) => said === everyWay(language, key)[i]!.said));
    expect(same.filter((key) => !shared.has(key))).toEqual([]);
  });

  it('tells errors apart', () => {
    const sentences = Object.values(all[language]['errorsTexts']!) as string[];
    expect(new Set(sentences).size).toBe(sentences.length);
    for (const sentence of sentences) expect(sentence).toMatch(/^\p{Lu}.*\.$/su);
  });
});

it('a translation that drops a value, or takes another, is an error of types', () => {
  /** The keys of texts that take fewer values than English gives: each would leave something out. Those that take others do not compile. */
  type Dropped<English, Other> = {
    [Set in keyof English & keyof Other]: {
      [Key in keyof English[Set] & keyof Other[Set]]: English[Set][Key] extends (...values: infer Given) => string
        ? Other[Set][Key] extends (...values: infer Taken) => string
          ? Given['length'] extends Taken['length']
            ? never
            : Key
          : Key
        : never;
    }[keyof English[Set] & keyof Other[Set]];
  }[keyof English & keyof Other];
  expectTypeOf<Dropped<typeof enExtension, typeof esExtension>>().toBeNever();
  expectTypeOf<Dropped<typeof enExtension, typeof deExtension>>().toBeNever();
  expectTypeOf<Dropped<typeof enExtension, typeof frExtension>>().toBeNever();
  expectTypeOf<Dropped<typeof enNetwork, typeof esNetwork>>().toBeNever();
  expectTypeOf<Dropped<typeof enNetwork, typeof deNetwork>>().toBeNever();
  expectTypeOf<Dropped<typeof enNetwork, typeof frNetwork>>().toBeNever();
  expectTypeOf<Dropped<{ a: { b: (n: number, of: number) => string } }, { a: { b: (n: number) => string } }>>().toEqualTypeOf<'b'>();
});

describe('counted things', () => {
  it.each([
    ['en', ['0 files', '1 file', '2 files', '5 files', '21 files', '1,000,000 files']],
    ['de', ['0 Dateien', '1 Datei', '2 Dateien', '5 Dateien', '21 Dateien', '1.000.000 Dateien']],
    ['es', ['0 archivos', '1 archivo', '2 archivos', '5 archivos', '21 archivos', '1.000.000 de archivos']],
    ['fr', ['0 fichier', '1 fichier', '2 fichiers', '5 fichiers', '21 fichiers', '1 000 000 de fichiers']],
  ] as const)('have the forms of %s', (language, said) => {
    speak(language);
    const title = textsOf(language).get('list.total') as (n: number, size: string) => string;
    expect(NUMBERS.map((n) => title(n, '').replace(/, $/, '').replaceAll(/\s/g, ' '))).toEqual(said);
  });
});

it('the extension is described in what a store has room for', () => {
  for (const { text } of inEveryLanguage('manifest.description')) expect(text.length).toBeLessThanOrEqual(132);
});

describe('typography', () => {
  const everything = (language: Language): string[] => [...textsOf(language).keys()].flatMap((key) => everyWay(language, key).map(({ said }) => said));

  it('in French, no line begins with the mark that ends a phrase, and apostrophes are curved', () => {
    for (const said of everything('fr')) {
      expect(said).not.toMatch(/ [:;?!»]/);
      expect(said).not.toMatch(/[\p{L}\d][;?!](?!\p{L})/u);
      expect(said).not.toContain("'");
    }
  });

  it('in Spanish, questions are opened as well as closed', () => {
    for (const said of everything('es')) expect([...said.matchAll(/[¿¡]/g)].length, said).toBe([...said.matchAll(/[?!]/g)].length);
  });
});
