/** The node's HTTP paths: parse, call, answer. docs/protocol.md §9. */
import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  KEY_BYTES,
  MAX_JSON_BYTES,
  ORDER_BYTES,
  SendError,
  decodeB64,
  deletionBytes,
  encodeB64,
  equalBytes,
  expiryBytes,
  auditSchema,
  healthBytes,
  parseMessage,
  rebuildSchema,
  signBytes,
  type Deletion,
  type Expiry,
  type Health,
  type Order,
} from '../../shared/protocol/index.ts';
import type { AnsweredAudit } from '../audit/audit-record.ts';
import { streamProofs } from '../audit/audit-stream.ts';
import type { Clock } from '../clock.ts';
import type { NodeKey } from '../identity/key-files.ts';
import type { Gauge, Metrics } from '../metrics.ts';
import { obeyDeletion } from '../orders/deletion.ts';
import type { OrderGate } from '../orders/order-gate.ts';
import { checkRebuild } from '../rebuild/check-rebuild.ts';
import type { RebuildQueue } from '../rebuild/rebuild-queue.ts';
import type { ShardStore } from '../store/shard-store.ts';
import { answerJson, answerPreflight, answerProblem, answerText, readBody } from './answers.ts';
import { MAX_SPAN_SEGMENTS, streamShards } from './fetch-stream.ts';

const MAX_SEGMENT = 0xfffffffe;

export interface Places {
  open: number;
  readonly limit: number;
}

export interface RouteContext {
  readonly key: NodeKey;
  readonly version: string;
  readonly store: ShardStore;
  readonly gate: OrderGate;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly rebuilds: RebuildQueue;
  readonly gauges: () => readonly Gauge[];
  /** Streams that may run at once, and one more or less of them. */
  readonly fetches: Places;
  readonly audits: Places;
  /** An audit was answered to its end. */
  readonly onAudited: (audit: AnsweredAudit) => void;
  readonly unexpected: (thrown: unknown) => void;
}

/** Answers one request. Never rejects. */
export async function answer(request: IncomingMessage, response: ServerResponse, context: RouteContext): Promise<void> {
  try {
    await route(request, response, context);
  } catch (thrown) {
    const code = thrown instanceof SendError ? thrown.code : 'internal';
    if (code === 'internal') context.unexpected(thrown);
    context.metrics.refused(code);
    if (response.headersSent) response.destroy();
    else {
      // What is left of a body that was refused is not waited for.
      if (!request.complete) response.setHeader('Connection', 'close');
      answerProblem(response, code);
    }
  }
}

async function route(request: IncomingMessage, response: ServerResponse, context: RouteContext): Promise<void> {
  if (request.method === 'OPTIONS') return answerPreflight(response);
  const [path, query = ''] = (request.url ?? '').split('?', 2);
  const parameters = new URLSearchParams(query);
  switch (`${request.method} ${path}`) {
    case 'GET /v1/health':
      return answerJson(response, 200, await health(parameters.get('challenge'), context));
    case 'GET /metrics':
      return answerText(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await renderMetrics(context));
    case 'GET /v1/shards':
      return await fetchShards(request, response, parameters, context);
    case 'DELETE /v1/shards':
      return answerJson(response, 200, await deleteShards(request, context));
    case 'PUT /v1/expiry':
      return answerJson(response, 200, await extendShards(request, context));
    case 'POST /v1/rebuild':
      await acceptRebuild(request, context);
      return answerJson(response, 202, {});
    case 'POST /v1/audit':
      return await answerAudit(request, response, context);
    default:
      throw new SendError('not_found');
  }
}

/** The operator's own programs look here: also while the folder is gone, which is said. */
async function renderMetrics({ store, metrics, gauges }: RouteContext): Promise<string> {
  const isThere = await store.folder.isThere();
  if (isThere) await store.capacity.measure();
  return metrics.render([...gauges(), { name: 'folder_present', help: 'Whether the folder of the node is there: 0 while it is gone.', value: isThere ? 1 : 0 }]);
}

async function health(challenge: string | null, { key, version, store, clock }: RouteContext): Promise<Health> {
  const signature = challenge === null ? {} : { signature: encodeB64(await signBytes(key.privateKey, healthBytes(decodeB64(challenge, KEY_BYTES)))) };
  const space = await store.measure();
  return { nodeId: encodeB64(key.nodeId), version, ...space, shards: store.shards, atMs: clock.nowMs(), ...signature };
}

async function fetchShards(request: IncomingMessage, response: ServerResponse, parameters: URLSearchParams, context: RouteContext): Promise<void> {
  const from = segmentOf(parameters.get('from'));
  const to = segmentOf(parameters.get('to'));
  if (from > to || to - from >= MAX_SPAN_SEGMENTS) throw new SendError('bad_request', 'the range is empty or too long');
  const { fetches } = context;
  if (fetches.open >= fetches.limit) throw new SendError('node_busy');
  fetches.open++;
  try {
    const order = await context.gate.admit(orderOf(request), 'fetch');
    await streamShards(response, order, { from, to }, context);
  } finally {
    fetches.open--;
  }
}

async function deleteShards(request: IncomingMessage, context: RouteContext): Promise<Deletion> {
  const { key } = context;
  const { transferId, deletedAtMs, shards, bytes } = await obeyDeletion(orderOf(request), context);
  const statement = { transferId, nodeId: key.nodeId, deletedAtMs, shards, bytes };
  const signature = await signBytes(key.privateKey, deletionBytes(statement));
  return { ...statement, transferId: encodeB64(transferId), nodeId: encodeB64(key.nodeId), signature: encodeB64(signature) };
}

async function extendShards(request: IncomingMessage, { gate, store, key }: RouteContext): Promise<Expiry> {
  const { transferId, shardExpiresAtMs, notBeforeMs } = await gate.admit(orderOf(request), 'extend');
  const shards = await store.extend(transferId, { expiresAtMs: shardExpiresAtMs, orderedAtMs: notBeforeMs });
  const signature = await signBytes(key.privateKey, expiryBytes({ transferId, nodeId: key.nodeId, shardExpiresAtMs, shards }));
  return { transferId: encodeB64(transferId), nodeId: encodeB64(key.nodeId), shardExpiresAtMs, shards, signature: encodeB64(signature) };
}

async function acceptRebuild(request: IncomingMessage, { gate, rebuilds }: RouteContext): Promise<void> {
  const { body, bytes } = await readJson(request);
  rebuilds.refuseWhenFull();
  const order = await gate.admit(bytes, 'rebuild');
  const job = parseMessage(rebuildSchema, committedJson(body, order));
  checkRebuild(job, order);
  rebuilds.add(job);
}

async function answerAudit(request: IncomingMessage, response: ServerResponse, context: RouteContext): Promise<void> {
  const { body, bytes } = await readJson(request);
  const { gate, audits, clock } = context;
  if (audits.open >= audits.limit) throw new SendError('node_busy');
  audits.open++;
  try {
    const order = await gate.admit(bytes, 'audit');
    const audit = parseMessage(auditSchema, committedJson(body, order));
    const outcome = await streamProofs(response, audit, context);
    if (outcome !== null) context.onAudited({ epoch: audit.epoch, atMs: clock.nowMs(), ...outcome });
  } finally {
    audits.open--;
  }
}

async function readJson(request: IncomingMessage): Promise<{ body: Uint8Array<ArrayBuffer>; bytes: Uint8Array }> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_JSON_BYTES) throw new SendError('too_large');
  return { body: await readBody(request), bytes: orderOf(request) };
}

/** @throws SendError `order_action` for another body than the order was given for, `bad_request` for no JSON. */
function committedJson(body: Uint8Array, order: Order): unknown {
  if (!equalBytes(hash('sha256', body, 'buffer'), order.commitment)) throw new SendError('order_action', 'the order is for another body');
  return parseJson(body);
}

function orderOf(request: IncomingMessage): Uint8Array {
  const match = /^Shardsend-Order ([\w-]+)$/.exec(request.headers.authorization ?? '');
  if (match === null) throw new SendError('order_malformed');
  return decodeB64(match[1]!, ORDER_BYTES, 'order_malformed');
}

function segmentOf(text: string | null): number {
  const segment = text !== null && /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : -1;
  if (segment < 0 || segment > MAX_SEGMENT) throw new SendError('bad_request', 'a segment is missing or out of range');
  return segment;
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new SendError('bad_request', 'JSON expected', { cause });
  }
}
