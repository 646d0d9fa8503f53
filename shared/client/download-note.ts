/**
 * What a recipient's machine notes down of a download that may be interrupted: how far it is, and its claim. Sealed under a
 * key of the link, so that only who opens the link again can read it; lies beside the files that it speaks of.
 */
import * as v from 'valibot';
import { deriveJournalKey, deriveJournalName, openJournal, sealJournal } from '../crypto/index.ts';
import { concatBytes, encodeHex, utf8, type LinkSecret, type TransferId } from '../protocol/bytes.ts';
import type { Leftover } from './deps.ts';

const NONCE_BYTES = 12;

export interface LinkKeys {
  readonly secret: LinkSecret;
  readonly transferId: TransferId;
}

const wholeFileSchema = v.object({ name: v.string(), mime: v.string() });
/** The only file of a transfer, once it is here whole: what handing it over needs when the manifest cannot be read any more. */
export type WholeFile = v.InferOutput<typeof wholeFileSchema>;

const schema = v.object({
  version: v.literal(1),
  segments: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  claimId: v.string(),
  /** Bytes of the content, which the segments' number has a meaning for. */
  contentBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  whole: v.nullable(wholeFileSchema),
});

export interface DownloadNote extends Leftover {
  readonly contentBytes: number;
  readonly whole: WholeFile | null;
}

/** 64 hex digits; without the link they name nothing. */
export const noteName = ({ secret, transferId }: LinkKeys): string => encodeHex(deriveJournalName(secret, transferId));

/** @param randomBytes - of the platform's generator. @returns nonce ‖ box. */
export async function sealNote(note: DownloadNote, { secret, transferId }: LinkKeys, randomBytes: (length: number) => Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const nonce = randomBytes(NONCE_BYTES);
  const { segments, claimId, contentBytes, whole } = note;
  const text = utf8(JSON.stringify({ version: 1, segments, claimId, contentBytes, whole }));
  return concatBytes(nonce, await sealJournal(deriveJournalKey(secret, transferId), nonce, text));
}

/** @returns null for what is no note of this link's, or one that was damaged: the download then begins anew. */
export async function openNote(sealed: Uint8Array, { secret, transferId }: LinkKeys): Promise<DownloadNote | null> {
  try {
    const text = await openJournal(deriveJournalKey(secret, transferId), sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES));
    return v.parse(schema, JSON.parse(new TextDecoder().decode(text)));
  } catch {
    return null;
  }
}
