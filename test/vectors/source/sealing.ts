/** Keys, layout, records and manifests: docs/protocol.md §2, §3, §5. */
import {
  accessToken,
  b64,
  bytesOf,
  envelopeKey,
  hash,
  hex,
  layoutOf,
  linkId,
  lockedLinkKey,
  manifestKey,
  padme,
  passwordKey,
  passwordSalt,
  sealEnvelope,
  sealManifest,
  sealRecord,
  segmentKey,
  shardId,
  text,
  u32,
} from './reference.ts';
import { ok, refused, type Vector } from './vector.ts';

export function keyVectors(): Vector[] {
  const secret = bytesOf('secret', 32);
  const salt = bytesOf('salt', 32);
  const zeros = Buffer.alloc(32);
  const segment = (name: string, comment: string, from: Buffer, with_: Buffer, index: number): Vector =>
    ok(`keys/${name}`, comment, { kind: 'segment', secretHex: hex(from), saltHex: hex(with_), index }, { keyHex: hex(segmentKey(from, with_, index)) });
  return [
    segment('segment-0', 'the key of the first segment', secret, salt, 0),
    segment('segment-1', 'the index alone changes the key', secret, salt, 1),
    segment('segment-largest', 'the largest index', secret, salt, 0xfffffffe),
    segment('segment-other-salt', 'a fresh salt changes the key', secret, bytesOf('another salt', 32), 0),
    segment('segment-zeros', 'secret and salt of zeros', zeros, zeros, 0),
    ok('keys/manifest', 'the key of a manifest', { kind: 'manifest', secretHex: hex(secret), saltHex: hex(salt) }, { keyHex: hex(manifestKey(secret, salt)) }),
  ];
}

/** What opens a link: its own secret, and a password where it asks for one. */
export function linkKeyVectors(): Vector[] {
  const transferId = bytesOf('transfer', 16);
  const secret = bytesOf('link secret', 32);
  const content = bytesOf('secret', 32);
  const salt = passwordSalt(secret, transferId);
  const keysOf = (name: string, comment: string, password: string | null): Vector => {
    const key = password === null ? secret : lockedLinkKey(secret, passwordKey(password, salt));
    const token = accessToken(key, transferId);
    return ok(
      `link-keys/${name}`,
      comment,
      { transferIdHex: hex(transferId), linkSecretHex: hex(secret), contentSecretHex: hex(content), password },
      {
        linkIdHex: hex(linkId(secret, transferId)),
        passwordSaltHex: hex(salt),
        passwordKeyHex: password === null ? null : hex(passwordKey(password, salt)),
        linkKeyHex: hex(key),
        accessTokenHex: hex(token),
        accessHashHex: hex(hash(token)),
        envelopeKeyHex: hex(envelopeKey(key, transferId)),
        envelopeHex: hex(sealEnvelope(envelopeKey(key, transferId), content)),
      },
    );
  };
  const key = envelopeKey(secret, transferId);
  const envelope = sealEnvelope(key, content);
  const refusal = (code: string, name: string, comment: string, bytes: Buffer, with_ = key): Vector =>
    refused(code, `envelope/${name}`, comment, { envelopeKeyHex: hex(with_), envelopeHex: hex(bytes) });
  return [
    keysOf('at-once', 'a link of kind 1: the coordinator knows its token by the hash alone', null),
    keysOf('password', 'a link of kind 2', 'correct horse battery staple'),
    keysOf('password-composed', 'a password is what was typed, however its letters are composed', 'Cafe\u0301 \ufb01\u2460'),
    keysOf('password-normalized', 'the same in NFKC: the same keys', 'Caf\u00e9 fi1'),
    ok('envelope/opens', 'the content secret for whoever has the key', { envelopeKeyHex: hex(key), envelopeHex: hex(envelope) }, { contentSecretHex: hex(content) }),
    refusal('wrong_key', 'other-key', 'the key of another link', envelope, envelopeKey(bytesOf('other link secret', 32), transferId)),
    refusal('wrong_key', 'flipped', 'one bit of the box', Buffer.from(envelope.map((byte, i) => (i === 20 ? byte ^ 1 : byte)))),
    refusal('link_version', 'newer', 'version 2', Buffer.concat([Buffer.from([2]), envelope.subarray(1)])),
  ];
}

const TIB = 1n << 40n;

export function layoutVectors(): Vector[] {
  const lengths = [0n, 1n, 2n, 3n, 4n, 5n, 7n, 8n, 9n, 255n, 256n, 257n, 4095n, 4096n, 4097n, 65_535n, 65_537n, 1_000_000n, 10_485_760n, 10_485_761n, 1_000_000_007n];
  for (let bits = 33n; bits <= 40n; bits++) lengths.push((1n << bits) - 1n, 1n << bits);
  const vectors = [
    ok(
      'layout/padme',
      'lengths and what they are padded to, powers of two and their neighbours up to 1 TiB',
      { lengths: lengths.map(Number) },
      { padded: lengths.map((length) => Number(padme(length))) },
    ),
  ];
  const row = 262_128n;
  for (let k = 2n; k <= 10n; k++) {
    const sizes = new Set([0n, 1n, 4096n, 4097n, 100_000n, row, k * row - 1n, k * row, k * row + 1n, 4n * k * row - 4096n, 4n * k * row, 4n * k * row + 1n, 1_000_000_000n, TIB]);
    const cases = [...sizes].toSorted((a, b) => Number(a - b)).map((size) => ({ size, layout: layoutOf(size, k) }));
    vectors.push(
      ok(
        `layout/k-${String(k).padStart(2, '0')}`,
        `segments, and the last one's rows and records, for ${k} required shards`,
        { requiredShards: Number(k), fileBytes: cases.map(({ size }) => Number(size)) },
        {
          layouts: cases.map(({ layout }) => ({
            contentBytes: Number(layout.contentBytes),
            segmentCount: Number(layout.segments),
            lastRows: Number(layout.rows),
            lastRecordBytes: Number(layout.recordBytes),
            lastShardBytes: Number(layout.shardBytes),
          })),
        },
      ),
    );
  }
  const nodes = Array.from({ length: 24 }, (_, i) => i + 1).slice(2);
  const redundancy = [...nodes, 25, 1000].map((eligible) => {
    const n = Math.min(24, eligible);
    // round(5n / 12) and ceil(1.4 k) in whole numbers
    const k = Math.max(2, Math.floor((10 * n + 12) / 24));
    return { requiredShards: k, totalShards: n, safeShards: Math.min(n, Math.floor((14 * k + 9) / 10)) };
  });
  vectors.push(ok('layout/redundancy', 'k, n and the safe number for every size of network', { eligibleNodes: [...nodes, 25, 1000] }, { redundancy }));
  return vectors;
}

export function recordVectors(): Vector[] {
  const key = segmentKey(bytesOf('secret', 32), bytesOf('salt', 32), 3);
  const keyHex = hex(key);
  const short = text('The quick brown fox jumps over the lazy dog.');
  const box = sealRecord(key, 5, false, short);
  const good = (name: string, comment: string, index: number, last: boolean, plain: Buffer): Vector =>
    ok(`records/${name}`, comment, { keyHex, index, last, textHex: hex(plain) }, { boxHex: hex(sealRecord(key, index, last, plain)) });
  const bad = (name: string, comment: string, index: number, last: boolean, damaged: Buffer): Vector =>
    refused('wrong_key', `records/${name}`, comment, { keyHex, index, last, boxHex: hex(damaged) });
  const flipped = (at: number): Buffer => Buffer.from(box.map((byte, i) => (i === at ? byte ^ 1 : byte)));
  return [
    good('first', 'record 0', 0, false, short),
    good('middle', 'record 5', 5, false, short),
    good('last', 'the final flag is part of the nonce', 5, true, short),
    good('one-of-zeros', 'zeros, one AES block', 0, true, Buffer.alloc(16)),
    good('odd-length', 'text that ends inside an AES block', 39, true, bytesOf('odd', 333)),
    good('large-index', 'the counter takes four bytes', 0xfffffffe, false, short),
    bad('moved', 'record 5 in the place of record 6', 6, false, box),
    bad('wrongly-last', 'a record that was not the last one, opened as the last', 5, true, box),
    bad('wrongly-not-last', 'the last record, opened as one in the middle', 5, false, sealRecord(key, 5, true, short)),
    bad('truncated', 'without its last byte', 5, false, box.subarray(0, -1)),
    bad('truncated-to-tag', 'only a tag', 5, false, box.subarray(-16)),
    bad('truncated-below-tag', 'shorter than a tag', 5, false, box.subarray(0, 15)),
    bad('empty', 'no bytes at all', 5, false, Buffer.alloc(0)),
    bad('extended', 'one more byte', 5, false, Buffer.concat([box, Buffer.alloc(1)])),
    bad('text-flipped', 'one bit of the text', 5, false, flipped(0)),
    bad('tag-flipped', 'one bit of the tag', 5, false, flipped(box.length - 1)),
    bad('other-segment', 'sealed under the key of another segment', 5, false, sealRecord(segmentKey(bytesOf('secret', 32), bytesOf('salt', 32), 4), 5, false, short)),
  ];
}

/** The text with zeros up to its padded length. */
function padded(json: Buffer): Buffer {
  const whole = Buffer.alloc(Number(padme(BigInt(Math.max(json.length, 4096)))));
  json.copy(whole);
  return whole;
}

export function manifestVectors(): Vector[] {
  const digest = bytesOf('digest', 32);
  const file = (path: string, bytes: unknown = 3) => ({ path, bytes, type: 'text/plain', modifiedMs: 1_790_000_000_000 });
  const jsonOf = (files: unknown, more: object = {}): Buffer => text(JSON.stringify({ version: 1, files, segments: { count: 1, digest: b64(digest) }, ...more }));
  const kindOf = (kind: string, files: unknown): Buffer => text(JSON.stringify({ version: 1, kind, files, segments: { count: 1, digest: b64(digest) } }));
  const noteOf = (...others: unknown[]): Buffer => kindOf('note', [{ ...file('note.txt'), modifiedMs: null }, ...others]);
  const output = (files: unknown) => ({ files, segmentCount: 1, segmentsDigestHex: hex(digest) });
  const good = (name: string, comment: string, files: unknown[]): Vector => ok(`manifest/${name}`, comment, { textHex: hex(padded(jsonOf(files))) }, output(files));
  const bad = (name: string, comment: string, bytes: Buffer): Vector => refused('manifest_damaged', `manifest/${name}`, comment, { textHex: hex(bytes) });
  const badPath = (name: string, comment: string, path: string): Vector => bad(`path-${name}`, comment, padded(jsonOf([file(path)])));
  const one = jsonOf([file('a.txt')]);
  const beyond = Number.MAX_SAFE_INTEGER;

  const secret = bytesOf('secret', 32);
  const salt = bytesOf('manifest salt', 32);
  const sealed = Buffer.concat([Buffer.from([1]), salt, sealManifest(manifestKey(secret, salt), padded(one))]);

  const transferId = bytesOf('transfer', 16);
  const table = [0, 1].map((segment) => ({ salt: bytesOf(`salt of ${segment}`, 32), roots: [0, 1, 2].map((i) => shardId(bytesOf(`shard ${segment}.${i}`, 64))) }));
  const folded = hash(text('shardsend/1 segments'), transferId, u32(2), ...table.flatMap(({ salt, roots }) => [salt, ...roots]));

  return [
    good('one-file', 'one file', [file('a.txt')]),
    good('folder', 'components are joined with a slash', [file('photos/2026/a.jpg', 0), file('photos/b.jpg', beyond)]),
    good('no-type-no-time', 'an empty type and no time', [{ path: 'x', bytes: 0, type: '', modifiedMs: null }]),
    good('before-1970', 'a negative time', [{ path: 'x', bytes: 0, type: '', modifiedMs: -1 }]),
    good('longest-name', 'a component of 255 bytes', [file('n'.repeat(255))]),
    good('many-components', 'dots that are not alone, spaces, controls and a right-to-left override are carried as they are', [
      file('...'),
      file(' /.hidden'),
      file('a\u0001b'),
      file('invoice\u202efdp.exe'),
      file('C:\\x'),
    ]),
    good('other-scripts', 'UTF-8 beyond the Latin alphabet', [file('Größe.txt'), file('文件/照片.jpg'), file('👩‍👩‍👧.png')]),
    ok('manifest/note', 'a note: one text of this name and type', { textHex: hex(padded(noteOf())) }, { kind: 'note', ...output([{ ...file('note.txt'), modifiedMs: null }]) }),
    bad('note-of-two', 'a note with a second file', padded(noteOf(file('other.txt')))),
    bad('note-other-name', 'a note whose text has another name', padded(kindOf('note', [file('a.txt')]))),
    bad('note-too-large', 'a note of more than 1 MiB', padded(kindOf('note', [file('note.txt', 1_048_577)]))),
    bad('unknown-kind', 'a kind that version 1 does not have', padded(kindOf('album', [file('note.txt')]))),
    bad('no-files', 'an empty list', padded(jsonOf([]))),
    bad('duplicate', 'one path twice', padded(jsonOf([file('a'), file('b'), file('a')]))),
    bad('unknown-version', 'version 2', padded(jsonOf([file('a')], { version: 2 }))),
    bad('negative-size', 'a size below zero', padded(jsonOf([file('a', -1)]))),
    bad('fraction', 'a size that is no whole number', padded(jsonOf([file('a', 1.5)]))),
    bad('size-beyond', 'a size of 2^53', padded(jsonOf([file('a', 2 ** 53)]))),
    bad('sum-beyond', 'sizes whose sum is above 2^53-1', padded(jsonOf([file('a', beyond), file('b', 1)]))),
    bad('size-as-text', 'a size as text', padded(jsonOf([file('a', '3')]))),
    ok(
      'manifest/opening',
      'an opening manifest has no digest yet',
      { textHex: hex(padded(text(JSON.stringify({ version: 1, files: [file('a.txt')], segments: { count: 1, digest: null } })))) },
      { ...output([file('a.txt')]), segmentsDigestHex: null },
    ),
    bad('no-digest', 'a manifest that leaves the digest out', padded(text(JSON.stringify({ version: 1, files: [file('a')], segments: { count: 1 } })))),
    bad('short-digest', 'a digest of 31 bytes', padded(text(JSON.stringify({ version: 1, files: [file('a')], segments: { count: 1, digest: b64(digest.subarray(1)) } })))),
    bad('no-segments', 'a count of zero', padded(text(JSON.stringify({ version: 1, files: [file('a')], segments: { count: 0, digest: b64(digest) } })))),
    badPath('empty', 'an empty path', ''),
    badPath('parent', 'path traversal', '../a'),
    badPath('parent-inside', 'path traversal inside', 'a/../b'),
    badPath('parent-last', 'path traversal at the end', 'a/..'),
    badPath('dot', 'a component `.`', 'a/./b'),
    badPath('absolute', 'an absolute path has an empty component', '/etc/passwd'),
    badPath('double-slash', 'an empty component', 'a//b'),
    badPath('trailing-slash', 'an empty component at the end', 'a/'),
    badPath('nul', 'a NUL', 'a\0b'),
    badPath('long-name', 'a component of 256 bytes', 'n'.repeat(256)),
    badPath('long-name-utf8', 'a component of 128 characters that take 256 bytes', 'ö'.repeat(128)),
    badPath('long', 'more than 4096 bytes', Array.from({ length: 17 }, () => 'n'.repeat(250)).join('/')),
    badPath('lone-surrogate', 'a lone surrogate, escaped in the JSON, is no UTF-8', '\ud800'),
    bad('not-utf8', 'a byte that no UTF-8 has', padded(Buffer.from(one.map((byte) => (byte === 0x61 ? 0xff : byte))))),
    bad('padding-not-zero', 'padding with a one in it', Buffer.from(padded(one).map((byte, i, all) => (i === all.length - 1 ? 1 : byte)))),
    bad('truncated', 'JSON that ends early', padded(one.subarray(0, -1))),
    bad('only-zeros', 'padding alone', Buffer.alloc(256)),
    bad('empty', 'no bytes at all', Buffer.alloc(0)),
    bad('two-values', 'two JSON values', padded(Buffer.concat([one, one]))),
    bad('byte-order-mark', 'JSON begins with a brace', padded(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), one]))),
    ok(
      'sealed-manifest/one-file',
      'version, salt and box, as the coordinator stores it',
      { secretHex: hex(secret), saltHex: hex(salt), textHex: hex(padded(one)) },
      { sealedHex: hex(sealed) },
    ),
    refused('wrong_key', 'sealed-manifest/other-secret', 'the key of another transfer', { secretHex: hex(bytesOf('another secret', 32)), sealedHex: hex(sealed) }),
    refused('wrong_key', 'sealed-manifest/flipped', 'one bit of the box', {
      secretHex: hex(secret),
      sealedHex: hex(Buffer.from(sealed.map((byte, i) => (i === 40 ? byte ^ 1 : byte)))),
    }),
    ok(
      'segments-digest/two-segments',
      'what the manifest commits to: two segments of three shards',
      { transferIdHex: hex(transferId), segments: table.map(({ salt, roots }) => ({ saltHex: hex(salt), rootsHex: roots.map(hex) })) },
      { digestHex: hex(folded) },
    ),
  ];
}
