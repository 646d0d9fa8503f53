/**
 * Finds links in what mail programs, chats and hands made of them. docs/protocol.md §7. It may guess, because a guess
 * opens nothing: link.ts takes only what the link's own check confirms.
 */

/** Characters of a transfer id, and of the part of the key that every version begins with. */
const ID_LENGTH = 22;
const KEY_LENGTH = 50;
/** A mail with all that it quotes; more is no link. */
const MAX_TEXT_LENGTH = 65_536;
/** Filters pass a link on to each other; each encodes once more. */
const MAX_ENCODINGS = 8;

/** Parts of what looks like a link, as text: nothing of it was checked. */
export interface FoundLink {
  /** `https://host[:port]` or `http://…`. */
  readonly origin: string;
  /** 22 and 50 characters of the b64 alphabet. */
  readonly id: string;
  readonly key: string;
}

const START = /https?:\/\//gi;
const HOST = String.raw`(?:\[[\da-f:.]{2,45}\]|[\p{L}\p{N}\p{M}_-]{1,63}(?:\.[\p{L}\p{N}\p{M}_-]{1,63}){0,20})(?::\d{1,5})?`;
const LINK = new RegExp(String.raw`(https?):\/\/(${HOST})\/+d\/+([A-Z\d_-]{${ID_LENGTH}})\/*(?:[?&][^#]{0,1024})?#+([A-Z\d_-]{${KEY_LENGTH}})`, 'iuy');

/** Everything in a text that has the form of a link, in every way to read it; the same one may come several times. */
export function findLinks(text: string): FoundLink[] {
  if (text.length > MAX_TEXT_LENGTH) return [];
  return [...new Set(readings(text))].flatMap((reading) => [...reading.matchAll(START)].flatMap(({ index }) => linkAt(reading, index)));
}

function linkAt(text: string, index: number): FoundLink[] {
  LINK.lastIndex = index;
  const match = LINK.exec(text);
  const address = match ? `${match[1]!.toLowerCase()}://${match[2]!}` : '';
  return match && URL.canParse(address) ? [{ origin: new URL(address).origin, id: match[3]!, key: match[4]! }] : [];
}

/**
 * What a text may have been. `=` stands in no link: it is what quoted-printable left, before the two digits of a mark or
 * where a line went on. Once the line breaks are gone the two may look alike: then it is dropped, except before what may
 * be a mark of the host, which no check covers.
 */
function readings(text: string): string[] {
  const lines = text.replace(/[\r\n]+[ \t>|]*/g, '\n');
  const plain = mend(lines);
  const printable = mend(lines.replace(/=[ \t]*\n/g, '').replace(MARK, '%$1'));
  return [plain, printable, plain.replace(/:=*\/=*\/=*[^/]{0,255}|=/g, (part) => (part === '=' ? '' : part.replace(/=(?!2[de]|3a|5[bd])/gi, '')))];
}

/** No letter and no digit: those are never encoded. */
const MARK = /=(?!3\d|[46][1-9a-f]|[57][\da])([\da-f]{2})/gi;

/** Without what is not seen, what was escaped, and what typesetting changed. */
function mend(text: string): string {
  return decodePercent(text, bare).replace(/[‐‒−]/g, '-').replace(/[–—]/g, '--');
}

/** Letters in their plain form, and between them no white space, control or format character (soft hyphen, zero-width space, …), no such one spelled as JSON does, and no backslash. */
const bare = (text: string): string => text.normalize('NFKC').replace(/\\(?:[bfnrtv]|u[\da-f]{4})|[\s\p{Cc}\p{Cf}\\]+/giu, '');

/** Undoes percent-encoding, however often it was applied; `each` sees the text before every round and after the last. */
export function decodePercent(text: string, each: (text: string) => string = (same) => same): string {
  let decoded = each(text);
  for (let round = 0; round < MAX_ENCODINGS; round++) {
    const next = each(decoded.replace(/(?:%[0-9a-f]{2})+/gi, decodeRun));
    if (next === decoded) break;
    decoded = next;
  }
  return decoded;
}

/** What is no UTF-8 stays as it is. */
function decodeRun(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run;
  }
}
