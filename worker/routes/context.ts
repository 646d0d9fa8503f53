/** What every route gets, and the few things that all of them do. */
import type { Context } from 'hono';
import { verifyRequest, type SignerRole } from '../../shared/protocol/signature.ts';
import { asNodeId, encodeB64, type NodeId } from '../../shared/protocol/bytes.ts';
import { MAX_JSON_BYTES } from '../../shared/protocol/limits.ts';
import type { ErrorCode } from '../../shared/protocol/errors.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf, type WorkerEnv } from '../environment.ts';
import { parseJson, readBody } from '../http/body.ts';
import { checkClientRate, checkSignerRate, type LimitedCall } from '../http/rate-limits.ts';
import type { SignedBy } from '../node/registration.ts';

export interface AppEnv {
  readonly Bindings: WorkerEnv;
  readonly Variables: { code?: ErrorCode };
}
export type AppContext = Context<AppEnv>;

/** A request that somebody signed for this coordinator. */
interface Signed {
  /** 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly atMs: number;
  /** Null where there is none. */
  readonly body: unknown;
}

/** Where a request comes from; undefined where nobody says so, as on a local network. */
export const addressOf = ({ req }: AppContext): string | undefined => req.header('CF-Connecting-IP');

/** Before anything else is done for it. @throws SendError `too_many_requests`. */
export const admit = (c: AppContext, call: LimitedCall): Promise<void> => checkClientRate(c.env, addressOf(c), call);

/** A request that a node signed for this coordinator. @throws SendError `unauthorized`, `too_large`, `bad_request`, `too_many_requests`. */
export async function readSigned(c: AppContext): Promise<{ readonly by: SignedBy & { readonly key: NodeId }; readonly body: unknown }> {
  const { publicKey, atMs, body } = await readSignedBy(c, 'node');
  return { by: { key: asNodeId(publicKey), nodeId: encodeB64(publicKey), atMs }, body };
}

/** A request that an account signed for this coordinator. @returns the account's id, b64. @throws SendError as `readSigned`. */
export async function readAccount(c: AppContext): Promise<{ readonly accountId: string; readonly body: unknown }> {
  const { publicKey, body } = await readSignedBy(c, 'account');
  return { accountId: encodeB64(publicKey), body };
}

/** Counted once the signature verified: nobody else spends what a key may ask. */
async function readSignedBy({ req, env }: AppContext, role: SignerRole): Promise<Signed> {
  const body = await readBody(req.raw.body, MAX_JSON_BYTES);
  const { pathname, search } = new URL(req.url);
  const coordinator = await coordinatorKeyOf(env);
  const request = { coordinatorKey: coordinator.publicKey, method: req.method, pathAndQuery: pathname + search, body };
  const { publicKey, atMs } = await verifyRequest(req.header('Authorization'), request, clock.nowMs(), role);
  await checkSignerRate(env, encodeB64(publicKey));
  return { publicKey, atMs, body: body.length === 0 ? null : parseJson(body) };
}
