/** The objects that an id names: one a transfer, one a node, one an account. */
import type { WorkerEnv } from '../environment.ts';
import type { AccountObject } from './account.ts';
import type { NodeObject } from './node.ts';
import type { TransferObject } from './transfer.ts';

/** @param transferId - b64. */
export const transferOf = (env: WorkerEnv, transferId: string): DurableObjectStub<TransferObject> => env.TRANSFERS.get(env.TRANSFERS.idFromName(transferId));

/** @param nodeId - b64. */
export const nodeOf = (env: WorkerEnv, nodeId: string): DurableObjectStub<NodeObject> => env.NODES.get(env.NODES.idFromName(nodeId));

/** @param accountId - b64 of the account's public key. */
export const accountOf = (env: WorkerEnv, accountId: string): DurableObjectStub<AccountObject> => env.ACCOUNTS.get(env.ACCOUNTS.idFromName(accountId));
