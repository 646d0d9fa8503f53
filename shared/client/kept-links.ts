/** The links of a transfer and the record that its sender keeps, changed together. */
import { SendError } from '../protocol/errors.ts';
import { MAX_LINKS } from '../protocol/limits.ts';
import { parseLink } from '../protocol/link.ts';
import type { LinkStatus, NewLink } from '../protocol/messages.ts';
import type { CallOptions } from './coordinator-call.ts';
import type { ClientDeps } from './deps.ts';
import { changeLimit, makeLinkOf, putLink, revokeLink, type LinkChoices, type MadeLink } from './links.ts';
import { withLinkStatus, type SendRecord, type SendStore } from './sends/index.ts';
import type { CreatedLink } from './types.ts';

export interface KeptLinkChoices extends LinkChoices {
  /** At most MAX_LABEL_CHARACTERS; the coordinator never hears it. */
  readonly label: string;
}

/**
 * Adds a link. The record has it, durably, before the coordinator does: no link works that nobody can find again and
 * revoke. It leaves the record where the coordinator refuses it; where no answer came it stays, for it may work, and
 * whoever asks for the same again gets this one.
 *
 * @throws SendError, `too_many_links` and `record_unsaved` among others.
 */
export async function addKeptLink(
  store: SendStore,
  record: SendRecord,
  choices: KeptLinkChoices,
  deps: ClientDeps,
  options?: CallOptions,
): Promise<CreatedLink & { readonly status: LinkStatus }> {
  const known = (await store.get(record.transferId)) ?? record;
  const made = (await unansweredOf(known, choices, deps)) ?? (await keepNew(store, record, choices, deps));
  return { ...made.created, status: await putKept(store, record, made.message, deps, options) };
}

/** Says again what the coordinator may not have heard of a link. @throws SendError `not_found` where it is known to have heard, and as `addKeptLink`. */
export async function repeatKeptLink(store: SendStore, record: SendRecord, linkId: string, deps: ClientDeps, options?: CallOptions): Promise<LinkStatus> {
  const kept = (await store.get(record.transferId))?.links.find((link) => link.linkId === linkId);
  if (kept?.unanswered === undefined) throw new SendError('not_found', 'nothing of this link is left to say');
  const { gaveUp: _, ...terms } = kept.unanswered;
  return putKept(store, record, { linkId, ...terms }, deps, options);
}

/** The link that was asked for with the same choices and got no answer. Another password makes another one of its secret. */
async function unansweredOf(record: SendRecord, { label, downloadLimit, passwordKey }: KeptLinkChoices, deps: ClientDeps): Promise<MadeLink | null> {
  for (const { link, unanswered, ...kept } of record.links) {
    // One that is being asked for right now is somebody else's.
    if (unanswered?.gaveUp !== true || kept.label !== label || unanswered.downloadLimit !== downloadLimit || kept.password !== (passwordKey !== undefined)) continue;
    const made = await makeLinkOf(record, { downloadLimit, passwordKey }, deps, parseLink(link).secret);
    if (made.message.accessHash === unanswered.accessHash) return made;
  }
  return null;
}

async function keepNew(store: SendStore, record: SendRecord, { label, ...choices }: KeptLinkChoices, deps: ClientDeps): Promise<MadeLink> {
  const made = await makeLinkOf(record, choices, deps);
  const {
    created: { link, password },
    message: { linkId, ...unanswered },
  } = made;
  const now = await store.update(record.transferId, (before) => {
    if (before.links.length >= MAX_LINKS) throw new SendError('too_many_links');
    return { ...before, links: [...before.links, { linkId, link, label, password, unanswered }] };
  });
  if (now === null) throw new SendError('record_unsaved', 'the transfer is no longer in the list');
  return made;
}

async function putKept(store: SendStore, record: SendRecord, message: NewLink, deps: ClientDeps, options?: CallOptions): Promise<LinkStatus> {
  try {
    const status = await putLink(record, message, deps, options);
    await store.update(record.transferId, (before) => withLinkStatus(before, status));
    return status;
  } catch (thrown) {
    // A link whose terms the coordinator has otherwise is there.
    const isRefused = thrown instanceof SendError && !thrown.retryable && thrown.code !== 'conflict' && thrown.code !== 'record_unsaved';
    if (isRefused) await forgetLink(store, record.transferId, message.linkId);
    else await store.update(record.transferId, (before) => withGivenUp(before, message.linkId)).catch(() => undefined); // the first error is the one to tell
    throw thrown;
  }
}

/** @throws SendError `conflict` below what was downloaded with it, and when it was revoked. */
export async function changeKeptLimit(
  store: SendStore,
  record: SendRecord,
  linkId: string,
  downloadLimit: number | null,
  deps: ClientDeps,
  options?: CallOptions,
): Promise<LinkStatus> {
  const status = await changeLimit(record, linkId, downloadLimit, deps, options);
  await store.update(record.transferId, (before) => withLinkStatus(before, status));
  return status;
}

/**
 * Revokes a link. One that never reached the coordinator leaves the record.
 *
 * @returns null for such a one.
 */
export async function revokeKeptLink(store: SendStore, record: SendRecord, linkId: string, deps: ClientDeps, options?: CallOptions): Promise<LinkStatus | null> {
  try {
    const status = await revokeLink(record, linkId, deps, options);
    await store.update(record.transferId, (before) => withLinkStatus(before, status));
    return status;
  } catch (thrown) {
    if (!(thrown instanceof SendError && thrown.code === 'not_found')) throw thrown;
    await forgetLink(store, record.transferId, linkId);
    return null;
  }
}

async function forgetLink(store: SendStore, transferId: string, forgotten: string): Promise<void> {
  await store.update(transferId, (before) => ({ ...before, links: before.links.filter(({ linkId }) => linkId !== forgotten) }));
}

/** Whoever asked for the link got no answer, and asks no more. */
function withGivenUp(record: SendRecord, linkId: string): SendRecord {
  const links = record.links.map((link) => (link.linkId === linkId && link.unanswered ? { ...link, unanswered: { ...link.unanswered, gaveUp: true } } : link));
  return { ...record, links };
}
