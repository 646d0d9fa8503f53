/** Arbitrary records of sent transfers. */
import fc from 'fast-check';
import { encodeB64 } from '../../protocol/bytes.ts';
import type { SendRecord } from '../sends/index.ts';

const b64 = (length: number): fc.Arbitrary<string> => fc.uint8Array({ minLength: length, maxLength: length }).map(encodeB64);
const timeMs = fc.maxSafeNat();
/** Long enough that no box holds it by chance. */
const word = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: 'grapheme', minLength: 12, maxLength });

const downloads = fc.record({ limit: fc.option(fc.integer({ min: 0, max: 1000 })), committed: fc.nat() });
const linkRecord = fc.record({
  linkId: b64(16),
  link: fc.tuple(b64(16), b64(37)).map(([id, key]) => `https://send.example/d/${id}#${key}`),
  label: fc.oneof(fc.constant(''), word(40)),
  password: fc.boolean(),
});
const unanswered = fc.record({ accessHash: b64(32), envelope: b64(49), password: fc.boolean(), downloadLimit: fc.option(fc.integer({ min: 1, max: 1000 })) });

export const sendRecords: fc.Arbitrary<SendRecord> = fc.record({
  version: fc.constant(1 as const),
  transferId: b64(16),
  coordinator: fc.constantFrom('https://send.example', 'http://localhost:8787'),
  ownerToken: b64(32),
  contentSecret: b64(32),
  title: word(80),
  fileCount: fc.integer({ min: 1, max: 10_000 }),
  bytes: timeMs,
  createdAtMs: timeMs,
  expiresAtMs: timeMs,
  links: fc.array(
    fc.oneof(
      linkRecord,
      fc.tuple(linkRecord, unanswered).map(([link, terms]) => ({ ...link, unanswered: terms })),
    ),
    { maxLength: 4 },
  ),
  upload: fc.option(fc.record({ state: fc.constantFrom('sending' as const, 'paused' as const) })),
  notify: fc.boolean(),
  toldDownloads: fc.nat(),
  lastSeen: fc.option(
    fc.record({
      atMs: timeMs,
      state: fc.constantFrom('uploading' as const, 'ready' as const, 'expired' as const, 'used_up' as const, 'revoked' as const, 'unknown' as const),
      downloads,
      links: fc.array(fc.record({ linkId: b64(16), state: fc.constantFrom('open' as const, 'used_up' as const, 'revoked' as const), downloads }), { maxLength: 3 }),
      survives: fc.integer({ min: -24, max: 24 }),
      totalShards: fc.integer({ min: 1, max: 24 }),
    }),
  ),
});

/** Everything in a record that only its owner may see. */
export const secretsOf = ({ title, ownerToken, contentSecret, links }: SendRecord): string[] =>
  [title, ownerToken, contentSecret, ...links.flatMap(({ link, label }) => [link, label])].filter((text) => text !== '');
