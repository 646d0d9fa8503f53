/** Who a person is to Shardsend: keys that follow from 24 words, and nothing else. docs/protocol.md §14. */
import { deriveAccountSeed, deriveVaultKey, deriveVaultNamesKey, entropyOf, hideName, importBoxKey, type BoxKey, type Entropy } from '../../crypto/index.ts';
import { encodeB64 } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { signingKeyFromSeed, type SigningKey } from '../../protocol/signature.ts';

export class Identity {
  /** b64. */
  readonly accountId: string;
  readonly signingKey: SigningKey;
  readonly vaultKey: BoxKey;
  readonly #namesKey: Uint8Array;

  private constructor(signingKey: SigningKey, vaultKey: BoxKey, namesKey: Uint8Array) {
    this.accountId = encodeB64(signingKey.publicKey);
    this.signingKey = signingKey;
    this.vaultKey = vaultKey;
    this.#namesKey = namesKey;
  }

  static async from(entropy: Entropy): Promise<Identity> {
    const [signingKey, vaultKey] = await Promise.all([signingKeyFromSeed(deriveAccountSeed(entropy)), importBoxKey(deriveVaultKey(entropy))]);
    return new Identity(signingKey, vaultKey, deriveVaultNamesKey(entropy));
  }

  /** @returns 16 bytes: an entry's name as the coordinator knows it. */
  hide(name: string): Uint8Array<ArrayBuffer> {
    return hideName(this.#namesKey, name);
  }
}

/** @param text - the words as they were typed. @throws SendError `words_wrong`. */
export function readWords(text: string): Entropy {
  const entropy = entropyOf(text);
  if (entropy === null) throw new SendError('words_wrong');
  return entropy;
}
