/** Puts what a style sheet names into it. CSS Syntax 3, as far as addresses go: comments, strings, url() and @import. */

/** @returns a data: address, or null where there is none. */
export type LoadFile = (url: string) => Promise<string | null>;
/** @returns the sheet and where it came from, or null. */
export type LoadSheet = (url: string) => Promise<{ readonly css: string; readonly base: string } | null>;

export interface Loaders {
  readonly file: LoadFile;
  readonly sheet: LoadSheet;
}

/** Sheets may import each other in circles. */
const MAX_DEPTH = 8;

const STRING = String.raw`"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'`;
const URL_FUNCTION = String.raw`url\(\s*(?:${STRING}|(?:\\[\s\S]|[^"'()\\\s])*)\s*\)`;
const TOKEN = new RegExp(
  String.raw`\/\*[\s\S]*?(?:\*\/|$)|(?<import>@import\s+(?<target>${URL_FUNCTION}|${STRING})(?<conditions>[^;]*)(?:;|$))|(?<url>${URL_FUNCTION})|${STRING}`,
  'gi',
);

/** @param base - what its addresses are relative to. Comments go. What cannot be loaded keeps its absolute address. */
export async function inlineStyles(css: string, base: string, loaders: Loaders, depth = 0): Promise<string> {
  const pieces: Promise<string>[] = [];
  const keep = (text: string): void => void pieces.push(Promise.resolve(text));
  let from = 0;
  for (const match of css.matchAll(TOKEN)) {
    keep(css.slice(from, match.index));
    from = match.index + match[0].length;
    const { url, target, conditions = '' } = match.groups!;
    if (target !== undefined) pieces.push(inlineImport(absoluteUrl(target, base), conditions.trim(), loaders, depth));
    else if (url !== undefined) pieces.push(inlineUrl(absoluteUrl(url, base), loaders));
    else if (!match[0].startsWith('/*')) keep(match[0]);
  }
  keep(css.slice(from));
  return (await Promise.all(pieces)).join('');
}

async function inlineImport(url: string, conditions: string, loaders: Loaders, depth: number): Promise<string> {
  const sheet = depth < MAX_DEPTH ? await loaders.sheet(url) : null;
  if (sheet === null) return '';
  const css = await inlineStyles(sheet.css, sheet.base, loaders, depth + 1);
  return `@import url("data:text/css;charset=utf-8;base64,${encodeBase64(css)}")${conditions ? ` ${conditions}` : ''};`;
}

async function inlineUrl(url: string, { file }: Loaders): Promise<string> {
  if (url.startsWith('#') || url.startsWith('data:') || url === '') return `url("${quoted(url)}")`;
  const fragment = URL.canParse(url) ? new URL(url).hash : '';
  const data = await file(url.slice(0, url.length - fragment.length));
  return `url("${data === null ? quoted(url) : data + quoted(fragment)}")`;
}

/** @param token - a string or url(). @returns a fragment of the document itself as it is. */
function absoluteUrl(token: string, base: string): string {
  const inner = /^url\(/i.test(token) ? token.slice(4, -1).trim() : token;
  const plain = unescaped(/^["']/.test(inner) ? inner.slice(1, -1) : inner);
  if (plain.startsWith('#') || plain === '') return plain;
  return URL.canParse(plain, base) ? new URL(plain, base).href : plain;
}

const unescaped = (text: string): string =>
  text.replace(/\\(?:([0-9a-f]{1,6})\s?|\n|([\s\S]))/gi, (_, hex?: string, plain?: string) => (hex ? codePoint(Number.parseInt(hex, 16)) : (plain ?? '')));

const codePoint = (code: number): string => (code === 0 || code > 0x10_ffff ? '\uFFFD' : String.fromCodePoint(code));

const quoted = (text: string): string => text.replace(/["\\\n]/g, (character) => (character === '\n' ? '\\a ' : `\\${character}`));

function encodeBase64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
