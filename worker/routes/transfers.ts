/** A transfer's life over HTTP: parse, call its object, respond. docs/protocol.md §10. */
import { Hono } from 'hono';
import { decodeB64 } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { MAX_MANIFEST_BYTES } from '../../shared/protocol/limits.ts';
import {
  claimIdSchema,
  commitClaimSchema,
  commitSegmentsSchema,
  completeSchema,
  createTransferSchema,
  fetchOrdersSchema,
  parseMessage,
  presenceSchema,
  rebuildReportSchema,
  releaseClaimSchema,
  shardIndexesSchema,
} from '../../shared/protocol/messages.ts';
import { allowsSharedHosts, seedOf } from '../environment.ts';
import { readBody, readJsonBody } from '../http/body.ts';
import { sourceName } from '../http/source.ts';
import { readHolder, readTransferId, type Holder } from '../http/tokens.ts';
import { connectionOf, senderOf } from '../network/place.ts';
import { transferOf } from '../objects/named.ts';
import { fromResult } from '../result.ts';
import { addressOf, admit, readSigned, type AppContext, type AppEnv } from './context.ts';

const objectOf = (c: AppContext) => transferOf(c.env, transferIdOf(c));
const transferIdOf = (c: AppContext): string => readTransferId(c.req.param('id') ?? '');
const holderOf = (c: AppContext, ...roles: Holder['role'][]): Holder => readHolder(c.req.header('Authorization') ?? null, ...roles);
const sourceOf = (c: AppContext): string => sourceName(addressOf(c), seedOf(c.env));

export const transferRoutes = new Hono<AppEnv>()
  .put('/:id', async (c) => {
    await admit(c, 'create');
    const transferId = transferIdOf(c);
    const { hash: ownerHash } = holderOf(c, 'owner');
    const { accessHash, ...values } = parseMessage(createTransferSchema, await readJsonBody(c.req.raw));
    const sender = senderOf(connectionOf(c.req.raw, allowsSharedHosts(c.env)));
    return c.json(await fromResult(objectOf(c).create({ ...values, transferId, ownerHash, accessHash: decodeB64(accessHash) }, sender)), 201);
  })
  .get('/:id', async (c) => c.json(await fromResult(objectOf(c).status(holderOf(c, 'owner', 'access')))))
  .delete('/:id', async (c) => c.json(await fromResult(objectOf(c).revoke(holderOf(c, 'owner')))))
  .post('/:id/store-orders', async (c) => {
    const [transfer, holder] = [objectOf(c), holderOf(c, 'owner')];
    const { shardIndexes } = parseMessage(shardIndexesSchema, await readJsonBody(c.req.raw));
    return c.json({ nodes: await fromResult(transfer.storeOrders(holder, shardIndexes)) });
  })
  .post('/:id/segments', async (c) => {
    const [transfer, holder] = [objectOf(c), holderOf(c, 'owner')];
    const message = parseMessage(commitSegmentsSchema, await readJsonBody(c.req.raw));
    return c.json({ committed: await fromResult(transfer.commitSegments(holder, message)) });
  })
  .put('/:id/manifest', async (c) => {
    const [transfer, holder] = [objectOf(c), holderOf(c, 'owner')];
    await fromResult(transfer.putManifest(holder, await readBody(c.req.raw.body, MAX_MANIFEST_BYTES)));
    return c.body(null, 204);
  })
  .post('/:id/presence', async (c) => {
    const [transfer, holder] = [objectOf(c), holderOf(c, 'owner')];
    const { state } = parseMessage(presenceSchema, await readJsonBody(c.req.raw));
    await fromResult(transfer.presence(holder, state));
    return c.body(null, 204);
  })
  .post('/:id/complete', async (c) => {
    const [transfer, holder] = [objectOf(c), holderOf(c, 'owner')];
    const report = parseMessage(completeSchema, await readJsonBody(c.req.raw));
    return c.json(await fromResult(transfer.complete(holder, report, sourceOf(c))));
  })
  .get('/:id/manifest', async (c) => {
    const sealed = await fromResult(objectOf(c).readManifest(holderOf(c, 'access')));
    return c.body(Uint8Array.from(sealed), 200, { 'Content-Type': 'application/octet-stream' });
  })
  .get('/:id/segments', async (c) => c.json(await fromResult(objectOf(c).readSegments(holderOf(c, 'owner', 'access'), readFrom(c.req.query('from'))))))
  .post('/:id/claim', async (c) => {
    await admit(c, 'claim');
    const [transfer, holder] = [objectOf(c), holderOf(c, 'access')];
    const { claimId } = parseMessage(claimIdSchema, await readJsonBody(c.req.raw));
    return c.json(await fromResult(transfer.claim(holder, claimId)));
  })
  .post('/:id/renew', async (c) => {
    const [transfer, holder] = [objectOf(c), holderOf(c, 'access')];
    const { claimId } = parseMessage(claimIdSchema, await readJsonBody(c.req.raw));
    return c.json({ leaseExpiresAtMs: await fromResult(transfer.renew(holder, claimId)) });
  })
  .post('/:id/fetch-orders', async (c) => {
    const [transfer, holder] = [objectOf(c), holderOf(c, 'access')];
    const { claimId, shardIndexes } = parseMessage(fetchOrdersSchema, await readJsonBody(c.req.raw));
    return c.json({ nodes: await fromResult(transfer.fetchOrders(holder, claimId, shardIndexes)) });
  })
  .post('/:id/commit', async (c) => {
    const [transfer, holder] = [objectOf(c), holderOf(c, 'access')];
    const { claimId, ...report } = parseMessage(commitClaimSchema, await readJsonBody(c.req.raw));
    return c.json(await fromResult(transfer.commit(holder, claimId, report, sourceOf(c))));
  })
  .post('/:id/release', async (c) => {
    const [transfer, holder] = [objectOf(c), holderOf(c, 'access')];
    const { claimId, problems } = parseMessage(releaseClaimSchema, await readJsonBody(c.req.raw));
    return c.json(await fromResult(transfer.release(holder, claimId, problems, sourceOf(c))));
  })
  .post('/:id/rebuilds', async (c) => {
    const transfer = objectOf(c);
    const { by, body } = await readSigned(c);
    await fromResult(transfer.reportRebuild(by.nodeId, parseMessage(rebuildReportSchema, body)));
    return c.body(null, 204);
  });

/** @throws SendError `bad_request` unless it is a segment index, or left out. */
function readFrom(text = '0'): number {
  if (!/^(0|[1-9]\d{0,9})$/.test(text) || Number(text) > 0xffffffff) throw new SendError('bad_request', 'from: a segment index expected');
  return Number(text);
}
