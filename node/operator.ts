/** What a node's operator asks of the coordinator in the node's name, whether or not the daemon runs. docs/protocol.md §10. */
import path from 'node:path';
import { encodeB64, nodeStatusSchema, parseMessage, type NodeStatus } from '../shared/protocol/index.ts';
import { readLastAudit, type AnsweredAudit } from './audit/audit-record.ts';
import { systemClock } from './clock.ts';
import { ConfigError } from './config-error.ts';
import { CoordinatorPin, hasNodeKey, loadOrCreateNodeKey, readCoordinatorUrl } from './identity/key-files.ts';
import { statusPage } from './identity/view-token.ts';
import { CoordinatorClient } from './membership/coordinator-client.ts';

export interface NodeOperator {
  /** b64. */
  readonly nodeId: string;
  /** The node's page; its fragment holds a token that reads the status and nothing else. */
  readonly page: string;
  lastAudit(): Promise<AnsweredAudit | null>;
  /** @throws SendError what the coordinator said, or `unavailable`; the same of the others. */
  status(signal: AbortSignal): Promise<NodeStatus>;
  leave(signal: AbortSignal): Promise<NodeStatus>;
  appeal(signal: AbortSignal): Promise<NodeStatus>;
}

/**
 * @param dataDir - the node's folder; only its keys and its notes are read, which a running daemon allows.
 * @param coordinator - left out, where the node last was.
 * @throws ConfigError when no node has lived there, or nothing says where its coordinator is.
 */
export async function openOperator(dataDir: string, coordinator?: string): Promise<NodeOperator> {
  const directory = path.resolve(dataDir);
  if (!hasNodeKey(directory)) throw new ConfigError(`there is no node in ${directory}: --data names the folder that the node keeps`);
  const origin = coordinator ?? (await readCoordinatorUrl(directory));
  if (origin === null) throw new ConfigError(`${directory} does not say where its coordinator is: name it with --coordinator, or start the node once`);
  const key = await loadOrCreateNodeKey(directory);
  const pin = new CoordinatorPin(directory);
  await pin.load();
  const client = new CoordinatorClient(origin, key, pin, systemClock);
  const nodeId = encodeB64(key.nodeId);
  const own = `/api/nodes/${nodeId}`;
  const read = (answer: unknown): NodeStatus => parseMessage(nodeStatusSchema, answer, 'unavailable');
  return {
    nodeId,
    page: statusPage(origin, key.nodeId, key.viewToken),
    lastAudit: () => readLastAudit(directory),
    status: async (signal) => read(await client.get(own, signal)),
    leave: async (signal) => read(await client.post(`${own}/leave`, {}, signal)),
    appeal: async (signal) => read(await client.post(`${own}/appeal`, {}, signal)),
  };
}
