/** Which transfer a command line means: an id, a link of it, or the beginning of an id. */
import type { SendRecord, SendStore } from '../../shared/client/sends/index.ts';
import { UsageError } from '../values.ts';

/** @throws UsageError where that is none of this machine's sends, or not which. */
export async function chooseSend(store: SendStore, words: readonly string[]): Promise<SendRecord> {
  const [word] = words;
  if (word === undefined || word === '' || words.length > 1) throw new UsageError('say one transfer: its id, the beginning of its id, or a link of it');
  const all = await store.list();
  const exact = all.filter(({ transferId, links }) => transferId === word || links.some(({ link }) => link === word));
  const chosen = exact.length > 0 ? exact : all.filter(({ transferId }) => transferId.startsWith(word));
  if (chosen.length === 0) throw new UsageError('this machine knows of no such transfer; `sends` lists those that it knows');
  if (chosen.length > 1) throw new UsageError('more than one transfer of this machine begins so');
  return chosen[0]!;
}
