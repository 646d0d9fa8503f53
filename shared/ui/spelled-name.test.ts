import { describe, expect, it } from 'vitest';
import { directionOf, nameParts, spelledName, splitName } from './spelled-name.ts';

describe('names that strangers chose', () => {
  it('spells out a name of nothing but spaces', () => {
    expect(spelledName(' \u00a0')).toBe('[U+0020][U+00A0]');
    expect(spelledName(' a ')).toBe(' a ');
  });

  it('leaves ordinary names of any script as they are', () => {
    for (const name of ['report.pdf', 'Übergrößenträger.txt', 'تقرير نهائي.pdf', '日本語.txt', '👩‍👩‍👧.png', 'می‌خواهم.txt']) {
      expect(spelledName(name)).toBe(name);
    }
  });

  it('spells out an override that would turn an extension around', () => {
    expect(spelledName('invoice\u202Efdp.exe')).toBe('invoice[U+202E]fdp.exe');
    expect(nameParts('a\u202Eb')).toEqual([
      { text: 'a', spelt: false },
      { text: '[U+202E]', spelt: true },
      { text: 'b', spelt: false },
    ]);
  });

  it('spells out controls, line breaks, marks, invisible characters, tags and lone surrogates', () => {
    expect(spelledName('a\nb\u0000\u200f\u2066\ufeff\u200b\u{e0041}\ud800')).toBe('a[U+000A]b[U+0000][U+200F][U+2066][U+FEFF][U+200B][U+E0041][U+D800]');
  });

  it('keeps both ends of a long name and never cuts inside a character', () => {
    expect(splitName('short.txt')).toEqual({ head: 'short.txt', tail: '' });
    const long = `${'x'.repeat(200)}-final.tar.gz`;
    const { head, tail } = splitName(long);
    expect(head + tail).toBe(long);
    expect(tail).toContain('.tar.gz');
    expect(splitName('invoice\u202efdp.exe copy')).toEqual({ head: 'invoice\u202e', tail: 'fdp.exe copy' });
    expect(splitName('a\u202eb\u202ec\u202ed.exe')).toEqual({ head: 'a\u202eb\u202ec\u202e', tail: 'd.exe' });
    const family = splitName('👨‍👩‍👧‍👦'.repeat(20));
    expect(family.head + family.tail).toBe('👨‍👩‍👧‍👦'.repeat(20));
    expect(family.tail.startsWith('👨')).toBe(true);
  });

  it.each([
    ['photo of the last evening', 'ltr'],
    ['תמונה ארוכה מאוד של המשפחה', 'rtl'],
    ['تقرير سنوي 2026 (3) ', 'rtl'],
    ['חשבונית 2026-11 (copy) final version', 'ltr'],
    ['IMG 0042 תמונה ארוכה', 'rtl'],
    ['日本語のとても長い名前', 'ltr'],
    ['2026-11-21 17.03.59', 'ltr'],
  ])('lays %j out in the direction in which it is cut: %s', (head, direction) => {
    expect(directionOf(head)).toBe(direction);
  });
});
