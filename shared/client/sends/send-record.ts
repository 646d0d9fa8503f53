/** What a sender's machine remembers of one transfer: enough to show it, hand its links over again, and end it. */
import * as v from 'valibot';
import { ID_BYTES, KEY_BYTES, utf8 } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { b64, count, httpUrl, timeMs, whole } from '../../protocol/fields.ts';
import { linkTermsSchema } from '../../protocol/messages.ts';
import { MAX_FILES, MAX_LINKS, MAX_NODES, MAX_PATH_BYTES } from '../../protocol/limits.ts';

const MAX_LINK_CHARACTERS = 4096;
/** UTF-16 units, as a form's field counts them. */
export const MAX_LABEL_CHARACTERS = 200;

export const linkRecordSchema = v.object({
  linkId: b64(ID_BYTES),
  /** The whole link, with its key. */
  link: v.pipe(v.string(), v.maxLength(MAX_LINK_CHARACTERS)),
  /** The sender's own word for it, often empty; nobody else gets to know it. */
  label: v.pipe(v.string(), v.maxLength(MAX_LABEL_CHARACTERS)),
  password: v.boolean(),
  /** What the coordinator was told of the link, until it is known to have heard: so that the same can be said again. */
  unanswered: v.optional(v.object({ ...linkTermsSchema.entries, gaveUp: v.optional(v.boolean()) })),
});
export type LinkRecord = v.InferOutput<typeof linkRecordSchema>;

const downloads = v.object({ limit: v.nullable(count), committed: count });
/** What the coordinator last said, for when it cannot be asked. */
const lastSeenSchema = v.object({
  atMs: timeMs,
  state: v.picklist(['uploading', 'ready', 'expired', 'used_up', 'revoked', 'unknown']),
  /** Of all links together. */
  downloads,
  links: v.pipe(v.array(v.object({ linkId: b64(ID_BYTES), state: v.picklist(['open', 'used_up', 'revoked']), downloads })), v.maxLength(MAX_LINKS)),
  /** How many nodes the transfer could still lose. */
  survives: whole(-MAX_NODES, MAX_NODES),
  totalShards: whole(1, MAX_NODES),
});
export type LastSeen = v.InferOutput<typeof lastSeenSchema>;

export const sendRecordSchema = v.object({
  version: v.literal(1),
  transferId: b64(ID_BYTES),
  /** Origin. */
  coordinator: httpUrl,
  ownerToken: b64(KEY_BYTES),
  contentSecret: b64(KEY_BYTES),
  /** The first file's name. */
  title: v.pipe(v.string(), v.maxLength(MAX_PATH_BYTES)),
  fileCount: whole(1, MAX_FILES),
  /** Sum of the files' sizes. */
  bytes: count,
  createdAtMs: timeMs,
  expiresAtMs: timeMs,
  links: v.pipe(v.array(linkRecordSchema), v.maxLength(MAX_LINKS)),
  /** Null once everything is stored. */
  upload: v.nullable(v.object({ state: v.picklist(['sending', 'paused']) })),
  /** Whether the person wants to hear of downloads, and how many of them were told. */
  notify: v.boolean(),
  toldDownloads: count,
  lastSeen: v.nullable(lastSeenSchema),
});
export type SendRecord = v.InferOutput<typeof sendRecordSchema>;

export const encodeSendRecord = (record: SendRecord): Uint8Array<ArrayBuffer> => utf8(JSON.stringify(record));

/** @throws SendError `record_unreadable`. */
export function decodeSendRecord(text: Uint8Array): SendRecord {
  let input: unknown;
  try {
    input = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (cause) {
    throw new SendError('record_unreadable', 'the record is no JSON', { cause });
  }
  const result = v.safeParse(sendRecordSchema, input, { abortEarly: true });
  if (!result.success) throw new SendError('record_unreadable', 'the record has another form');
  return result.output;
}
