/** From the words of an identity to its keys. docs/protocol.md §14. Words: BIP-39; HKDF: RFC 5869. */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { openBox, sealBox, type BoxKey } from './boxes.ts';

declare const brand: unique symbol;
/** 32 bytes: everything of an identity follows from them. */
export type Entropy = Uint8Array<ArrayBuffer> & { readonly [brand]: 'Entropy' };

export const WORD_COUNT = 24;
const ENTROPY_BYTES = 32;
const KEY_BYTES = 32;

/** @param randomBytes - 32 random bytes. */
export function asEntropy(randomBytes: Uint8Array<ArrayBuffer>): Entropy {
  if (randomBytes.length !== ENTROPY_BYTES) throw new RangeError('an identity’s entropy has 32 bytes');
  return randomBytes as Entropy;
}

/** @returns 24 words of the English list. */
export const wordsOf = (entropy: Entropy): string[] => entropyToMnemonic(entropy, wordlist).split(' ');

/**
 * @param text - as a person typed or pasted it: any white space, numbering, capitals.
 * @returns null where these are no 24 words with a right checksum.
 */
export function entropyOf(text: string): Entropy | null {
  const words = text
    .normalize('NFKD')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  if (words.length !== WORD_COUNT) return null;
  try {
    return Uint8Array.from(mnemonicToEntropy(words.join(' '), wordlist)) as Entropy;
  } catch {
    return null; // the only things it throws are an unknown word and a wrong checksum
  }
}

/** Whether a word is of the list: a form can say which one is misspelt. */
export const isWord = (word: string): boolean => wordlist.includes(word);

const derive = (entropy: Entropy, info: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hkdf(sha256, entropy, undefined, new TextEncoder().encode(info), KEY_BYTES));

/** @returns 32 bytes: the seed of the account's Ed25519 key. */
export const deriveAccountSeed = (entropy: Entropy): Uint8Array<ArrayBuffer> => derive(entropy, 'shardsend/1 account');
/** @returns 32 bytes: the AES-256-GCM key of the vault. */
export const deriveVaultKey = (entropy: Entropy): Uint8Array<ArrayBuffer> => derive(entropy, 'shardsend/1 vault');
/** @returns 32 bytes: the HMAC key under which entries' names are hidden. */
export const deriveVaultNamesKey = (entropy: Entropy): Uint8Array<ArrayBuffer> => derive(entropy, 'shardsend/1 vault names');

const AT_REST = new Uint8Array(new TextEncoder().encode('shardsend/1 identity\0'));

/** @param key - of a password, for this sealing alone: its salt is drawn anew each time. */
export const sealIdentityBox = (key: BoxKey, entropy: Entropy): Promise<Uint8Array<ArrayBuffer>> => sealBox(key, AT_REST, entropy);
/** @throws OpenError. */
export const openIdentityBox = (key: BoxKey, box: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> => openBox(key, AT_REST, box);
