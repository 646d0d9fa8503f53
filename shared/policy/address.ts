/** What an address says about where a node stands: whether the public can reach it, and which network it is part of. */

/** Names that never lead to a public host. RFC 6761, RFC 6762, RFC 8375, RFC 9476. */
const PRIVATE_SUFFIXES = ['localhost', 'local', 'internal', 'home.arpa', 'test', 'invalid', 'example', 'onion', 'alt', 'lan'];

/** First address and prefix length of ranges that are not public. IANA special-purpose registry. */
const PRIVATE_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** @returns the address as a number, or null when the text is none. */
function parseV4(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return null;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** @returns eight groups of 16 bits, or null when the text is no IPv6 address. */
function parseV6(text: string): number[] | null {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const v4 = tail ? parseV4(tail[2]!) : null;
  if (tail && v4 === null) return null;
  const whole = tail && v4 !== null ? `${tail[1]!}${Math.floor(v4 / 65536).toString(16)}:${(v4 % 65536).toString(16)}` : text;
  const halves = whole.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (!groups.flat().every((group) => /^[\da-f]{1,4}$/i.test(group))) return null;
  const given = groups.flat().length;
  if (halves.length === 2 ? given > 7 : given !== 8) return null;
  const zeros = Array.from({ length: 8 - given }, () => '0');
  return [...groups[0]!, ...zeros, ...(groups[1] ?? [])].map((group) => Number.parseInt(group, 16));
}

const within = (address: number, first: number, prefix: number): boolean => Math.floor(address / 2 ** (32 - prefix)) === Math.floor(first / 2 ** (32 - prefix));
const isPublicV4 = (address: number): boolean => !PRIVATE_V4.some(([first, prefix]) => within(address, parseV4(first)!, prefix));
/** Global unicast is 2000::/3; of it, 2001::/23 and 2001:db8::/32 are special, and 2002::/16 wraps an IPv4 address. */
const isPublicV6 = ([first, second]: readonly number[]): boolean =>
  (first! & 0xe000) === 0x2000 && first !== 0x2002 && !(first === 0x2001 && (second! < 0x0200 || second === 0x0db8));

/** A URL's host without the brackets of IPv6 and the root's dot. */
const bareHost = (hostname: string): string =>
  hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');

/** Whether a URL's host can be reached from the public internet, as far as its text tells. */
export function isPublicHost(hostname: string): boolean {
  const host = bareHost(hostname);
  const v4 = parseV4(host);
  if (v4 !== null) return isPublicV4(v4);
  const v6 = parseV6(host);
  if (v6 !== null) return isPublicV6(v6);
  return host.includes('.') && !PRIVATE_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
}

/**
 * The network that a node is part of, so that one place never holds two shards of a segment.
 *
 * @param addresses - the node's URL host, and the address its registration came from, if known: the first that is an IP address decides.
 * @returns the /24 of an IPv4 address, the /64 of an IPv6 one, else the first text itself.
 */
export function networkOf(...addresses: readonly (string | undefined)[]): string {
  for (const address of addresses) {
    if (address === undefined) continue;
    const host = bareHost(address);
    const v4 = parseV4(host);
    if (v4 !== null) return `${host.split('.').slice(0, 3).join('.')}.0/24`;
    const v6 = parseV6(host);
    if (v6 !== null)
      return `${v6
        .slice(0, 4)
        .map((group) => group.toString(16))
        .join(':')}::/64`;
  }
  return bareHost(addresses[0] ?? '');
}
