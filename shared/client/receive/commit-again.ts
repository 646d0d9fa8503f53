/** A download whose program ended before it heard whether it counts. docs/protocol.md §10, claims. */
import { SendError, type ErrorCode } from '../../protocol/errors.ts';
import { parseLink } from '../../protocol/link.ts';
import { TransferApi } from '../coordinator-api.ts';
import type { ClientDeps } from '../deps.ts';
import { deriveLinkKeys } from '../link-keys.ts';
import type { OpenOptions } from './open-transfer.ts';
import { ENDINGS } from './endings.ts';

const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([...ENDINGS, 'claim_unknown']);

/**
 * Commits again: of a claim that was counted the coordinator says so after the transfer's end as well.
 *
 * @returns whether the download counts. @throws SendError where nobody says.
 */
export async function commitAgain(linkText: string, claimId: string, deps: ClientDeps, { passwordKey, ...options }: OpenOptions = {}): Promise<boolean> {
  const link = parseLink(linkText);
  const { linkId, accessToken } = await deriveLinkKeys(link, passwordKey);
  const api = new TransferApi(link.origin, link.transferId, { role: 'access', linkId, token: accessToken }, deps);
  try {
    await api.commit(claimId, { problems: [], paces: [] }, options);
    return true;
  } catch (thrown) {
    if (thrown instanceof SendError && REFUSALS.has(thrown.code)) return false;
    throw thrown;
  }
}
