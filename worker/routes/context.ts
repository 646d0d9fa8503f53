/** What every route gets, and the few things that all of them do. */
import type { Context } from 'hono';
import { verifyRequest } from '../../shared/protocol/signature.ts';
import { encodeB64, type NodeId } from '../../shared/protocol/bytes.ts';
import { MAX_JSON_BYTES } from '../../shared/protocol/limits.ts';
import type { ErrorCode } from '../../shared/protocol/errors.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf, type WorkerEnv } from '../environment.ts';
import { parseJson, readBody } from '../http/body.ts';
import { checkClientRate, checkNodeRate, type LimitedCall } from '../http/rate-limits.ts';
import type { SignedBy } from '../node/registration.ts';

export interface AppEnv {
  readonly Bindings: WorkerEnv;
  readonly Variables: { code?: ErrorCode };
}
export type AppContext = Context<AppEnv>;

export interface SignedRequest {
  readonly by: SignedBy & { readonly key: NodeId };
  /** Null where there is none. */
  readonly body: unknown;
}

/** Where a request comes from; undefined where nobody says so, as on a local network. */
export const addressOf = ({ req }: AppContext): string | undefined => req.header('CF-Connecting-IP');

/** Before anything else is done for it. @throws SendError `too_many_requests`. */
export const admit = (c: AppContext, call: LimitedCall): Promise<void> => checkClientRate(c.env, addressOf(c), call);

/** A request that a node signed for this coordinator. @throws SendError `unauthorized`, `too_large`, `bad_request`, `too_many_requests`. */
export async function readSigned({ req, env }: AppContext): Promise<SignedRequest> {
  const body = await readBody(req.raw.body, MAX_JSON_BYTES);
  const { pathname, search } = new URL(req.url);
  const { publicKey } = await coordinatorKeyOf(env);
  const request = { coordinatorKey: publicKey, method: req.method, pathAndQuery: pathname + search, body };
  const { nodeId, atMs } = await verifyRequest(req.header('Authorization'), request, clock.nowMs());
  await checkNodeRate(env, encodeB64(nodeId));
  return { by: { key: nodeId, nodeId: encodeB64(nodeId), atMs }, body: body.length === 0 ? null : parseJson(body) };
}
