/** What becomes of a link between its sender and its recipient: it opens as it was made, or it is damaged. Never another one, and never "expired". */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asLinkSecret, asTransferId, encodeB64, ID_BYTES, KEY_BYTES } from './bytes.ts';
import { SendError } from './errors.ts';
import { encodeLink, parseLink, type Link } from './link.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const origin = fc.constantFrom('https://send.example', 'https://sub.send.example:8443', 'http://localhost:8787', 'http://127.0.0.1:8787', 'https://[2001:db8::1]:444');
const link: fc.Arbitrary<Link> = fc.record({ origin, transferId: bytes(ID_BYTES).map(asTransferId), secret: bytes(KEY_BYTES).map(asLinkSecret), password: fc.boolean() });
const publicLink = link.filter((value) => value.origin.includes('send.example'));

/** The link, or the code of the refusal. What is no SendError is the parser's fault and passes through. */
function outcomeOf(text: string): Link | string {
  try {
    return parseLink(text);
  } catch (error) {
    if (error instanceof SendError) return error.code;
    throw error;
  }
}

/** What opens a transfer; the host is not under the check. */
const keyOf = ({ transferId, secret }: Link): string => `${encodeB64(transferId)} ${encodeB64(secret)}`;

/** Draws numbers below a bound. */
type Draw = (below: number) => number;
const drawing = fc.infiniteStream(fc.nat(2 ** 30)).map(
  (numbers): Draw =>
    (below) =>
      (numbers.next().value as number) % below,
);

/** Puts a piece somewhere into the text. */
const into =
  (piece: string, from: (text: string) => number = () => 0) =>
  (text: string, draw: Draw): string => {
    const first = from(text);
    const at = first + draw(text.length - first);
    return text.slice(0, at) + piece + text.slice(at);
  };
const behindHost = (text: string): number => text.indexOf('/d/') + 3;
const around =
  (before: string, after: string) =>
  (text: string): string =>
    before + text + after;
const percent = (character: string): string => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
/** A quoted-printable line: what is not plain is encoded, and lines end early. */
const quotedPrintable = (lineBreak: string, encoded: RegExp) => (text: string, draw: Draw) =>
  text
    .replaceAll(encoded, (character) => `=${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .split(/(?<==..)|(?<!=)(?<!=.)(?=.)/s)
    .map((piece) => (draw(12) === 0 ? `${piece}=${lineBreak}` : piece))
    .join('');

type Mangling = (text: string, draw: Draw) => string;

const RECOVERED: Record<string, Mangling> = {
  'nothing at all': (text) => text,
  'angle brackets': around('<', '>'),
  'angle brackets and a name': around('<URL:', '>'),
  'round brackets and a full stop': around('(', ').'),
  'square brackets': around('[', ']'),
  'a Markdown link': around('[your files](', ')'),
  'Markdown emphasis': around('**', '**'),
  'Markdown emphasis with underscores': around('__', '__'),
  quotes: around('"', '",'),
  'typographic quotes': around('„', '“'),
  HTML: (text) => `<a href="${text}">${text}</a>`,
  'a chat’s notation': (text) => `<${text}|${text.slice(0, 20)}…>`,
  JSON: (text) => JSON.stringify({ text }).replaceAll('/', '\\/'),
  'a full stop': around('', '.'),
  'a comma': around('', ','),
  'a closing bracket': around('', ')'),
  'an ellipsis': around('', '…'),
  'a question': around('', '?!'),
  'text on both sides': around('Hi,\n\nhere they are: ', ' , until tomorrow.\n-- \nMartha https://martha.example/d/me#contact'),
  'text without a space between': around('Here:', 'Sent from my phone'),
  'twice, one after the other': (text) => text + text,
  'twice, on two lines': (text) => `${text}\n${text}`,
  'itself pasted into its middle': (text, draw) => into(text)(text, draw),
  'its beginning before it': (text, draw) => text.slice(0, draw(text.length)) + text,
  'a line break': into('\n'),
  'a line break and an indent': into('\r\n    '),
  'a line break in a reply': into('\n> > '),
  'a space': into(' '),
  'a no-break space': into('\u00a0'),
  'a soft hyphen': into('\u00ad'),
  'a zero-width space': into('\u200b'),
  'a zero-width joiner and a byte order mark': into('\u200d\ufeff'),
  'marks of direction': around('\u2068', '\u2069'),
  'a NUL': into('\0'),
  '%23': (text) => text.replace('#', '%23'),
  '%2523': (text) => text.replace('#', '%2523'),
  '%252523': (text) => text.replace('#', '%252523'),
  'percent-encoded letters': (text, draw) => text.replaceAll(/(?<=\/d\/.*)./g, (character) => (draw(3) === 0 ? percent(character) : character)),
  'percent-encoded whole, as another address’s parameter': (text) => `https://filter.example/?url=${encodeURIComponent(text)}&data=05%7C01`,
  'percent-encoded twice, as that': (text) => `https://filter.example/?url=${encodeURIComponent(encodeURIComponent(text))}&data=05`,
  'a percent-encoded soft hyphen, as a browser writes it': (text, draw) => into('%C2%AD', behindHost)(text.replace('#', '%23'), draw),
  'quoted-printable': quotedPrintable('\r\n', /[=_.-]/g),
  'quoted-printable, its # as well': quotedPrintable('\r\n', /[=#]/g),
  'quoted-printable line ends whose lines were joined': quotedPrintable('', /=/g),
  'quoted-printable line ends that became spaces': quotedPrintable(' ', /=/g),
  'a tracking parameter before the #': (text) => text.replace('#', '?utm_source=mail&utm_medium=x#'),
  'a tracking parameter without a question mark': (text) => text.replace('#', '&fbclid=IwAR0_x-1#'),
  'a tracking parameter behind the key': around('', '&fbclid=IwAR0_x-1'),
  'a query behind the key': around('', '?utm_source=mail'),
  'a tracking parameter behind a percent-encoded #': (text) => `${text.replace('#', '%23')}?utm_source=mail#top`,
  'a slash before the #': (text) => text.replace('#', '/#'),
  'a slash too many': (text) => text.replace('/d/', '//d//'),
  padding: around('', '=='),
  'an upper-case host': (text) => text.slice(0, behindHost(text)).toUpperCase() + text.slice(behindHost(text)),
  'typeset dashes': (text) => text.slice(0, behindHost(text)) + text.slice(behindHost(text)).replaceAll('--', '—').replaceAll('-', '‑'),
  'full-width letters': (text) => text.replaceAll(/[!-~]/g, (character) => String.fromCodePoint(character.charCodeAt(0) + 0xfee0)),
};

const flipped = (character: string): string => (character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase());
const otherThan = (character: string, draw: Draw): string => {
  const others = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_*+%=').filter((other) => other !== character);
  return others[draw(others.length)]!;
};
/** A place in id or key. */
const placeIn = (text: string, draw: Draw): number => {
  const at = behindHost(text) + draw(text.length - behindHost(text));
  return text[at] === '#' ? at + 1 : at;
};

const DAMAGED: Record<string, Mangling> = {
  'cut off anywhere': (text, draw) => text.slice(0, draw(text.length)),
  'cut off anywhere, with text behind it': (text, draw) => `${text.slice(0, draw(text.length))}\n\nsee you, Martha`,
  'shortened by an ellipsis in its middle': (text, draw) => {
    const at = 20 + draw(text.length - 30);
    return `${text.slice(0, at)}…${text.slice(at + 5)}`;
  },
  'without its first letters': (text, draw) => text.slice(2 + draw(behindHost(text))),
  'without its key': (text) => text.slice(0, text.indexOf('#')),
  'without its #': (text) => text.replace('#', ''),
  'a character left out': (text, draw) => {
    const at = placeIn(text, draw);
    return text.slice(0, at) + text.slice(at + 1);
  },
  'a character changed': (text, draw) => {
    const at = placeIn(text, draw);
    return text.slice(0, at) + otherThan(text[at]!, draw) + text.slice(at + 1);
  },
  'a letter in the other case': (text, draw) => {
    const places = [...text.matchAll(/(?<=\/d\/.*)[a-z]/gi)].map(({ index }) => index);
    const at = places[draw(places.length)]!;
    return text.slice(0, at) + flipped(text[at]!) + text.slice(at + 1);
  },
  'of a newer version, damaged': (text) => text.replace(/#A./, '#Aw'),
  'made to ask for a password, or not to': (text) => text.replace(/#A./, (kind) => (/[Q-T]$/.test(kind) ? '#Ag' : '#AQ')),
  'in lower case': (text) => text.toLowerCase(),
  'in upper case': (text) => text.toUpperCase(),
};

const caseless = (text: string): boolean => text === text.toLowerCase() || text === text.toUpperCase();

describe('a link as it arrives', () => {
  it.each(Object.entries(RECOVERED))('opens after: %s', (_, mangle) => {
    fc.assert(
      fc.property(link, drawing, (value, draw) => {
        expect(outcomeOf(mangle(encodeLink(value), draw))).toEqual(value);
      }),
    );
  });

  it('has https again where somebody wrote http before a public name, and keeps http where there is no other', () => {
    fc.assert(
      fc.property(publicLink, (value) => {
        expect(outcomeOf(encodeLink(value).replace('https:', 'http:'))).toEqual(value);
      }),
    );
    for (const kept of ['http://localhost:8787', 'http://send.localhost', 'http://10.0.0.1', 'http://[::1]:8787', 'http://attic', 'http://attic.local:80']) {
      const [value] = fc.sample(link, 1);
      expect(parseLink(encodeLink({ ...value!, origin: kept })).origin).toBe(new URL(kept).origin);
    }
  });

  it.each(Object.entries(DAMAGED))('is damaged: %s', (_, mangle) => {
    fc.assert(
      fc.property(link, drawing, (value, draw) => {
        const text = encodeLink(value);
        fc.pre(!caseless(text.slice(behindHost(text))));
        const mangled = mangle(text, draw);
        fc.pre(mangled !== text);
        expect(outcomeOf(mangled)).toBe('link_damaged');
      }),
      { numRuns: 500 },
    );
  });

  it('cut off at any of its characters is damaged', () => {
    const text = encodeLink(fc.sample(link, 1)[0]!);
    for (let length = 0; length < text.length; length++) expect(outcomeOf(text.slice(0, length)), text.slice(0, length)).toBe('link_damaged');
  });

  const several = fc.array(fc.constantFrom(...Object.values(RECOVERED)), { minLength: 1, maxLength: 3 });
  const apply = (manglings: Mangling[], text: string, draw: Draw): string => manglings.reduce((before, mangle) => mangle(before, draw), text);

  it('after several of these gives its own key, or is damaged', () => {
    fc.assert(
      fc.property(link, several, drawing, (value, manglings, draw) => {
        const outcome = outcomeOf(apply(manglings, encodeLink(value), draw));
        if (outcome !== 'link_damaged') expect(outcome).toMatchObject({ transferId: value.transferId, secret: value.secret, password: value.password });
      }),
      { numRuns: 5000 },
    );
  });

  it('once damaged stays so, whatever else is done to it, or is whole again by luck', () => {
    fc.assert(
      fc.property(link, fc.constantFrom(...Object.values(DAMAGED)), several, drawing, (value, damage, manglings, draw) => {
        const outcome = outcomeOf(apply(manglings, damage(encodeLink(value), draw), draw));
        if (outcome !== 'link_damaged') expect(outcome).toMatchObject({ transferId: value.transferId, secret: value.secret, password: value.password });
      }),
      { numRuns: 5000 },
    );
  });
});

describe('two links in one text', () => {
  it('are damaged when both are whole: nobody guesses which was meant', () => {
    fc.assert(
      fc.property(link, link, fc.constantFrom('', ' ', '\n', '. And: '), (one, other, between) => {
        fc.pre(encodeLink(one) !== encodeLink(other));
        expect(outcomeOf(encodeLink(one) + between + encodeLink(other))).toBe('link_damaged');
      }),
    );
  });

  it('never give one’s id with the other’s key, however they were cut up', () => {
    fc.assert(
      fc.property(link, link, fc.array(fc.tuple(fc.boolean(), fc.nat(100), fc.nat(100)), { maxLength: 6 }), (one, other, cuts) => {
        const text = cuts.map(([first, from, to]) => encodeLink(first ? one : other).slice(from, to)).join('');
        const outcome = outcomeOf(text);
        if (typeof outcome !== 'string') expect([one, other].map(keyOf)).toContain(keyOf(outcome));
        else expect(outcome).toBe('link_damaged');
      }),
      { numRuns: 5000 },
    );
  });
});

describe('any text', () => {
  it('gives a link or `link_damaged`, and never takes long', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom('https://', 'http://x', '/d/', '#', '%23', '%25', '%', '=', '=3D', '<', '>', '@', ':', '?', '&', '\\', '\ud800', '\n', '[', ']'),
      bytes(ID_BYTES).map(encodeB64),
      bytes(37).map(encodeB64),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(outcomeOf(pieces.join(''))).toBe('link_damaged');
      }),
      { numRuns: 5000 },
    );
  });

  it('that is longer than a mail with all its quotes is not looked through', () => {
    const [value] = fc.sample(link, 1);
    expect(outcomeOf(`${' '.repeat(60_000)}${encodeLink(value!)}`)).toEqual(value);
    expect(outcomeOf(`${' '.repeat(70_000)}${encodeLink(value!)}`)).toBe('link_damaged');
    for (const worst of ['https://', 'https://a/d/', `https://a/d/${'A'.repeat(22)}?`, '%25', '=', '%', '\ufdfa', '\n> '])
      expect(outcomeOf(worst.repeat(Math.floor(65_536 / worst.length))), worst).toBe('link_damaged');
  });
});
