/** What every decoder owes whoever feeds it: its own bytes back, and of everything else a SendError and no harm. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as protocol from '../../shared/protocol/index.ts';
import { SendError } from '../../shared/protocol/index.ts';
import { ascendingSegments, bytes, manifestFiles, order, linkSecret, segmentIndex, shardBytes, shardId, shardIndex, someBytes, statements, transferId, u64 } from './arbitrary.ts';

/** The value, or that it was refused. Anything but a SendError is the decoder's fault and passes through. */
function attempt<T>(decode: () => T): { value: T } | 'refused' {
  try {
    return { value: decode() };
  } catch (error) {
    if (error instanceof SendError) return 'refused';
    throw error;
  }
}

interface Codec {
  readonly name: string;
  readonly decode: (bytes: Uint8Array<ArrayBuffer>) => unknown;
  /** Canonical encodings. */
  readonly encoded: fc.Arbitrary<Uint8Array<ArrayBuffer>>;
  /** What a decoded value encodes to again. */
  readonly encode: (value: never) => Uint8Array;
  /** Prefixes that stand for something themselves. */
  readonly whole?: (length: number, full: Uint8Array) => boolean;
}

const STATEMENT_BYTES = 40;
const signature = bytes(64);
const coordinator = await protocol.signingKeyFromSeed(new Uint8Array(32).fill(7));
/** The form alone is under test: any 64 bytes serve as the signature. */
const encodedOrder = fc.tuple(order, signature).map(([value, signed]) => encodeOrder(value, signed));

function encodeOrder(value: protocol.Order, signed: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new protocol.ByteWriter(protocol.ORDER_BYTES).u8(1).u8(['store', 'fetch', 'delete', 'rebuild', 'audit', 'extend'].indexOf(value.action) + 1);
  writer.put(value.serial).put(value.transferId).put(value.nodeId).u8(value.shardIndex).u64(value.maxBytes);
  return writer.u64(value.shardExpiresAtMs).u64(value.notBeforeMs).u64(value.expiresAtMs).put(value.commitment).put(signed).done();
}

const codecs: Codec[] = [
  {
    name: 'client message',
    decode: protocol.parseClientMessage,
    encoded: fc.oneof(
      bytes(protocol.ORDER_BYTES).map(protocol.encodeOpen),
      statements.map(protocol.encodeCommitted),
      fc.record({ segment: segmentIndex, shardBytes, root: shardId }).map(protocol.encodeShardHeader),
      fc.record({ segment: segmentIndex, shardBytes, root: shardId }).map(protocol.encodeHold),
      fc.constant(protocol.encodeSeal()),
    ),
    encode(message: protocol.ClientMessage) {
      if (message.type === 'open') return protocol.encodeOpen(message.order);
      if (message.type === 'committed') return protocol.encodeCommitted(message.shards);
      if (message.type === 'hold') return protocol.encodeHold(message);
      return message.type === 'shard' ? protocol.encodeShardHeader(message) : protocol.encodeSeal();
    },
    whole: (length, full) => full[0] === 0x04 && length > 1 && (length - 1) % STATEMENT_BYTES === 0,
  },
  {
    name: 'node message',
    decode: protocol.parseNodeMessage,
    encoded: fc.oneof(
      fc.integer({ min: 1, max: 1024 }).map(protocol.encodeReady),
      fc.nat(0xffffffff).map(protocol.encodeStored),
      fc.nat(0xffffffff).map(protocol.encodeAbsent),
      fc.tuple(u64, signature, ascendingSegments).map(([storedAtMs, signed, segments]) => protocol.encodeReceipt(storedAtMs, signed, segments)),
      fc
        .tuple(fc.constantFrom(...protocol.ERROR_CODES.filter((code) => protocol.statusOf(code) !== 0)), fc.option(segmentIndex))
        .map(([code, segment]) => protocol.encodeProblem(code, segment)),
    ),
    encode(message: protocol.NodeMessage) {
      if (message.type === 'ready') return protocol.encodeReady(message.window);
      if (message.type === 'stored') return protocol.encodeStored(message.segment);
      if (message.type === 'absent') return protocol.encodeAbsent(message.segment);
      if (message.type === 'receipt') return protocol.encodeReceipt(message.storedAtMs, message.signature, message.segments);
      return protocol.encodeProblem(message.error.code, message.segment);
    },
  },
  {
    name: 'frame header',
    decode: protocol.parseFrameHeader,
    encoded: fc
      .record({ segment: segmentIndex, held: fc.boolean(), shardIndex, shardBytes })
      .map((frame) => protocol.encodeFrameHeader({ ...frame, shardBytes: frame.held ? frame.shardBytes : 0 })),
    encode: protocol.encodeFrameHeader,
  },
  {
    name: 'order',
    decode: (input) => ({ order: protocol.parseOrder(input), signed: input.subarray(-64) }),
    encoded: encodedOrder,
    encode: ({ order: value, signed }: { order: protocol.Order; signed: Uint8Array }) => encodeOrder(value, signed),
  },
  {
    name: 'manifest',
    decode: protocol.parseManifest,
    encoded: fc.record({ files: manifestFiles, segmentCount: fc.integer({ min: 1, max: 100_000 }), segmentsDigest: fc.option(bytes(32)) }).map(protocol.encodeManifest),
    encode: protocol.encodeManifest,
    whole: (length, full) => length > full.lastIndexOf(0x7d), // padding may be short: that it was sealed says that it was not cut
  },
];

describe.each(codecs)('the $name decoder', ({ decode, encoded, encode, whole = () => false }) => {
  test('gives back what was encoded', () => {
    fc.assert(
      fc.property(encoded, (input) => {
        expect(encode(decode(input) as never)).toEqual(input);
      }),
    );
  });

  test('reads from the middle of a larger buffer', () => {
    fc.assert(
      fc.property(encoded, (input) => {
        const around = new Uint8Array(input.length + 20).fill(0xa5);
        around.set(input, 13);
        expect(encode(decode(around.subarray(13, 13 + input.length)) as never)).toEqual(input);
      }),
    );
  });

  test('refuses every truncation', () => {
    fc.assert(
      fc.property(encoded, (input) => {
        for (let length = 0; length < input.length; length++) {
          if (!whole(length, input))
            expect(
              attempt(() => decode(input.subarray(0, length))),
              `cut to ${length}`,
            ).toBe('refused');
        }
      }),
      { numRuns: 30 },
    );
  });

  test('of mutated bytes gives a SendError or something that encodes to them', () => {
    fc.assert(
      fc.property(encoded, fc.nat(), fc.integer({ min: 1, max: 255 }), (input, place, change) => {
        const mutated = Uint8Array.from(input);
        const at = place % mutated.length;
        mutated[at] = mutated[at]! ^ change;
        attempt(() => decode(mutated));
      }),
      { numRuns: 1000 },
    );
  });

  test('of garbage gives a SendError and nothing else', () => {
    fc.assert(
      fc.property(someBytes(400), (input) => void attempt(() => decode(input))),
      { numRuns: 1000 },
    );
  });
});

describe('the decoders of binary messages', () => {
  // Canonical: one value, one spelling. A manifest is JSON and has many.
  const binary = codecs.filter(({ name }) => name === 'frame header' || name === 'order' || name === 'client message');
  test.each(binary)('the $name decoder takes no second spelling of a value', ({ decode, encode, encoded }) => {
    fc.assert(
      fc.property(encoded, fc.nat(), fc.integer({ min: 1, max: 255 }), (input, place, change) => {
        const mutated = Uint8Array.from(input);
        const at = place % mutated.length;
        mutated[at] = mutated[at]! ^ change;
        const outcome = attempt(() => decode(mutated));
        if (outcome !== 'refused') expect(encode(outcome.value as never)).toEqual(mutated);
      }),
      { numRuns: 1000 },
    );
  });

  test('a receipt that announces four billion segments is refused before room is made for them', () => {
    const receipt = protocol.encodeReceipt(1, new Uint8Array(64), [1, 2, 3]);
    new DataView(receipt.buffer).setUint32(1 + 8 + 64, 0xffffffff);
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    for (let i = 0; i < 100; i++) expect(attempt(() => protocol.parseNodeMessage(receipt))).toBe('refused');
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('b64', () => {
  test('gives back any bytes, as Node spells them', () => {
    fc.assert(
      fc.property(someBytes(300), (input) => {
        const text = protocol.encodeB64(input);
        expect(text).toBe(Buffer.from(input).toString('base64url'));
        expect(protocol.decodeB64(text, input.length)).toEqual(input);
      }),
    );
  });

  test('has one spelling for each byte string', () => {
    const character = fc.constantFrom(...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= \nä\u0100'));
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
        const outcome = attempt(() => protocol.decodeB64(text));
        if (outcome !== 'refused') expect(protocol.encodeB64(outcome.value)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the link parser', () => {
  const origin = fc.constantFrom('https://send.example', 'http://localhost:8787', 'https://[2001:db8::1]:444');
  const link = fc.record({ origin, transferId, secret: linkSecret, password: fc.boolean() });

  test('gives back what was encoded', () => {
    fc.assert(
      fc.property(link, (value) => {
        expect(protocol.parseLink(protocol.encodeLink(value))).toEqual(value);
      }),
    );
  });

  test('survives line breaks at any place, %23, brackets and a full stop', () => {
    const wrapping = fc.constantFrom<[string, string]>(['', ''], ['<', '>'], ['(', ').'], ['"', '",'], ['\n', '\n'], ['“', '”']);
    fc.assert(
      fc.property(link, fc.nat(), wrapping, fc.boolean(), (value, place, [before, after], encodedHash) => {
        const text = encodedHash ? protocol.encodeLink(value).replace('#', '%23') : protocol.encodeLink(value);
        const at = place % text.length;
        expect(protocol.parseLink(`${before}${text.slice(0, at)}\r\n ${text.slice(at)}${after}`)).toEqual(value);
      }),
    );
  });

  test('finds every changed character and every truncation of what follows the host', () => {
    fc.assert(
      fc.property(link, fc.nat(), fc.constantFrom(...Array.from('ABCxyz019-_*%')), (value, place, character) => {
        const text = protocol.encodeLink(value);
        const first = value.origin.length + 3;
        const at = first + (place % (text.length - first));
        expect(attempt(() => protocol.parseLink(text.slice(0, at)))).toBe('refused');
        if (text[at] !== character && text[at] !== '#') expect(attempt(() => protocol.parseLink(text.slice(0, at) + character + text.slice(at + 1)))).toBe('refused');
      }),
      { numRuns: 500 },
    );
  });

  test('of any text gives a SendError and nothing else', () => {
    const piece = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.constantFrom('https://', 'http://x', '/d/', '#', '%23', '%', '<', '>', '@', ':', '?'));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => void attempt(() => protocol.parseLink(pieces.join('')))),
      { numRuns: 2000 },
    );
  });
});

describe('JSON messages', () => {
  const schemas = Object.entries(protocol).filter(([name]) => name.endsWith('Schema')) as [string, Parameters<typeof protocol.parseMessage>[0]][];

  test.each(schemas)('%s refuses any JSON that is not its own, with a SendError', (_, schema) => {
    const keys = 'entries' in schema ? Object.keys(schema.entries as object) : [];
    const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;
    const shaped =
      keys.length === 0
        ? value
        : fc.record(Object.fromEntries(keys.map((key) => [key, fc.oneof(value, fc.integer(), fc.string(), bytes(32).map(protocol.encodeB64))])), { requiredKeys: [] });
    fc.assert(fc.property(fc.oneof(value, shaped), (input) => void attempt(() => protocol.parseMessage(schema, input))));
  });

  test('a refusal names the field and never its value', () => {
    const refusal = attemptError(() => protocol.parseMessage(protocol.createTransferSchema, { contentBytes: 'hunter2' }));
    expect(refusal.message).toContain('contentBytes');
    expect(refusal.message).not.toContain('hunter2');
  });
});

function attemptError(run: () => unknown): SendError {
  try {
    run();
  } catch (error) {
    if (error instanceof SendError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('signatures', () => {
  test('an order verifies until any bit of it changes', async () => {
    const coordinatorKey = await protocol.importVerifyingKey(coordinator.publicKey);
    await fc.assert(
      fc.asyncProperty(order, fc.nat(8 * protocol.ORDER_BYTES - 1), async (fields, bit) => {
        const value = { ...fields, notBeforeMs: 1_000_000, expiresAtMs: 1_000_000 + protocol.ORDER_LIFETIME_MS };
        const check = { coordinatorKey, nodeId: value.nodeId, action: value.action, nowMs: 1_000_000 };
        const signed = await protocol.signOrder(value, coordinator.privateKey);
        expect(await protocol.verifyOrder(signed, check)).toEqual(value);
        signed[bit >> 3] = signed[bit >> 3]! ^ (1 << (bit & 7));
        await expect(protocol.verifyOrder(signed, check)).rejects.toMatchObject({ code: expect.stringMatching(/^order_(forged|malformed)$/) as string });
      }),
    );
  });

  test('a signed request with any header gives a verdict or `unauthorized`', async () => {
    const request = { coordinatorKey: coordinator.publicKey, method: 'POST', pathAndQuery: '/api/nodes', body: new Uint8Array(0) };
    const header = await protocol.signRequest(coordinator, request, 1_000_000);
    await fc.assert(
      fc.asyncProperty(fc.nat(header.length - 1), fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }), async (at, character) => {
        const changed = header.slice(0, at) + character + header.slice(at + 1);
        if (changed !== header)
          await expect(protocol.verifyRequest(changed, request, 1_000_000)).rejects.toMatchObject({ code: expect.stringMatching(/^(unauthorized|bad_request)$/) as string });
      }),
    );
  });
});
