/** Three states of one entry of the vault become one. docs/protocol.md §14, merging. */
import { equalBytes } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { decodeSendRecord, encodeSendRecord, type SendRecord } from '../sends/send-record.ts';
import { keptHere, mergeSends, shareable } from './merge-sends.ts';

type Text = Uint8Array<ArrayBuffer>;

/** An entry as it is for all of a person's machines. One that this program cannot read goes as it is: it is another version's. */
export function sharedText(text: Text): Text {
  const record = readable(text);
  return record === null ? text : encodeSendRecord(shareable(record));
}

/**
 * @param base - what this machine and the vault last had in common, as for all machines.
 * @param mine - what this machine has.
 * @param theirs - what the vault has, as for all machines.
 * @returns what this machine is to have; null for nothing.
 */
export function mergeEntry(base: Text | null, mine: Text | null, theirs: Text | null): Text | null {
  const [before, here] = [base && sharedText(base), mine && sharedText(mine)];
  if (isSame(here, before)) return theirs && keep(mine, theirs);
  if (theirs === null || isSame(sharedText(theirs), before)) return mine;
  if (mine === null) return theirs; // removed here and changed there
  const [ours, other] = [readable(mine), readable(theirs)];
  return ours === null || other === null ? mine : encodeSendRecord(keptHere(ours, mergeSends(base && readable(base), shareable(ours), other)));
}

function keep(mine: Text | null, theirs: Text): Text {
  const shared = readable(theirs);
  return shared === null ? theirs : encodeSendRecord(keptHere(mine && readable(mine), shared));
}

/** @returns null for what this program cannot read. */
function readable(text: Text): SendRecord | null {
  try {
    return decodeSendRecord(text);
  } catch (thrown) {
    if (thrown instanceof SendError) return null;
    throw thrown;
  }
}

const isSame = (a: Text | null, b: Text | null): boolean => (a === null || b === null ? a === b : equalBytes(a, b));
