/**
 * A page as one file: the document as it stands, with its styles, pictures and fonts inside, and nothing that runs or loads.
 * docs/decisions/0015 says why it is our own, and what it leaves out.
 */
import { browser } from 'wxt/browser';
import { MIB } from '../../shared/protocol/limits.ts';
import { ANY_SITE, hostOf, openAddress } from '../address.ts';
import type { Answer } from '../answers.ts';
import type { Source } from '../jobs.ts';
import { Refused, refused } from '../refusals.ts';
import { inlineStyles, type Loaders } from './inline-styles.ts';
import { readPage, type Part } from './read-page.ts';

/** Of one picture or font, and of all: they are held in memory, and stand in the text as base64. */
const MAX_PART_BYTES = 16 * MIB;
const MAX_ALL_BYTES = 96 * MIB;
const AT_ONCE = 6;

export interface Snapshot {
  readonly page: Blob;
  readonly title: string;
  readonly host: string;
  /** How many parts could not be had. */
  readonly missing: number;
  /** Of sites that the person could open, so that they can. */
  readonly patterns: readonly string[];
}

/** @returns null where the tab shows no page, but a file of its own. @throws Refused `page`. */
export async function takeSnapshot(source: Source, signal: AbortSignal): Promise<Snapshot | null> {
  const mark = `shardsend-${crypto.randomUUID()}-`;
  const target = { tabId: source.tabId, frameIds: [source.frameId] };
  const answers = await browser.scripting.executeScript({ target, func: readPage, args: [mark] }).catch((cause: unknown) => {
    throw refused('page', { cause });
  });
  signal.throwIfAborted();
  const copy = answers[0]?.result;
  if (copy === undefined) throw refused('page');
  if (copy === null) return null;
  const loader = new PartLoader(source, signal);
  const texts = await Promise.all(copy.parts.map((part) => textOf(part, loader.loaders)));
  signal.throwIfAborted();
  const [first = '', ...rest] = copy.html.split(mark);
  const pieces = [first, ...rest.flatMap((piece) => withPart(piece, texts))];
  return { page: new Blob(pieces, { type: 'text/html' }), title: copy.title, host: hostOf(source.pageUrl), missing: loader.missing.size, patterns: [...loader.patterns] };
}

/** @param piece - begins with the index of a part. */
function withPart(piece: string, texts: readonly string[]): string[] {
  const end = piece.indexOf(';');
  return [texts[Number(piece.slice(0, end))] ?? '', piece.slice(end + 1)];
}

async function textOf(part: Part, loaders: Loaders): Promise<string> {
  switch (part.kind) {
    case 'file':
      // Nothing rather than an address that somebody's browser would ask when they open the page.
      return (await loaders.file(part.url)) ?? '';
    case 'sheet': {
      const sheet = await loaders.sheet(part.url);
      return sheet === null ? '' : inStyle(await inlineStyles(sheet.css, sheet.base, loaders));
    }
    case 'rules':
      return inStyle(await inlineStyles(part.css, part.base, loaders));
    case 'style':
      return inAttribute(await inlineStyles(part.css, part.base, loaders));
  }
}

/** `<\/` says the same in CSS, and ends no element. */
const inStyle = (css: string): string => css.replaceAll('</', String.raw`<\/`);
const inAttribute = (css: string): string => css.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** Fetches each address once, a few at a time, with the rights that there are. */
class PartLoader {
  readonly missing = new Set<string>();
  readonly patterns = new Set<string>();
  readonly loaders: Loaders = { file: (url) => this.#file(url), sheet: (url) => this.#sheet(url) };
  readonly #source: Source;
  readonly #signal: AbortSignal;
  readonly #files = new Map<string, Promise<string | null>>();
  readonly #sheets = new Map<string, Promise<{ css: string; base: string } | null>>();
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #bytes = 0;

  constructor(source: Source, signal: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }

  #file(url: string): Promise<string | null> {
    const known = this.#files.get(url) ?? this.#load(url).then((loaded) => loaded && dataUrl(loaded.blob));
    this.#files.set(url, known);
    return known;
  }

  #sheet(url: string): Promise<{ css: string; base: string } | null> {
    const known = this.#sheets.get(url) ?? this.#load(url).then(async (loaded) => loaded && { css: await loaded.blob.text(), base: loaded.url });
    this.#sheets.set(url, known);
    return known;
  }

  async #load(url: string): Promise<{ readonly blob: Blob; readonly url: string } | null> {
    if (this.#busy >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy++;
    try {
      return await this.#open(url);
    } finally {
      this.#busy--;
      this.#waiting.shift()?.();
    }
  }

  async #open(url: string): Promise<{ readonly blob: Blob; readonly url: string } | null> {
    try {
      // As of a link, so that a page in place of a picture shows as a broken picture, as it does in the browser.
      const opened = await openAddress({ kind: 'link', url, source: this.#source }, this.#signal);
      if ('answer' in opened) return { blob: await this.#collect(opened.answer), url: opened.answer.url || url };
      // Where an address leads on is asked of no one for a picture's sake.
      if (opened.needs.patterns !== ANY_SITE) for (const pattern of opened.needs.patterns) this.patterns.add(pattern);
    } catch (thrown) {
      this.#signal.throwIfAborted();
      if (!(thrown instanceof Refused)) throw thrown;
    }
    this.missing.add(url);
    return null;
  }

  /** @throws Refused `tooLarge`. */
  async #collect({ body, mime, close }: Answer): Promise<Blob> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      this.#bytes += chunk.length;
      if (bytes > MAX_PART_BYTES || this.#bytes > MAX_ALL_BYTES) {
        close();
        throw refused('tooLarge');
      }
      chunks.push(chunk);
    }
    return new Blob(chunks, { type: mime });
  }
}

/** @returns nothing but characters that may stand in CSS and in an attribute. */
function dataUrl(blob: Blob): Promise<string> {
  const [type = ''] = blob.type.split(';');
  const plain = blob.slice(0, blob.size, /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream');
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error ?? new Error('the blob could not be read'));
    reader.readAsDataURL(plain);
  });
}
