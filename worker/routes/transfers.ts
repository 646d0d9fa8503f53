/** A transfer's life over HTTP: parse, call its object, respond. docs/protocol.md §10. */
import { Hono } from 'hono';
import { decodeB64 } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { MAX_MANIFEST_BYTES } from '../../shared/protocol/limits.ts';
import {
  changeTransferSchema,
  claimIdSchema,
  commitClaimSchema,
  commitSegmentsSchema,
  completeSchema,
  createTransferSchema,
  downloadLimitSchema,
  fetchOrdersSchema,
  linkTermsSchema,
  parseMessage,
  presenceSchema,
  rebuildReportSchema,
  releaseClaimSchema,
  shardIndexesSchema,
  type LinkTerms,
} from '../../shared/protocol/messages.ts';
import { allowsSharedHosts, seedOf } from '../environment.ts';
import { readBody, readJsonBody } from '../http/body.ts';
import { sourceName } from '../http/source.ts';
import { readHolder, readLinkHolder, readLinkId, readOwner, readTransferId, type LinkHolder, type Owner } from '../http/tokens.ts';
import { connectionOf, senderOf } from '../network/place.ts';
import { transferOf } from '../objects/named.ts';
import { fromResult } from '../result.ts';
import type { NewLink } from '../transfer/links.ts';
import { addressOf, admit, readSigned, type AppContext, type AppEnv } from './context.ts';

const objectOf = (c: AppContext) => transferOf(c.env, transferIdOf(c));
const transferIdOf = (c: AppContext): string => readTransferId(c.req.param('id') ?? '');
const linkIdOf = (c: AppContext): string => readLinkId(c.req.param('linkId') ?? '');
const authorizationOf = (c: AppContext): string | null => c.req.header('Authorization') ?? null;
const ownerOf = (c: AppContext): Owner => readOwner(authorizationOf(c));
const linkHolderOf = (c: AppContext): LinkHolder => readLinkHolder(authorizationOf(c));
const sourceOf = (c: AppContext): string => sourceName(addressOf(c), seedOf(c.env));

export const transferRoutes = new Hono<AppEnv>()
  .put('/:id', async (c) => {
    await admit(c, 'create');
    const transferId = transferIdOf(c);
    const { hash: ownerHash } = ownerOf(c);
    const { link, ...values } = parseMessage(createTransferSchema, await readJsonBody(c.req.raw));
    const sender = senderOf(connectionOf(c.req.raw, allowsSharedHosts(c.env)));
    return c.json(await fromResult(objectOf(c).create({ ...values, transferId, ownerHash, link: newLink(link.linkId, link) }, sender)), 201);
  })
  .get('/:id', async (c) => c.json(await fromResult(objectOf(c).status(readHolder(authorizationOf(c)), c.req.query('claim')))))
  .patch('/:id', async (c) => {
    const [transfer, owner] = [objectOf(c), ownerOf(c)];
    const { expiresAtMs } = parseMessage(changeTransferSchema, await readJsonBody(c.req.raw));
    return c.json(await fromResult(transfer.changeExpiry(owner, expiresAtMs)));
  })
  .delete('/:id', async (c) => c.json(await fromResult(objectOf(c).revoke(ownerOf(c)))))
  .post('/:id/store-orders', async (c) => {
    const [transfer, owner] = [objectOf(c), ownerOf(c)];
    const { shardIndexes } = parseMessage(shardIndexesSchema, await readJsonBody(c.req.raw));
    return c.json({ nodes: await fromResult(transfer.storeOrders(owner, shardIndexes)) });
  })
  .post('/:id/segments', async (c) => {
    const [transfer, owner] = [objectOf(c), ownerOf(c)];
    const message = parseMessage(commitSegmentsSchema, await readJsonBody(c.req.raw));
    return c.json({ committed: await fromResult(transfer.commitSegments(owner, message)) });
  })
  .put('/:id/manifest', async (c) => {
    const [transfer, owner] = [objectOf(c), ownerOf(c)];
    await fromResult(transfer.putManifest(owner, await readBody(c.req.raw.body, MAX_MANIFEST_BYTES)));
    return c.body(null, 204);
  })
  .post('/:id/presence', async (c) => {
    const [transfer, owner] = [objectOf(c), ownerOf(c)];
    await fromResult(transfer.presence(owner, parseMessage(presenceSchema, await readJsonBody(c.req.raw))));
    return c.body(null, 204);
  })
  .post('/:id/complete', async (c) => {
    const [transfer, owner] = [objectOf(c), ownerOf(c)];
    const report = parseMessage(completeSchema, await readJsonBody(c.req.raw));
    return c.json(await fromResult(transfer.complete(owner, report, sourceOf(c))));
  })
  .put('/:id/links/:linkId', async (c) => {
    const [transfer, owner, linkId] = [objectOf(c), ownerOf(c), linkIdOf(c)];
    const terms = parseMessage(linkTermsSchema, await readJsonBody(c.req.raw));
    return c.json(await fromResult(transfer.addLink(owner, newLink(linkId, terms))));
  })
  .patch('/:id/links/:linkId', async (c) => {
    const [transfer, owner, linkId] = [objectOf(c), ownerOf(c), linkIdOf(c)];
    const { downloadLimit } = parseMessage(downloadLimitSchema, await readJsonBody(c.req.raw));
    return c.json(await fromResult(transfer.changeLimit(owner, linkId, downloadLimit)));
  })
  .delete('/:id/links/:linkId', async (c) => c.json(await fromResult(objectOf(c).revokeLink(ownerOf(c), linkIdOf(c)))))
  .get('/:id/manifest', async (c) => {
    const sealed = await fromResult(objectOf(c).readManifest(linkHolderOf(c), c.req.query('claim')));
    return c.body(Uint8Array.from(sealed), 200, { 'Content-Type': 'application/octet-stream' });
  })
  .get('/:id/segments', async (c) => c.json(await fromResult(objectOf(c).readSegments(readHolder(authorizationOf(c)), readFrom(c.req.query('from')), c.req.query('claim')))))
  .post('/:id/claim', async (c) => {
    await admit(c, 'claim');
    const [transfer, holder] = [objectOf(c), linkHolderOf(c)];
    const { claimId } = parseMessage(claimIdSchema, await readJsonBody(c.req.raw));
    return c.json(await fromResult(transfer.claim(holder, claimId)));
  })
  .post('/:id/renew', async (c) => {
    const [transfer, holder] = [objectOf(c), linkHolderOf(c)];
    const { claimId } = parseMessage(claimIdSchema, await readJsonBody(c.req.raw));
    return c.json({ leaseExpiresAtMs: await fromResult(transfer.renew(holder, claimId)) });
  })
  .post('/:id/fetch-orders', async (c) => {
    const [transfer, holder] = [objectOf(c), linkHolderOf(c)];
    const { claimId, shardIndexes } = parseMessage(fetchOrdersSchema, await readJsonBody(c.req.raw));
    return c.json({ nodes: await fromResult(transfer.fetchOrders(holder, claimId, shardIndexes)) });
  })
  .post('/:id/commit', async (c) => {
    const [transfer, holder] = [objectOf(c), linkHolderOf(c)];
    const { claimId, ...report } = parseMessage(commitClaimSchema, await readJsonBody(c.req.raw));
    return c.json(await fromResult(transfer.commit(holder, claimId, report, sourceOf(c))));
  })
  .post('/:id/release', async (c) => {
    const [transfer, holder] = [objectOf(c), linkHolderOf(c)];
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

const newLink = (linkId: string, { accessHash, envelope, password, downloadLimit }: LinkTerms): NewLink => ({
  linkId,
  accessHash: decodeB64(accessHash),
  envelope: decodeB64(envelope),
  password,
  downloadLimit,
});
