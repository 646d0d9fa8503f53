/** What sender and recipients may know of a transfer. docs/protocol.md §10. */
import { epochAt } from '../../shared/policy/index.ts';
import { encodeB64 } from '../../shared/protocol/bytes.ts';
import type { LinkStatus, OwnerStatus, RecipientStatus, Status } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { epochMsOf, type WorkerEnv } from '../environment.ts';
import type { LinkRow } from './links.ts';
import { lossesLeft } from './losses-left.ts';
import { isEnded, layoutOf, senderOf } from './record.ts';
import type { TransferState } from './state.ts';

export const ownerStatusOf = (transfer: TransferState, env: WorkerEnv): OwnerStatus => ({
  ...statusOf(transfer, env),
  links: transfer.links.all().map((link) => linkStatusOf(transfer, link)),
});

/** A recipient's link is all that there is of the transfer to them: what ended it, ended the transfer. */
export function recipientStatusOf(transfer: TransferState, { linkId }: LinkRow, env: WorkerEnv): RecipientStatus {
  const link = transfer.links.known(linkId);
  const status = statusOf(transfer, env);
  return {
    ...status,
    state: link.state === 'open' ? status.state : link.state,
    downloads: linkStatusOf(transfer, link).downloads,
    // A link that was used up keeps it, for its limit may be raised, and hands it out no more.
    envelope: link.envelope === null || link.state !== 'open' ? null : encodeB64(new Uint8Array(link.envelope)),
  };
}

export function linkStatusOf(transfer: TransferState, { linkId, state, downloadLimit, committed, password, wrongTries }: LinkRow): LinkStatus {
  const isOver = state !== 'open' || isEnded(transfer.row().state);
  const claimed = isOver ? 0 : transfer.claims.countLive(linkId, clock.nowMs());
  return { linkId, state, downloads: { limit: downloadLimit, committed, claimed }, password: password === 1, wrongTries };
}

function statusOf(transfer: TransferState, env: WorkerEnv): Status {
  const row = transfer.row();
  const { transferId, state, requiredShards, totalShards, contentBytes, createdAtMs, expiresAtMs } = row;
  return {
    transferId,
    state,
    requiredShards,
    totalShards,
    contentBytes,
    createdAtMs,
    expiresAtMs,
    segments: { total: layoutOf(row).segmentCount, committed: row.committedSegments },
    sender: senderOf(row, clock.nowMs()),
    survives: lossesLeft(transfer, row, epochAt(clock.nowMs(), epochMsOf(env))) ?? 0,
  };
}
