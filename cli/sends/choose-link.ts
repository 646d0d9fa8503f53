/** Which link of a transfer a command line means: its id, the beginning of its id, its label, or the link itself. */
import type { LinkRecord, SendRecord } from '../../shared/client/sends/index.ts';
import { UsageError } from '../values.ts';

/** @param word - the link; where it is the transfer's word too, a link was given for both. @throws UsageError where that is none of its links, or not which. */
export function chooseLink({ links }: Pick<SendRecord, 'links'>, word: string): LinkRecord {
  const exact = links.filter(({ linkId, link, label }) => word !== '' && [linkId, link, label].includes(word));
  const chosen = exact.length > 0 ? exact : links.filter(({ linkId }) => word !== '' && linkId.startsWith(word));
  if (chosen.length === 0) throw new UsageError('say which link of the transfer: its id, the beginning of its id, its label, or the link; `sends --json` lists them');
  if (chosen.length > 1) throw new UsageError('more than one link of the transfer is called so');
  return chosen[0]!;
}
