/** What a sender calls the links of a transfer: a matter of theirs alone. */
import type { SendRecord } from './send-record.ts';

/** @param label - at most MAX_LABEL_CHARACTERS; empty for none. */
export const withLabel = (record: SendRecord, linkId: string, label: string): SendRecord => ({
  ...record,
  links: record.links.map((link) => (link.linkId === linkId ? { ...link, label } : link)),
});
