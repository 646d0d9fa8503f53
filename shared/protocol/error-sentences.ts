/**
 * What people are told of each error code, in English: on the command line, in a problem document's `title`, and, with its
 * translations, in pages (shared/ui/sentence-of.ts). Sentences say what happened and what to do; none names a secret.
 */
import { statusOf, type ErrorCode } from './errors.ts';

export const errorSentences = {
  // Requests
  bad_request: 'The request was malformed. Update Shardsend and try again.',
  unauthorized: 'The request carried no valid token.',
  too_large: 'This is larger than the service accepts.',
  too_many_requests: 'Too many requests at once. Wait a moment and try again.',
  not_found: 'There is nothing at this address.',
  conflict: 'This contradicts what was said before about the same transfer.',
  internal: 'Something went wrong on the server. Try again in a moment.',
  unavailable: 'The service is not reachable right now. Try again in a moment.',
  // Links and transfers
  link_damaged: 'This link is incomplete or was changed on its way. Copy the whole link again; if it stays damaged, ask the sender for it.',
  link_version: 'This link was made by a newer Shardsend. Reload the page or update, then open it again.',
  wrong_link: 'The key in this link does not belong to this transfer. Ask the sender for the link again.',
  wrong_password: 'This is not the password of this link. Check it and try again.',
  password_wait: 'Too many wrong passwords were tried with this link. Wait a moment, then try again.',
  too_many_links: 'A transfer has at most 100 links.',
  wrong_owner: 'Only the sender can do this.',
  transfer_unknown: 'There is no transfer at this link. It may have been deleted long ago, or never finished.',
  transfer_uploading: 'The sender is still uploading. Leave this page open or come back later.',
  transfer_expired: 'This transfer has expired and its files were deleted. Ask the sender to send them again.',
  transfer_used_up: 'This link reached its download limit and opens nothing any more. Ask the sender for another one.',
  transfer_revoked: 'The sender withdrew this link: it opens nothing any more.',
  downloads_in_progress: 'Every remaining download of this link is in progress elsewhere. Try again in a few minutes.',
  claim_unknown: 'This download was not started here. Start it again.',
  claim_lapsed: 'This download paused for too long. Start it again.',
  network_too_small: 'Too few storage nodes are online right now. Try again later.',
  receipt_invalid: 'A storage node signed something that does not match what was sent to it.',
  incomplete: 'Parts of this transfer have not been stored safely yet.',
  // Registrations
  address_not_public: 'The storage node names an address that others cannot reach: its --url must begin with https:// and name a public host.',
  address_unreachable: 'The storage node could not be reached at the address that it names. Check its --url and what stands between: router, proxy, firewall.',
  // Accounts
  vault_moved: 'Another of your devices changed your vault at the same moment. Try again.',
  vault_full: 'Your vault is full. Remove sends that are over from your list.',
  // Orders and shards, at a node
  order_malformed: 'The permission for this storage node is malformed.',
  order_forged: 'The permission for this storage node has no valid signature.',
  order_other_node: 'The permission belongs to another storage node.',
  order_action: 'The permission does not cover this action.',
  order_expired: 'The permission for this storage node has expired.',
  order_replayed: 'The permission for this storage node was used before.',
  order_budget: 'The permission does not cover that many bytes.',
  transfer_deleted: 'The storage node has deleted this transfer.',
  shard_mismatch: 'A stored piece is not what its name says.',
  shard_absent: 'The storage node does not hold this piece.',
  node_full: 'The storage node is full.',
  node_busy: 'The storage node has too many connections.',
  // Only clients meet these
  node_unreachable: 'A storage node did not answer.',
  node_slow: 'A storage node was too slow.',
  password_needed: 'This link asks for a password, which the sender told you by another way.',
  offline: 'There is no connection to Shardsend. Check your network and try again.',
  wrong_coordinator: 'There is no Shardsend at the address in this link. Ask the sender for the link again.',
  not_enough_shards: 'Too many storage nodes are unreachable to rebuild this transfer right now. Try again later.',
  not_enough_nodes: 'Too few storage nodes accepted the upload. Try again in a moment.',
  wrong_key: 'The data does not match its key: it was damaged or tampered with. Nothing was saved.',
  manifest_damaged: 'The list of files does not match what was sent. Nothing was saved.',
  no_files: 'There is nothing to send. Choose at least one file.',
  too_many_files: 'These are more than 10,000 files. Put them into an archive and send that.',
  note_too_long: 'A note holds up to 1 MiB of text. Shorten it, or send it as a file.',
  name_invalid: 'A file has a name that cannot be sent. Rename it and try again.',
  file_changed: 'A file changed while it was being sent. Nothing was sent; try again.',
  file_unreadable: 'A file could not be read: it was moved, deleted or locked. Nothing was sent; check it and try again.',
  upload_gone:
    'This send cannot go on here: it was finished or withdrawn elsewhere, or what this device kept of it is gone. Your list of sends shows whether it was finished; if it was not, send it again.',
  upload_elsewhere: 'This send goes on in another tab or window. Continue there, or close that one and open this page again.',
  browser_unsupported: 'This window cannot save downloads piece by piece. Open the link in a normal window of a current browser.',
  disk_full: 'The disk is full. Free some space and try again.',
  disk_failed: 'The files could not be saved. Check the folder and try again.',
  record_unreadable: 'What this device keeps of a transfer cannot be read. The transfer itself goes on until it expires.',
  record_unsaved: 'This device cannot keep track of what you send. Keep the link yourself.',
  words_wrong: 'These are not the 24 words of an identity: one of them is misspelt, missing or in the wrong place.',
  unlock_failed: 'This is not the password of your identity on this device. Try again.',
  vault_damaged: 'What the service keeps of your vault is not what your devices wrote. Nothing on this device was changed.',
  vault_replayed: 'The service showed an older state of your vault than this device has seen. Nothing on this device was changed.',
  cancelled: 'Cancelled.',
  paused: 'Paused. It goes on from here.',
} as const satisfies Record<ErrorCode, string>;

export const sentenceOf = (code: ErrorCode): string => errorSentences[code];

/** RFC 9457 problem document. */
export interface ProblemDocument {
  readonly type: 'about:blank';
  readonly status: number;
  readonly code: ErrorCode;
  readonly title: string;
  readonly detail?: string;
}

/** `detail` must hold nothing that came from a request: it may be logged. */
export function problemOf(code: ErrorCode, detail?: string): ProblemDocument {
  const status = statusOf(code);
  return { type: 'about:blank', status: status === 0 ? 500 : status, code, title: sentenceOf(code), ...(detail ? { detail } : {}) };
}
