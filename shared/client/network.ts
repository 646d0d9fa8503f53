/** What a coordinator says of itself to everybody: its key, its clock, its limits. docs/protocol.md §10. */
import { networkSchema, parseMessage, type Network } from '../protocol/messages.ts';
import { callCoordinator, type CallOptions } from './coordinator-call.ts';
import type { ClientDeps } from './deps.ts';

/** @param origin - of the coordinator. @throws SendError. */
export const readNetwork = (origin: string, deps: ClientDeps, options?: CallOptions): Promise<Network> =>
  callCoordinator({ origin, method: 'GET', path: '/api/network' }, async (response) => parseMessage(networkSchema, await response.json(), 'unavailable'), deps, options);
