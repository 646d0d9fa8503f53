/** What a transfer contains: names, sizes, types, and the commitment to every shard. docs/protocol.md §5. */
import { sha256 } from '@noble/hashes/sha2.js';
import * as v from 'valibot';
import { decodeB64, encodeB64, equalBytes, utf8, KEY_BYTES, type ShardId, type TransferId } from './bytes.ts';
import { SendError } from './errors.ts';
import { padme } from './layout.ts';
import { MAX_FILES, MAX_NAME_BYTES, MAX_NOTE_BYTES, MAX_PATH_BYTES, MIN_MANIFEST_TEXT_BYTES, NOTE_PATH, NOTE_TYPE } from './limits.ts';

export interface ManifestFile {
  readonly path: string;
  readonly bytes: number;
  /** Media type, or empty. */
  readonly type: string;
  readonly modifiedMs: number | null;
}

export interface Manifest {
  /** A text to be read where the link is opened; left out where files are sent. */
  readonly kind?: 'note';
  readonly files: readonly ManifestFile[];
  readonly segmentCount: number;
  /** 32 bytes of the `SegmentsDigest`; null in an opening manifest, which the sender put before it was done. */
  readonly segmentsDigest: Uint8Array | null;
}

/** A segment as the coordinator lists it. */
export interface SegmentCommitment {
  readonly salt: Uint8Array;
  /** One a shard index. */
  readonly roots: readonly ShardId[];
}

const wholeNumber = v.pipe(v.number(), v.safeInteger());
export const manifestFilesSchema = v.pipe(
  v.array(
    v.object({
      path: v.pipe(v.string(), v.check(isManifestPath)),
      bytes: v.pipe(wholeNumber, v.minValue(0)),
      type: v.pipe(v.string(), v.maxLength(255)),
      modifiedMs: v.nullable(wholeNumber),
    }),
  ),
  v.minLength(1),
  v.maxLength(MAX_FILES),
);
const schema = v.object({
  version: v.literal(1),
  kind: v.optional(v.literal('note')),
  files: manifestFilesSchema,
  segments: v.object({ count: v.pipe(wholeNumber, v.minValue(1)), digest: v.nullable(v.string()) }),
});

/** Whether a path may stand in a manifest: relative, no empty, `.` or `..` component, within the limits. */
export function isManifestPath(path: string): boolean {
  const bytes = new TextEncoder().encode(path).length;
  if (bytes === 0 || bytes > MAX_PATH_BYTES || path.includes('\0') || !path.isWellFormed()) return false;
  return path.split('/').every((name) => name !== '' && name !== '.' && name !== '..' && new TextEncoder().encode(name).length <= MAX_NAME_BYTES);
}

/** @returns the padded text to be sealed. */
export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  const json = utf8(
    JSON.stringify({
      version: 1,
      ...(manifest.kind ? { kind: manifest.kind } : {}),
      files: manifest.files.map(({ path, bytes, type, modifiedMs }) => ({ path, bytes, type, modifiedMs })),
      segments: { count: manifest.segmentCount, digest: manifest.segmentsDigest && encodeB64(manifest.segmentsDigest) },
    }),
  );
  const padded = new Uint8Array(padme(Math.max(json.length, MIN_MANIFEST_TEXT_BYTES)));
  padded.set(json);
  return padded;
}

/** @param text - the opened text with its padding. @throws SendError `manifest_damaged`. */
export function parseManifest(text: Uint8Array): Manifest {
  const end = text.lastIndexOf(0x7d) + 1; // the JSON's closing brace; only zeros may follow
  if (text.subarray(end).some((byte) => byte !== 0)) throw new SendError('manifest_damaged', 'padding is not zero');
  let parsed;
  try {
    parsed = v.parse(schema, JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text.subarray(0, end))));
  } catch (cause) {
    throw new SendError('manifest_damaged', 'the manifest is malformed', { cause });
  }
  if (new Set(parsed.files.map((file) => file.path)).size !== parsed.files.length) throw new SendError('manifest_damaged', 'a path stands twice');
  const total = parsed.files.reduce((sum, file) => sum + file.bytes, 0);
  if (!Number.isSafeInteger(total)) throw new SendError('manifest_damaged', 'sizes overflow');
  if (parsed.kind === 'note' && !isNote(parsed.files)) throw new SendError('manifest_damaged', 'this is no note');
  const { count, digest } = parsed.segments;
  return {
    ...(parsed.kind ? { kind: parsed.kind } : {}),
    files: parsed.files,
    segmentCount: count,
    segmentsDigest: digest === null ? null : decodeB64(digest, KEY_BYTES, 'manifest_damaged'),
  };
}

/** Whether these files are what a note holds: one text of its own name, type and size. */
export function isNote([note, ...others]: readonly Pick<ManifestFile, 'path' | 'bytes' | 'type'>[]): boolean {
  return note !== undefined && others.length === 0 && note.path === NOTE_PATH && note.type === NOTE_TYPE && note.bytes <= MAX_NOTE_BYTES;
}

/** Folds the segment table, in order, into the digest that the manifest carries. */
export class SegmentsDigest {
  readonly #hash = sha256.create();
  constructor(transferId: TransferId, segmentCount: number) {
    const count = new Uint8Array(4);
    new DataView(count.buffer).setUint32(0, segmentCount);
    this.#hash.update(utf8('shardsend/1 segments')).update(transferId).update(count);
  }
  add({ salt, roots }: SegmentCommitment): void {
    this.#hash.update(salt);
    for (const root of roots) this.#hash.update(root);
  }
  digest(): Uint8Array {
    return this.#hash.digest();
  }
  matches(manifest: Manifest): boolean {
    return manifest.segmentsDigest !== null && equalBytes(this.digest(), manifest.segmentsDigest);
  }
}
