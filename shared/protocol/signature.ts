/** Ed25519 through the platform's WebCrypto: keys, signatures and signed requests. docs/protocol.md §8. RFC 8032. */
import { concatBytes, decodeB64, encodeB64, encodeHex, utf8, SIGNATURE_BYTES, KEY_BYTES } from './bytes.ts';
import { SendError } from './errors.ts';
import { REQUEST_SKEW_MS } from './limits.ts';

const ALGORITHM = 'Ed25519';
/** DER prefix of an Ed25519 private key in PKCS #8 (RFC 8410 §7); the 32-byte seed follows. */
const PKCS8_PREFIX = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20);

export interface SigningKey {
  readonly privateKey: CryptoKey;
  /** 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
}

/** @param seed - 32 random bytes, to be kept secret. */
export async function signingKeyFromSeed(seed: Uint8Array): Promise<SigningKey> {
  if (seed.length !== KEY_BYTES) throw new RangeError('a seed has 32 bytes');
  // Extractable only here, to read the public half; what is returned can sign and nothing else.
  const encoded = concatBytes(PKCS8_PREFIX, seed);
  const readable = await crypto.subtle.importKey('pkcs8', encoded, ALGORITHM, true, ['sign']);
  const jwk = (await crypto.subtle.exportKey('jwk', readable)) as { x?: string };
  if (jwk.x === undefined) throw new Error('the platform did not derive a public key');
  const privateKey = await crypto.subtle.importKey('pkcs8', encoded, ALGORITHM, false, ['sign']);
  return { privateKey, publicKey: decodeB64(jwk.x, KEY_BYTES) };
}

/** @param publicKey - 32 bytes. @throws SendError `bad_request` when they are no point on the curve. */
export async function importVerifyingKey(publicKey: Uint8Array): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('raw', Uint8Array.from(publicKey), ALGORITHM, true, ['verify']);
  } catch (cause) {
    throw new SendError('bad_request', 'not an Ed25519 public key', { cause });
  }
}

export async function signBytes(key: CryptoKey, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, bytes));
}

export async function verifyBytes(key: CryptoKey, signature: Uint8Array, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  return signature.length === SIGNATURE_BYTES && (await crypto.subtle.verify(ALGORITHM, key, Uint8Array.from(signature), bytes));
}

/** Who signs requests: a node, or an account (docs/protocol.md §14). What the one signed is nothing that the other said. */
const ROLES = {
  node: { scheme: 'Shardsend-Node', label: 'shardsend/1 request' },
  account: { scheme: 'Shardsend-Account', label: 'shardsend/1 account request' },
} as const;
export type SignerRole = keyof typeof ROLES;

async function requestBytes(role: SignerRole, { coordinatorKey, method, pathAndQuery, body }: RequestToSign, atMs: number): Promise<Uint8Array<ArrayBuffer>> {
  const hash = encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(body))));
  return utf8(`${ROLES[role].label}\0${encodeB64(coordinatorKey)}\n${method}\n${pathAndQuery}\n${atMs}\n${hash}`);
}

export interface RequestToSign {
  /** 32 bytes: whom it is for, so that no other coordinator which the signer knows can be told the same. */
  readonly coordinatorKey: Uint8Array;
  readonly method: string;
  /** As it stands in the request line: `/api/nodes`. */
  readonly pathAndQuery: string;
  readonly body: Uint8Array;
}

/** @returns the value of the `Authorization` header. */
export async function signRequest(key: SigningKey, request: RequestToSign, nowMs: number, role: SignerRole = 'node'): Promise<string> {
  const atMs = Math.floor(nowMs);
  const signature = await signBytes(key.privateKey, await requestBytes(role, request, atMs));
  return `${ROLES[role].scheme} ${encodeB64(key.publicKey)}.${atMs}.${encodeB64(signature)}`;
}

/** @returns who signed, by the public key, and when. @throws SendError `unauthorized` for a missing, malformed, stale or wrong signature. */
export async function verifyRequest(
  authorization: string | null | undefined,
  request: RequestToSign,
  nowMs: number,
  role: SignerRole = 'node',
): Promise<{ publicKey: Uint8Array<ArrayBuffer>; atMs: number }> {
  const match = /^([\w-]+) ([\w-]{43})\.(0|[1-9]\d{0,14})\.([\w-]{86})$/.exec(authorization ?? '');
  if (match?.[1] !== ROLES[role].scheme) throw new SendError('unauthorized');
  const publicKey = decodeB64(match[2]!, KEY_BYTES, 'unauthorized');
  const atMs = Number(match[3]);
  const signature = decodeB64(match[4]!, SIGNATURE_BYTES, 'unauthorized');
  if (Math.abs(nowMs - atMs) > REQUEST_SKEW_MS) throw new SendError('unauthorized', 'the request is stale');
  const key = await importVerifyingKey(publicKey);
  if (!(await verifyBytes(key, signature, await requestBytes(role, request, atMs)))) throw new SendError('unauthorized', 'the signature does not verify');
  return { publicKey, atMs };
}
