/**
 * The coordinator's JSON messages: one schema each, from which its type follows, read by both ends. Byte strings stay
 * b64 text in these types; their schema has checked form and length. docs/protocol.md §9, §10.
 */
import * as v from 'valibot';
import { ID_BYTES, KEY_BYTES, SIGNATURE_BYTES } from './bytes.ts';
import { SendError, type ErrorCode } from './errors.ts';
import { ascending, b64, count, httpUrl, problemCode, roots, segmentIndex, shardIndex, shardIndexes, timeMs, whole } from './fields.ts';
import {
  ENVELOPE_BYTES,
  MAX_CONTENT_BYTES,
  MAX_DOWNLOADS,
  MAX_EXPIRES_IN_SECONDS,
  MAX_LINKS,
  MAX_NODES,
  MAX_PACE_RATIO,
  MAX_SEGMENTS_PER_COMMIT,
  MAX_SEGMENTS_PER_RECEIPT,
  MAX_SEGMENTS_PER_REBUILD,
  MAX_SEGMENT_TABLE_PAGE,
  MAX_SHARD_BYTES,
  MIN_CONTENT_BYTES,
  MIN_EXPIRES_IN_SECONDS,
} from './limits.ts';
import { ORDER_BYTES } from './order.ts';

export const seatSchema = v.object({ shardIndex, nodeId: b64(KEY_BYTES), url: httpUrl, order: b64(ORDER_BYTES) });
export type Seat = v.InferOutput<typeof seatSchema>;
const seats = v.pipe(v.array(seatSchema), v.maxLength(MAX_NODES));
export const seatsSchema = v.object({ nodes: seats });

export const problemSchema = v.object({ shardIndex, code: problemCode });
export type Problem = v.InferOutput<typeof problemSchema>;
const problems = v.pipe(v.array(problemSchema), v.maxLength(256));

/** How fast a node moved a transfer's shards, over the median of the transfer's nodes. */
export const paceSchema = v.object({ shardIndex, ratio: v.pipe(v.number(), v.minValue(1 / MAX_PACE_RATIO), v.maxValue(MAX_PACE_RATIO)) });
export type Pace = v.InferOutput<typeof paceSchema>;
const paces = v.optional(
  v.pipe(
    v.array(paceSchema),
    v.maxLength(MAX_NODES),
    v.check((list) => new Set(list.map((pace) => pace.shardIndex)).size === list.length, 'shard indexes must differ'),
  ),
);

export const networkSchema = v.object({
  version: v.literal(1),
  coordinatorKey: b64(KEY_BYTES),
  nowMs: timeMs,
  nodes: v.object({ online: count, total: count }),
  limits: v.object({ maxContentBytes: count, minExpiresInSeconds: count, maxExpiresInSeconds: count, maxDownloads: count }),
});
export type Network = v.InferOutput<typeof networkSchema>;

/** Of a node's program. */
const version = v.pipe(v.string(), v.maxLength(32), v.regex(/^[\w.+-]+$/));
export const registrationSchema = v.object({
  url: httpUrl,
  operator: v.pipe(v.string(), v.minLength(1), v.maxLength(64), v.regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@-]*$/u)),
  capacityBytes: count,
  freeBytes: count,
  version,
  /** `H` of the token with which the node's page may be read (§10, operators). */
  viewHash: v.optional(b64(KEY_BYTES)),
  region: v.optional(v.object({ latitude: v.pipe(v.number(), v.minValue(-90), v.maxValue(90)), longitude: v.pipe(v.number(), v.minValue(-180), v.maxValue(180)) })),
});
export type Registration = v.InferOutput<typeof registrationSchema>;
/** How often the coordinator wants to hear of a node; left out, every 30 s. */
const heartbeatMs = v.optional(whole(100, 600_000));
/** Length of an epoch, in which the network audits and reconciles once: an hour. */
const epochMs = v.optional(whole(1_000, 24 * 3600_000));
export const registeredSchema = v.object({ nodeId: b64(KEY_BYTES), coordinatorKey: b64(KEY_BYTES), heartbeatMs, epochMs });
export const heartbeatSchema = v.object({ freeBytes: count, usedBytes: count, version });
export type Heartbeat = v.InferOutput<typeof heartbeatSchema>;
export const heartbeatAnswerSchema = v.object({ nowMs: timeMs, heartbeatMs, epochMs });
export const healthSchema = v.object({
  nodeId: b64(KEY_BYTES),
  version: v.string(),
  capacityBytes: count,
  usedBytes: count,
  freeBytes: count,
  shards: count,
  atMs: timeMs,
  signature: v.optional(b64(SIGNATURE_BYTES)),
});
export type Health = v.InferOutput<typeof healthSchema>;

const linkId = b64(ID_BYTES);
// Entries are shared as they are, not read from a schema: a page's build can then leave out the schemas that it does not use.
const downloadLimit = v.nullable(whole(1, MAX_DOWNLOADS));
export const downloadLimitSchema = v.object({ downloadLimit });
/** A link as its sender gives it to the coordinator, which names it in the path. */
export const linkTermsSchema = v.object({
  downloadLimit,
  /** `H` of its access token. */
  accessHash: b64(KEY_BYTES),
  /** The content secret, sealed for whoever has the link's key. */
  envelope: b64(ENVELOPE_BYTES),
  password: v.boolean(),
});
export type LinkTerms = v.InferOutput<typeof linkTermsSchema>;
export const newLinkSchema = v.object({ linkId, ...linkTermsSchema.entries });
export type NewLink = v.InferOutput<typeof newLinkSchema>;

const downloads = v.object({ limit: v.nullable(count), committed: count, claimed: count });
export const linkStatusSchema = v.object({
  linkId,
  state: v.picklist(['open', 'used_up', 'revoked']),
  downloads,
  password: v.boolean(),
  /** How often somebody had the link and not its password. */
  wrongTries: count,
});
export type LinkStatus = v.InferOutput<typeof linkStatusSchema>;

export const createTransferSchema = v.object({
  contentBytes: whole(MIN_CONTENT_BYTES, MAX_CONTENT_BYTES),
  expiresInSeconds: whole(MIN_EXPIRES_IN_SECONDS, MAX_EXPIRES_IN_SECONDS),
  link: newLinkSchema,
});
export type CreateTransfer = v.InferOutput<typeof createTransferSchema>;

/** Whether the time is one that is allowed is judged by the clock. */
export const changeTransferSchema = v.object({ expiresAtMs: timeMs });

const state = v.picklist(['uploading', 'ready']);
const redundancy = { requiredShards: whole(1, MAX_NODES), totalShards: whole(1, MAX_NODES) };
export const placementSchema = v.object({
  transferId: b64(ID_BYTES),
  state,
  ...redundancy,
  safeShards: whole(1, MAX_NODES),
  expiresAtMs: timeMs,
  nodes: seats,
  /** How many nodes, and how many operators with all their nodes, can be lost at worst once every shard is stored. */
  survives: v.object({ nodes: whole(0, MAX_NODES), operators: whole(0, MAX_NODES) }),
  /** Names of the rules of placement that the network was too small to keep; §4. */
  relaxed: v.pipe(v.array(v.pipe(v.string(), v.maxLength(32))), v.maxLength(16)),
});
export type Placement = v.InferOutput<typeof placementSchema>;

export const statusSchema = v.object({
  transferId: b64(ID_BYTES),
  // Ended states stand only in the answer to what ended the transfer; any other request of it is refused by its code.
  state: v.picklist(['uploading', 'ready', 'expired', 'used_up', 'revoked']),
  ...redundancy,
  contentBytes: whole(MIN_CONTENT_BYTES, MAX_CONTENT_BYTES),
  createdAtMs: timeMs,
  expiresAtMs: timeMs,
  segments: v.object({ total: count, committed: count }),
  /** Whether whoever sends is at it; null unless the transfer is uploading. */
  sender: v.nullable(v.picklist(['active', 'paused', 'silent'])),
  survives: v.pipe(v.number(), v.safeInteger()),
});
export type Status = v.InferOutput<typeof statusSchema>;
/** What the sender is told. */
export const ownerStatusSchema = v.object({ ...statusSchema.entries, links: v.pipe(v.array(linkStatusSchema), v.maxLength(MAX_LINKS)) });
export type OwnerStatus = v.InferOutput<typeof ownerStatusSchema>;
/** What the holder of one link is told: nothing of other links. The envelope is gone once the link or the transfer is over. */
export const recipientStatusSchema = v.object({ ...statusSchema.entries, downloads, envelope: v.nullable(b64(ENVELOPE_BYTES)) });
export type RecipientStatus = v.InferOutput<typeof recipientStatusSchema>;

/** `session` is one run of a sender's program, which numbers its words. */
export const presenceSchema = v.object({ state: v.picklist(['active', 'paused']), session: b64(ID_BYTES), number: whole(1, 0xffffffff) });
export type PresenceWord = v.InferOutput<typeof presenceSchema>;
export type Presence = PresenceWord['state'];

export const shardIndexesSchema = v.object({ shardIndexes });

const receiptEntries = {
  shardIndex,
  /** Of the order under which the shards were stored. */
  shardExpiresAtMs: timeMs,
  storedAtMs: timeMs,
  segments: v.pipe(v.array(segmentIndex), v.minLength(1), v.maxLength(MAX_SEGMENTS_PER_RECEIPT), v.check(ascending, 'segments must ascend')),
  signature: b64(SIGNATURE_BYTES),
};
export const receiptSchema = v.object(receiptEntries);
export type ReceiptMessage = v.InferOutput<typeof receiptSchema>;
export const segmentEntrySchema = v.object({ index: segmentIndex, salt: b64(KEY_BYTES), roots });
export type SegmentEntry = v.InferOutput<typeof segmentEntrySchema>;
export const commitSegmentsSchema = v.object({
  segments: v.pipe(v.array(segmentEntrySchema), v.maxLength(MAX_SEGMENTS_PER_COMMIT)),
  receipts: v.pipe(v.array(receiptSchema), v.maxLength(4 * MAX_NODES)),
});
export type CommitSegments = v.InferOutput<typeof commitSegmentsSchema>;
export const committedSchema = v.object({ committed: count });

export const segmentTableSchema = v.object({
  segments: v.pipe(
    v.array(v.object({ ...segmentEntrySchema.entries, stored: v.pipe(v.array(shardIndex), v.maxLength(MAX_NODES), v.check(ascending, 'shard indexes must ascend')) })),
    v.maxLength(MAX_SEGMENT_TABLE_PAGE),
  ),
  next: v.nullable(segmentIndex),
});
export type SegmentTable = v.InferOutput<typeof segmentTableSchema>;

const claimId = b64(ID_BYTES);
export const claimSchema = v.object({ claimId, leaseExpiresAtMs: timeMs, nodes: seats });
export type Claim = v.InferOutput<typeof claimSchema>;
export const claimIdSchema = v.object({ claimId });
export const leaseSchema = v.object({ leaseExpiresAtMs: timeMs });
export const fetchOrdersSchema = v.object({ claimId, shardIndexes });
export const commitClaimSchema = v.object({ claimId, problems, paces });
export const releaseClaimSchema = v.object({ claimId, problems });
export const completeSchema = v.object({ problems, paces });
/** What a client met at the nodes of a transfer that it finished. */
export type NodesReport = v.InferOutput<typeof completeSchema>;

export const rebuildSchema = v.object({
  jobId: b64(ID_BYTES),
  transferId: b64(ID_BYTES),
  ...redundancy,
  /** The transfer's: recipients, and so visitors, ask up to it. */
  lastSegment: segmentIndex,
  /** How long the coordinator waits for the report, from when it sends this. */
  leaseMs: whole(1, 24 * 3600_000),
  segments: v.pipe(v.array(v.object({ index: segmentIndex, shardBytes: whole(1, MAX_SHARD_BYTES), roots })), v.minLength(1), v.maxLength(MAX_SEGMENTS_PER_REBUILD)),
  sources: seats,
  targets: v.pipe(v.array(v.object({ ...seatSchema.entries, segments: receiptEntries.segments })), v.maxLength(MAX_NODES)),
});
export type Rebuild = v.InferOutput<typeof rebuildSchema>;
export const rebuildReportSchema = v.object({ jobId: b64(ID_BYTES), receipts: v.pipe(v.array(receiptSchema), v.maxLength(4 * MAX_NODES)), problems });
export type RebuildReport = v.InferOutput<typeof rebuildReportSchema>;

export const deletionSchema = v.object({ transferId: b64(ID_BYTES), nodeId: b64(KEY_BYTES), deletedAtMs: timeMs, shards: count, bytes: count, signature: b64(SIGNATURE_BYTES) });
export type Deletion = v.InferOutput<typeof deletionSchema>;

/** A node's answer to an extend order. */
export const expirySchema = v.object({
  transferId: b64(ID_BYTES),
  nodeId: b64(KEY_BYTES),
  shardExpiresAtMs: timeMs,
  shards: whole(0, 0xffffffff),
  signature: b64(SIGNATURE_BYTES),
});
export type Expiry = v.InferOutput<typeof expirySchema>;

/** @throws SendError `code`, naming the first field that is wrong but never its value. */
export function parseMessage<T extends v.GenericSchema>(schema: T, input: unknown, code: ErrorCode = 'bad_request'): v.InferOutput<T> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  const path = result.issues[0].path?.map((item) => (typeof item.key === 'number' ? '[]' : String(item.key).slice(0, 40))).join('.') ?? 'message';
  throw new SendError(code, `malformed: ${path}`);
}
