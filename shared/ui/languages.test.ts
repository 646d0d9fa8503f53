import { describe, expect, it } from 'vitest';
import { chooseLanguage, LANGUAGES, localeOf } from './languages.ts';

describe('the language that is shown', () => {
  it.each([
    [null, ['de-AT', 'en'], 'de'],
    [null, ['nl', 'fr-CA', 'en-US'], 'fr'],
    [null, ['ES'], 'es'],
    [null, ['pt-BR', 'ja'], 'en'],
    [null, [], 'en'],
    // A language of three letters is not the one of its first two.
    [null, ['frr', 'est'], 'en'],
    // What was chosen here goes before what the browser asks for.
    ['es', ['de'], 'es'],
    ['en', ['de'], 'en'],
    // What is no language is no choice.
    ['xx', ['de'], 'de'],
    ['toString', ['de'], 'de'],
    [7, ['de'], 'de'],
  ])('for the choice %j and the browser’s %j is %s', (kept, wanted, shown) => expect(chooseLanguage(kept, wanted)).toBe(shown));

  it('exists for everybody', () => expect(LANGUAGES[0]).toBe('en'));
});

describe('numbers and times', () => {
  it('are written as in the person’s own country', () => {
    expect(localeOf('de', ['en-US', 'de-CH', 'de'])).toBe('de-CH');
    expect(localeOf('en', ['de', 'en-GB'])).toBe('en-GB');
  });

  it('are written as in the language where no country is known', () => {
    expect(localeOf('fr', ['en-US'])).toBe('fr');
  });
});
