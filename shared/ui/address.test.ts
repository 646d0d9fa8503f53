import { describe, expect, it } from 'vitest';
import { asLinkSecret, asTransferId, ID_BYTES, KEY_BYTES } from '../protocol/bytes.ts';
import { encodeLink, parseLink } from '../protocol/link.ts';
import { secureAddress, takeAddress } from './address.ts';

const ORIGIN = 'https://send.example';
const LINK = encodeLink({ origin: ORIGIN, transferId: asTransferId(new Uint8Array(ID_BYTES).fill(7)), secret: asLinkSecret(new Uint8Array(KEY_BYTES).fill(9)), password: false });
const [WITHOUT_KEY = '', KEY = ''] = LINK.split('#');
const PATH = WITHOUT_KEY.slice(ORIGIN.length);

describe('the address of a receive page', () => {
  it('gives the whole link and an address without its key', () => {
    expect(takeAddress(LINK)).toEqual({ link: LINK, path: PATH });
  });

  it.each([
    `${WITHOUT_KEY}%23${KEY}`,
    `${WITHOUT_KEY}%2523${KEY}`,
    `${WITHOUT_KEY}%252523${KEY}`,
    `${WITHOUT_KEY}/%23${KEY}`,
    `${WITHOUT_KEY}?utm_source=mail#${KEY}`,
    `${WITHOUT_KEY}?utm_source=mail%23${KEY}`,
    `${WITHOUT_KEY}%23${KEY}?utm_source=mail#top`,
    `${WITHOUT_KEY}#${KEY}&fbclid=x`,
    `${WITHOUT_KEY}%23${KEY.slice(0, 20)}%C2%AD${KEY.slice(20)}.`,
    `${ORIGIN}/%64${PATH.slice(2)}%23${KEY}`,
    `${ORIGIN}/${PATH}%23${KEY}`,
    `${ORIGIN}/d/%${PATH.charCodeAt(3).toString(16)}${PATH.slice(4)}%23%${KEY.charCodeAt(0).toString(16)}${KEY.slice(1)}`,
  ])('gives what the link opens, and keeps nothing of its key: %s', (href) => {
    const { link, path } = takeAddress(href);
    expect(parseLink(link!)).toEqual(parseLink(LINK));
    expect(path).toBe(PATH);
  });

  it.each([`${WITHOUT_KEY}${KEY}`, `${WITHOUT_KEY}/${KEY}`, `${ORIGIN}/d/${KEY}`, `${ORIGIN}/D/${KEY.toUpperCase()}`, `${ORIGIN}/d/x%23${KEY}`, `${ORIGIN}/d/%FF%23${KEY}`])(
    'keeps nothing that may be a key, wherever it stands: %s',
    (href) => {
      const { link, path } = takeAddress(href);
      expect(link).toBe(href);
      expect([PATH, '/d/']).toContain(path);
    },
  );

  it.each(['', '#', '%23', '/', '?utm_source=mail', '?utm_source=mail#'])('tells an address without a key, with %s behind it', (end) => {
    expect(takeAddress(WITHOUT_KEY + end)).toEqual({ link: null, path: PATH });
  });
});

describe('an address without https', () => {
  it('leads to the same link with it, the key behind the #, where the host has a public name', () => {
    expect(secureAddress(LINK.replace('https:', 'http:'))).toBe(LINK);
    expect(secureAddress(LINK.replace('https:', 'http:').replace('#', '%23'))).toBe(LINK);
  });

  it('is left as it is where there is nothing to mend', () => {
    for (const href of [LINK, LINK.replace(ORIGIN, 'http://localhost:8787'), LINK.slice(0, -1).replace('https:', 'http:')]) expect(secureAddress(href)).toBeNull();
  });
});
