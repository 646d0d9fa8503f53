/** What the coordinator asks of nodes. Their answers are a stranger's: bounded in size and time, checked in form, never followed elsewhere. */
import { asNodeId, asTransferId, decodeB64, encodeB64, equalBytes, KEY_BYTES, SIGNATURE_BYTES, type NodeId } from '../../shared/protocol/bytes.ts';
import { SendError, asSendError, parseProblem } from '../../shared/protocol/errors.ts';
import { deletionSchema, expirySchema, healthSchema, parseMessage, type Deletion, type Expiry } from '../../shared/protocol/messages.ts';
import { deletionBytes, expiryBytes, healthBytes } from '../../shared/protocol/receipt.ts';
import { importVerifyingKey, verifyBytes } from '../../shared/protocol/signature.ts';
import { parseJson, readBody } from '../http/body.ts';

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;

async function askNode(url: string, init: RequestInit): Promise<unknown> {
  // A timer that is cleared: one that runs on keeps an idle object from being put away.
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: patience.signal });
    if (!response.ok) throw await readProblem(response);
    const body = await readBody(response.body, MAX_ANSWER_BYTES);
    return body.length === 0 ? null : parseJson(body);
  } catch (thrown) {
    throw asSendError(thrown, 'unavailable', "couldn't reach the node");
  } finally {
    clearTimeout(timer);
  }
}

/** What a node says went wrong. */
export const readProblem = async (response: Response): Promise<SendError> => parseProblem(tryJson(await readBody(response.body, MAX_ANSWER_BYTES)));

function tryJson(body: Uint8Array): unknown {
  try {
    return parseJson(body);
  } catch {
    return null; // an error page is as good as no words at all
  }
}

/**
 * Proves that whoever answers at an address holds the node's key.
 *
 * @throws SendError `address_unreachable` when nobody answers as a node would, `unauthorized` when somebody else does.
 */
export async function checkHealth(url: string, nodeId: NodeId, challenge: Uint8Array): Promise<void> {
  const answer = await askNode(`${url}/v1/health?challenge=${encodeB64(challenge)}`, { method: 'GET' }).catch((cause: unknown) => {
    throw new SendError('address_unreachable', "the node's health could not be read", { cause });
  });
  const health = parseMessage(healthSchema, answer, 'unauthorized');
  if (health.signature === undefined || !equalBytes(decodeB64(health.nodeId, KEY_BYTES), nodeId)) throw new SendError('unauthorized', 'another node answers there');
  if (!(await verifyBytes(await importVerifyingKey(nodeId), decodeB64(health.signature, SIGNATURE_BYTES), healthBytes(challenge))))
    throw new SendError('unauthorized', 'the answer is not signed by the node');
}

export interface OrderedAt {
  readonly url: string;
  /** b64. */
  readonly nodeId: string;
  /** b64. */
  readonly order: string;
}
const orderHeader = (order: string): Record<string, string> => ({ Authorization: `Shardsend-Order ${order}` });

/** @returns the node's statement, its signature verified. @throws SendError. */
export async function orderDeletion({ url, nodeId, order }: OrderedAt, transferId: string): Promise<Deletion> {
  const answer = await askNode(`${url}/v1/shards`, { method: 'DELETE', headers: orderHeader(order) });
  const deletion = parseMessage(deletionSchema, answer, 'unavailable');
  if (deletion.transferId !== transferId || deletion.nodeId !== nodeId) throw new SendError('receipt_invalid', 'the statement is about something else');
  const node = asNodeId(decodeB64(nodeId));
  const signed = deletionBytes({ ...deletion, transferId: asTransferId(decodeB64(transferId)), nodeId: node });
  if (!(await verifyBytes(await importVerifyingKey(node), decodeB64(deletion.signature), signed))) throw new SendError('receipt_invalid');
  return deletion;
}

/** @returns the node's statement, its signature verified: it keeps what it holds of the transfer until then. @throws SendError. */
export async function orderExpiry({ url, nodeId, order }: OrderedAt, { transferId, shardExpiresAtMs }: Pick<Expiry, 'transferId' | 'shardExpiresAtMs'>): Promise<Expiry> {
  const answer = await askNode(`${url}/v1/expiry`, { method: 'PUT', headers: orderHeader(order) });
  const expiry = parseMessage(expirySchema, answer, 'unavailable');
  if (expiry.transferId !== transferId || expiry.nodeId !== nodeId || expiry.shardExpiresAtMs !== shardExpiresAtMs)
    throw new SendError('receipt_invalid', 'the statement is about something else');
  const node = asNodeId(decodeB64(nodeId));
  const signed = expiryBytes({ ...expiry, transferId: asTransferId(decodeB64(transferId)), nodeId: node });
  if (!(await verifyBytes(await importVerifyingKey(node), decodeB64(expiry.signature), signed))) throw new SendError('receipt_invalid');
  return expiry;
}

/** Hands a rebuild job over; the node reports when it is done. @param body - the very bytes that the order commits to. */
export async function orderRebuild({ url, order }: OrderedAt, body: Uint8Array<ArrayBuffer>): Promise<void> {
  await askNode(`${url}/v1/rebuild`, { method: 'POST', headers: { ...orderHeader(order), 'Content-Type': 'application/json' }, body });
}
