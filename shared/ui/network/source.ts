/** What the network page reads of the coordinator. docs/protocol.md §10. */
import type * as v from 'valibot';
import { readProblem } from '../../client/read-problem.ts';
import { asSendError, SendError } from '../../protocol/errors.ts';
import { parseMessage } from '../../protocol/messages.ts';
import { networkSummarySchema, nodeStatusSchema, type NetworkSummary, type NodeStatus } from '../../protocol/node-status.ts';
import type { NodeKey } from './node-key.ts';
import type { Answer } from './reading.ts';

const ANSWER_MS = 15_000;

export interface SourceParts {
  /** Of the coordinator: `https://example.org`. */
  readonly origin: string;
  fetch(input: string, init: RequestInit): Promise<Response>;
  now(): number;
}

/** @throws SendError. */
export const readSummary = (parts: SourceParts): Promise<Answer<NetworkSummary>> => read(parts, networkSummarySchema, '/api/network/summary');

/** @throws SendError `unauthorized` or `not_found` where the key does not read this node. */
export const readNodeStatus = (parts: SourceParts, { nodeId, token }: NodeKey): Promise<Answer<NodeStatus>> =>
  read(parts, nodeStatusSchema, `/api/nodes/${nodeId}`, { Authorization: `Shardsend-View ${token}` });

async function read<T extends v.GenericSchema>(parts: SourceParts, schema: T, path: string, headers: Record<string, string> = {}): Promise<Answer<v.InferOutput<T>>> {
  try {
    const response = await parts.fetch(`${parts.origin}${path}`, {
      headers,
      signal: AbortSignal.timeout(ANSWER_MS),
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'error',
    });
    if (!response.ok) throw await readProblem(response);
    return { value: await readAnswer(schema, response), servedAtMs: servedAt(response) ?? parts.now() };
  } catch (thrown) {
    throw asSendError(thrown, 'offline', "couldn't reach the coordinator");
  }
}

/** A coordinator whose answers cannot be read is as good as absent. */
async function readAnswer<T extends v.GenericSchema>(schema: T, response: Response): Promise<v.InferOutput<T>> {
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SendError('unavailable', 'malformed: no JSON', { cause });
  }
  return parseMessage(schema, json, 'unavailable');
}

function servedAt(response: Response): number | null {
  const atMs = Date.parse(response.headers.get('Date') ?? '');
  return Number.isNaN(atMs) ? null : atMs;
}
