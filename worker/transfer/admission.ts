/** Who may ask for what is behind a link. docs/protocol.md §10, links. */
import { SendError } from '../../shared/protocol/errors.ts';
import { clock } from '../clock.ts';
import type { LinkHolder } from '../http/tokens.ts';
import { checkHeard, checkOpen, isHolder, type LinkRow } from './links.ts';
import { checkAlive, type TransferRow } from './record.ts';
import type { TransferState } from './state.ts';

/** The transfer and the link with which somebody came to it. */
export interface Admitted {
  readonly row: TransferRow;
  readonly link: LinkRow;
}

/**
 * Counts a wrong password, in one transaction with the wait that follows from it.
 *
 * @param claimId - what the recipient holds already: a claim that is known here was made with the right password, and its
 *   holder is heard while others guess. Nobody can guess it.
 * @throws SendError `transfer_unknown`, `wrong_link`, `wrong_password`, `password_wait`.
 */
export function admit(state: TransferState, { linkId, hash }: LinkHolder, claimId?: string): Admitted {
  const row = state.settle();
  if (row === null) throw new SendError('transfer_unknown');
  const link = state.links.find(linkId);
  if (link === null) throw new SendError('wrong_link');
  const nowMs = clock.nowMs();
  if (claimId === undefined || state.claims.startedAtMs(linkId, claimId) === null) checkHeard(link, nowMs);
  if (isHolder(link, hash)) return { row, link };
  if (link.password === 0) throw new SendError('wrong_link');
  const waitMs = state.write(() => state.links.noteWrongTry(link, nowMs));
  throw new SendError('wrong_password', undefined, { retryAfterSeconds: waitMs === 0 ? undefined : waitMs / 1000 });
}

/** @throws SendError like `admit`, and the code of a link or transfer that is over. */
export function admitToOpen(state: TransferState, holder: LinkHolder, claimId?: string): Admitted {
  const admitted = admit(state, holder, claimId);
  checkStands(admitted);
  return admitted;
}

/** What a link says of itself comes first, and stays what it was whatever becomes of the transfer. @throws SendError with the code of what is over. */
export function checkStands({ row, link }: Admitted): void {
  checkOpen(link);
  checkAlive(row);
}
