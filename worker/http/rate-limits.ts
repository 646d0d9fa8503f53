/**
 * What one place, and one node or account, may ask for a minute. Cloudflare counts, at each of its locations on its own and in memory:
 * a guard against floods, no exact number. Limits stand in wrangler.toml; where a binding is missing, as on a local
 * network, nothing is limited. docs/protocol.md §11, docs/operating.md.
 */
import { SendError } from '../../shared/protocol/errors.ts';
import { seedOf, type WorkerEnv } from '../environment.ts';
import { sourceName } from './source.ts';

/** Over which limits are counted: their `period` in wrangler.toml. */
export const RATE_LIMIT_PERIOD_SECONDS = 60;

/** Calls that begin something for whoever asks, each counted on its own. */
export type LimitedCall = 'create' | 'claim' | 'register';

/** @param address - of the client; its network is what counts, under a name that tells nobody which. @throws SendError `too_many_requests`. */
export async function checkClientRate(env: WorkerEnv, address: string | undefined, call: LimitedCall): Promise<void> {
  if (env.CLIENT_RATE === undefined) return;
  const { success } = await env.CLIENT_RATE.limit({ key: `${call} ${sourceName(address, seedOf(env))}` });
  if (!success) throw new SendError('too_many_requests', 'the network asks too often');
}

/** @param signer - b64, of the node or the account that has signed the request: nobody else spends what it may ask. @throws SendError `too_many_requests`. */
export async function checkSignerRate(env: WorkerEnv, signer: string): Promise<void> {
  if (env.NODE_RATE === undefined) return;
  const { success } = await env.NODE_RATE.limit({ key: signer });
  if (!success) throw new SendError('too_many_requests', 'the signer asks too often');
}
