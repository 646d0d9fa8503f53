/**
 * The closed set of things that can go wrong, one row each: what HTTP says, whether trying again can help, and the
 * sentence for people. docs/protocol.md §11. Sentences say what happened and what to do; none names a secret.
 */

interface Row {
  /** HTTP status where the code crosses a wire; 0 where only a client can find it. */
  readonly status: number;
  readonly retryable: boolean;
  readonly sentence: string;
}

const table = {
  // Requests
  bad_request: row(400, false, 'The request was malformed. Update Shardsend and try again.'),
  unauthorized: row(401, false, 'The request carried no valid token.'),
  too_large: row(413, false, 'This is larger than the service accepts.'),
  too_many_requests: row(429, true, 'Too many requests at once. Wait a moment and try again.'),
  not_found: row(404, false, 'There is nothing at this address.'),
  conflict: row(409, false, 'This contradicts what was said before about the same transfer.'),
  internal: row(500, true, 'Something went wrong on the server. Try again in a moment.'),
  unavailable: row(503, true, 'The service is not reachable right now. Try again in a moment.'),
  // Links and transfers
  link_damaged: row(0, false, 'This link is incomplete or was changed on its way. Copy the whole link again; if it stays damaged, ask the sender for it.'),
  link_version: row(0, false, 'This link was made by a newer Shardsend. Reload the page or update, then open it again.'),
  wrong_link: row(403, false, 'The key in this link does not belong to this transfer. Ask the sender for the link again.'),
  wrong_password: row(403, true, 'This is not the password of this link. Check it and try again.'),
  password_wait: row(429, true, 'Too many wrong passwords were tried with this link. Wait a moment, then try again.'),
  too_many_links: row(409, false, 'A transfer has at most 100 links.'),
  wrong_owner: row(403, false, 'Only the sender can do this.'),
  transfer_unknown: row(404, false, 'There is no transfer at this link. It may have been deleted long ago, or never finished.'),
  transfer_uploading: row(409, true, 'The sender is still uploading. Leave this page open or come back later.'),
  transfer_expired: row(410, false, 'This transfer has expired and its files were deleted. Ask the sender to send them again.'),
  transfer_used_up: row(410, false, 'This link reached its download limit and opens nothing any more. Ask the sender for another one.'),
  transfer_revoked: row(410, false, 'The sender withdrew this link: it opens nothing any more.'),
  downloads_in_progress: row(409, true, 'Every remaining download of this link is in progress elsewhere. Try again in a few minutes.'),
  claim_unknown: row(404, false, 'This download was not started here. Start it again.'),
  claim_lapsed: row(410, true, 'This download paused for too long. Start it again.'),
  network_too_small: row(503, true, 'Too few storage nodes are online right now. Try again later.'),
  receipt_invalid: row(422, false, 'A storage node signed something that does not match what was sent to it.'),
  incomplete: row(409, true, 'Parts of this transfer have not been stored safely yet.'),
  // Registrations
  address_not_public: row(422, false, 'The storage node names an address that others cannot reach: its --url must begin with https:// and name a public host.'),
  address_unreachable: row(422, true, 'The storage node could not be reached at the address that it names. Check its --url and what stands between: router, proxy, firewall.'),
  // Accounts
  vault_moved: row(409, true, 'Another of your devices changed your vault at the same moment. Try again.'),
  vault_full: row(413, false, 'Your vault is full. Remove sends that are over from your list.'),
  // Orders and shards, at a node
  order_malformed: row(400, false, 'The permission for this storage node is malformed.'),
  order_forged: row(401, false, 'The permission for this storage node has no valid signature.'),
  order_other_node: row(403, false, 'The permission belongs to another storage node.'),
  order_action: row(403, false, 'The permission does not cover this action.'),
  order_expired: row(401, true, 'The permission for this storage node has expired.'),
  order_replayed: row(409, true, 'The permission for this storage node was used before.'),
  order_budget: row(413, false, 'The permission does not cover that many bytes.'),
  transfer_deleted: row(410, false, 'The storage node has deleted this transfer.'),
  shard_mismatch: row(422, false, 'A stored piece is not what its name says.'),
  shard_absent: row(404, false, 'The storage node does not hold this piece.'),
  node_full: row(507, true, 'The storage node is full.'),
  node_busy: row(503, true, 'The storage node has too many connections.'),
  // Only clients meet these
  node_unreachable: row(0, true, 'A storage node did not answer.'),
  node_slow: row(0, true, 'A storage node was too slow.'),
  password_needed: row(0, true, 'This link asks for a password, which the sender told you by another way.'),
  offline: row(0, true, 'There is no connection to Shardsend. Check your network and try again.'),
  wrong_coordinator: row(0, false, 'There is no Shardsend at the address in this link. Ask the sender for the link again.'),
  not_enough_shards: row(0, true, 'Too many storage nodes are unreachable to rebuild this transfer right now. Try again later.'),
  not_enough_nodes: row(0, true, 'Too few storage nodes accepted the upload. Try again in a moment.'),
  wrong_key: row(0, false, 'The data does not match its key: it was damaged or tampered with. Nothing was saved.'),
  manifest_damaged: row(0, false, 'The list of files does not match what was sent. Nothing was saved.'),
  no_files: row(0, false, 'There is nothing to send. Choose at least one file.'),
  too_many_files: row(0, false, 'These are more than 10,000 files. Put them into an archive and send that.'),
  note_too_long: row(0, false, 'A note holds up to 1 MiB of text. Shorten it, or send it as a file.'),
  name_invalid: row(0, false, 'A file has a name that cannot be sent. Rename it and try again.'),
  file_changed: row(0, true, 'A file changed while it was being sent. Nothing was sent; try again.'),
  file_unreadable: row(0, true, 'A file could not be read: it was moved, deleted or locked. Nothing was sent; check it and try again.'),
  upload_gone: row(
    0,
    false,
    'This send cannot go on here: it was finished or withdrawn elsewhere, or what this device kept of it is gone. Your list of sends shows whether it was finished; if it was not, send it again.',
  ),
  upload_elsewhere: row(0, false, 'This send goes on in another tab or window. Continue there, or close that one and open this page again.'),
  browser_unsupported: row(0, false, 'This window cannot save downloads piece by piece. Open the link in a normal window of a current browser.'),
  disk_full: row(0, true, 'The disk is full. Free some space and try again.'),
  disk_failed: row(0, true, 'The files could not be saved. Check the folder and try again.'),
  record_unreadable: row(0, false, 'What this device keeps of a transfer cannot be read. The transfer itself goes on until it expires.'),
  record_unsaved: row(0, true, 'This device cannot keep track of what you send. Keep the link yourself.'),
  words_wrong: row(0, false, 'These are not the 24 words of an identity: one of them is misspelt, missing or in the wrong place.'),
  vault_damaged: row(0, false, 'What the service keeps of your vault is not what your devices wrote. Nothing on this device was changed.'),
  vault_replayed: row(0, false, 'The service showed an older state of your vault than this device has seen. Nothing on this device was changed.'),
  cancelled: row(0, true, 'Cancelled.'),
  paused: row(0, true, 'Paused. It goes on from here.'),
} as const satisfies Record<string, Row>;

function row(status: number, retryable: boolean, sentence: string): Row {
  return { status, retryable, sentence };
}

export type ErrorCode = keyof typeof table;
export const ERROR_CODES = Object.keys(table) as readonly ErrorCode[];
export const isErrorCode = (text: unknown): text is ErrorCode => typeof text === 'string' && Object.hasOwn(table, text);
export const statusOf = (code: ErrorCode): number => table[code].status;
export const sentenceOf = (code: ErrorCode): string => table[code].sentence;

/** Every expected failure. `message` is for logs and developers, `sentenceOf(code)` for people. */
export class SendError extends Error {
  override readonly name = 'SendError';
  readonly code: ErrorCode;
  /** After how many seconds the coordinator will hear the same again, where it said so (`Retry-After`). */
  readonly retryAfterSeconds: number | undefined;
  constructor(code: ErrorCode, message: string = sentenceOf(code), options: { cause?: unknown; retryAfterSeconds?: number | undefined } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
  get retryable(): boolean {
    return table[this.code].retryable;
  }
}

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
  const { status, sentence } = table[code];
  return { type: 'about:blank', status: status === 0 ? 500 : status, code, title: sentence, ...(detail ? { detail } : {}) };
}

/**
 * Reads a problem document from outside; one with an unknown code or form becomes `fallback`, and so does a code that
 * only a client can find: a node that answers `cancelled` would pass for the person's own wish.
 */
export function parseProblem(input: unknown, fallback: ErrorCode = 'unavailable', retryAfterSeconds?: number): SendError {
  if (typeof input === 'object' && input !== null && 'code' in input && isErrorCode(input.code) && statusOf(input.code) !== 0) {
    const detail = 'detail' in input && typeof input.detail === 'string' ? `: ${input.detail.slice(0, 200)}` : '';
    return new SendError(input.code, `${input.code}${detail}`, { retryAfterSeconds });
  }
  return new SendError(fallback);
}

/** Any thrown thing as a SendError, keeping it as the cause. */
export function asSendError(thrown: unknown, code: ErrorCode, intent: string): SendError {
  return thrown instanceof SendError ? thrown : new SendError(code, intent, { cause: thrown });
}
