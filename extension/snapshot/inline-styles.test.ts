import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inlineStyles, type Loaders } from './inline-styles.ts';

const BASE = 'https://a.example/css/main.css';
const FILES: Readonly<Record<string, string>> = { 'https://a.example/p.png': 'data:image/png;base64,AAAA', 'https://a.example/css/f(1).woff2': 'data:font/woff2;base64,BBBB' };
const SHEETS: Readonly<Record<string, string>> = {
  'https://a.example/css/more.css': '@import "more.css"; a{background:url(../p.png)}',
  'https://b.example/x.css': 'b{color:red}',
};

async function inline(css: string): Promise<{ css: string; asked: string[] }> {
  const asked: string[] = [];
  const loaders: Loaders = {
    file: async (url) => (asked.push(url), FILES[url] ?? null),
    sheet: async (url) => (SHEETS[url] === undefined ? null : { css: SHEETS[url], base: url }),
  };
  return { css: await inlineStyles(css, BASE, loaders), asked };
}

const importsOf = (css: string): string[] => [...css.matchAll(/data:text\/css;charset=utf-8;base64,([\w+/=]+)/g)].map(([, data]) => Buffer.from(data, 'base64').toString());

describe('a style sheet with what it names inside', () => {
  it.each([
    ['a{background:url(../p.png)}', 'a{background:url("data:image/png;base64,AAAA")}'],
    ['a{background:URL( "../p.png" ) red}', 'a{background:url("data:image/png;base64,AAAA") red}'],
    [String.raw`@font-face{src:url(f\(1\).woff2)}`, '@font-face{src:url("data:font/woff2;base64,BBBB")}'],
    [String.raw`a{background:url('../\70 .png')}`, 'a{background:url("data:image/png;base64,AAAA")}'],
    ['a{mask:url(../p.png#m)}', 'a{mask:url("data:image/png;base64,AAAA#m")}'],
    ['a{filter:url(#f)}', 'a{filter:url("#f")}'],
    ['a{background:url(data:,x)}', 'a{background:url("data:,x")}'],
    ['a{background:url(gone.png)}', 'a{background:url("https://a.example/css/gone.png")}'],
    ['a{content:"url(../p.png)"}', 'a{content:"url(../p.png)"}'],
    ['/* url(../p.png) */a{}', 'a{}'],
    ['a{b:c}/* unfinished url(../p.png)', 'a{b:c}'],
  ])('%s', async (css, expected) => expect((await inline(css)).css).toBe(expected));

  it('imports sheets under their conditions, and each other only so deep', async () => {
    const { css } = await inline('@import url(more.css) layer(x) screen;@import "https://b.example/x.css";@import "none.css";c{}');
    expect(css).toMatch(/^@import url\("data:[^"]+"\) layer\(x\) screen;@import url\("data:[^"]+"\);c\{\}$/);
    const [more, other] = importsOf(css);
    expect(other).toBe('b{color:red}');
    expect(more).toContain('url("data:image/png;base64,AAAA")');
    let depth = 0;
    for (let sheet = more; sheet; sheet = importsOf(sheet)[0]) depth++;
    expect(depth).toBe(8);
  });

  it('asks for no address that stands in a comment or a string', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'url', '{', '}', '(', ')', '"', "'", '\\', '/', '*', ';', ':', '@', '#', ' ', '\n') });
    await fc.assert(
      fc.asyncProperty(text, async (text) => {
        const { asked } = await inline(`/*${text.replaceAll('*/', '')}*/a{content:${JSON.stringify(text.replaceAll('\n', ''))}}`);
        expect(asked).toEqual([]);
      }),
    );
  });

  it('leaves a sheet without addresses as it is, whatever it holds', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', '{', '}', '(', ')', '"', "'", '\\', '*', ';', ':', '@', '#', ' ', '\n') });
    await fc.assert(
      fc.asyncProperty(text, async (text) => {
        expect((await inline(text)).css).toBe(text);
      }),
    );
  });
});
