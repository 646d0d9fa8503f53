/** What a node's operator, and what everybody, may read of the network's judgement and health. docs/protocol.md §10. */
import * as v from 'valibot';
import { KEY_BYTES } from './bytes.ts';
import { b64, count, timeMs } from './fields.ts';

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** Bytes of a whole network: whole, and exact up to 2^53. Ten thousand disks hold more. */
const totalBytes = v.pipe(v.number(), v.finite(), v.integer(), v.minValue(0));
const standing = v.picklist(['unvetted', 'vetted', 'suspended', 'quarantined', 'disqualified', 'leaving']);

export const nodeStatusSchema = v.object({
  nodeId: b64(KEY_BYTES),
  operator: v.string(),
  version: v.string(),
  url: v.string(),
  standing,
  integrity: share,
  availability: share,
  /** Pace in parts of the network's median; null before there is a measurement. */
  speed: v.nullable(v.number()),
  provedLeaves: count,
  wrongLeaves: count,
  epochMs: count,
  /** Since when an audit is unanswered. */
  owedSinceMs: v.nullable(timeMs),
  /** From when on an appeal is heard; null where there is nothing to appeal against. */
  appealFromMs: v.nullable(timeMs),
  /** `lastExpiresAtMs`: when the last of them expires; null where nothing is held, or an older coordinator does not say. */
  holdings: v.object({ transfers: count, bytes: count, lastExpiresAtMs: v.optional(v.nullable(timeMs), null) }),
  capacityBytes: count,
  freeBytes: count,
  registeredAtMs: timeMs,
  lastSeenMs: timeMs,
  /** The newest first. `sentence` is for people; `reason` holds its code and numbers. */
  history: v.array(v.object({ atMs: timeMs, from: standing, to: standing, reason: v.looseObject({ code: v.string() }), sentence: v.string() })),
});
export type NodeStatus = v.InferOutput<typeof nodeStatusSchema>;

export const networkSummarySchema = v.object({
  version: v.literal(1),
  atMs: timeMs,
  nodes: v.object({
    total: count,
    online: count,
    byStanding: v.record(standing, count),
    /** Of the regions that nodes name; those that name none stand under null. */
    byRegion: v.array(v.object({ region: v.nullable(v.string()), total: count, online: count, capacityBytes: totalBytes, freeBytes: totalBytes })),
    countries: count,
  }),
  capacityBytes: totalBytes,
  freeBytes: totalBytes,
  transfers: v.object({
    live: count,
    bytes: totalBytes,
    /** How many transfers and shards can lose `margin` more nodes; ascending, below 0 for those that wait for nodes to return. */
    byMargin: v.array(v.object({ margin: v.pipe(v.number(), v.integer()), transfers: count, shards: count })),
  }),
  /** Of the last 24 epochs. */
  lastDay: v.object({
    audits: v.object({ proved: count, wrong: count, unanswered: count }),
    /** What was rebuilt after losses and for nodes that leave; what hardening completes after an upload is none of it. */
    repairs: v.object({ jobs: count, shards: count, bytes: totalBytes }),
    visits: v.object({ served: count, refused: count }),
  }),
});
export type NetworkSummary = v.InferOutput<typeof networkSummarySchema>;
