/** The coordinator's end of an audit, for tests. */
import { createHash } from 'node:crypto';
import { KEY_BYTES, PROOF_HEADER_BYTES, asTransferId, encodeB64, parseProofHeader, proofBytes, type Audit, type Order } from '../../shared/protocol/index.ts';
import { jsonBytes, type TestCoordinator } from './coordinator.ts';

/** A leaf's bytes and its path; null where the node says that it does not hold it. */
export type Proof = { readonly data: Uint8Array; readonly path: readonly Uint8Array[] } | null;

/** An order for exactly this body. @param nodeId - b64. */
export function auditOrder(coordinator: TestCoordinator, nodeId: string, body: Uint8Array, changes: Partial<Order> = {}): Promise<Uint8Array<ArrayBuffer>> {
  const commitment = Uint8Array.from(createHash('sha256').update(body).digest());
  return coordinator.order(nodeId, { action: 'audit', transferId: asTransferId(new Uint8Array(16)), commitment, ...changes });
}

export const postAudit = (nodeUrl: string, order: Uint8Array, body: Uint8Array<ArrayBuffer>): Promise<Response> =>
  fetch(`${nodeUrl}/v1/audit`, { method: 'POST', body, headers: { Authorization: `Shardsend-Order ${encodeB64(order)}` } });

/** Asks for leaves and reads the whole answer. @throws Error when it is no answer. */
export async function askLeaves(coordinator: TestCoordinator, node: { url: string; nodeId: string }, leaves: Audit['leaves'], changes: Partial<Order> = {}): Promise<Proof[]> {
  const body = jsonBytes({ epoch: 7, leaves } satisfies Audit);
  const response = await postAudit(node.url, await auditOrder(coordinator, node.nodeId, body, changes), body);
  if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
  return splitProofs(new Uint8Array(await response.arrayBuffer()));
}

function splitProofs(answer: Uint8Array): Proof[] {
  const proofs: Proof[] = [];
  for (let at = 0; at < answer.length;) {
    const header = parseProofHeader(answer.subarray(at, at + PROOF_HEADER_BYTES));
    at += PROOF_HEADER_BYTES;
    if (at + proofBytes(header) > answer.length) throw new Error('the answer ended within a proof');
    const data = answer.subarray(at, at + header.dataBytes);
    const path = Array.from({ length: header.hashes }, (_, i) => answer.subarray(at + header.dataBytes + i * KEY_BYTES, at + header.dataBytes + (i + 1) * KEY_BYTES));
    proofs.push(header.held ? { data, path } : null);
    at += proofBytes(header);
  }
  return proofs;
}
