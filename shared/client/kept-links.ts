/** The links of a transfer and the record that its sender keeps, changed together. */
import { SendError } from '../protocol/errors.ts';
import { MAX_LINKS } from '../protocol/limits.ts';
import type { LinkStatus } from '../protocol/messages.ts';
import type { CallOptions } from './coordinator-api.ts';
import type { ClientDeps } from './deps.ts';
import { addLink, changeLimit, revokeLink, type LinkChoices } from './links.ts';
import { withLinkStatus, type SendRecord, type SendStore } from './sends/index.ts';
import type { CreatedLink } from './types.ts';

export interface KeptLinkChoices extends LinkChoices {
  /** At most MAX_LABEL_CHARACTERS; the coordinator never hears it. */
  readonly label: string;
}

/**
 * Adds a link. The record has it, durably, before the coordinator does: no link works that nobody can find again and
 * revoke. It leaves the record where the coordinator refuses it; where no answer came it stays, for it may work.
 *
 * @throws SendError, `too_many_links` and `record_unsaved` among others.
 */
export async function addKeptLink(
  store: SendStore,
  record: SendRecord,
  { label, ...choices }: KeptLinkChoices,
  deps: ClientDeps,
  options?: CallOptions,
): Promise<CreatedLink & { readonly status: LinkStatus }> {
  const { transferId } = record;
  let kept: string | null = null;
  const onMade = async ({ linkId, link, password }: CreatedLink): Promise<void> => {
    const now = await store.update(transferId, (before) => {
      if (before.links.length >= MAX_LINKS) throw new SendError('too_many_links');
      return { ...before, links: [...before.links, { linkId, link, label, password }] };
    });
    if (now === null) throw new SendError('record_unsaved', 'the transfer is no longer in the list');
    kept = linkId;
  };
  try {
    const added = await addLink(record, choices, deps, { ...options, onMade });
    await store.update(transferId, (before) => withLinkStatus(before, added.status));
    return added;
  } catch (thrown) {
    const isRefused = thrown instanceof SendError && !thrown.retryable;
    if (kept !== null && isRefused) await forgetLink(store, transferId, kept);
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
