/**
 * The closed set of things that can go wrong, one row each: what HTTP says, and whether trying again can help.
 * docs/protocol.md §11. What people read of each stands in error-sentences.ts, and its translations in shared/ui/messages.
 */

interface Row {
  /** HTTP status where the code crosses a wire; 0 where only a client can find it. */
  readonly status: number;
  readonly retryable: boolean;
}

const table = {
  // Requests
  bad_request: row(400, false),
  unauthorized: row(401, false),
  too_large: row(413, false),
  too_many_requests: row(429, true),
  not_found: row(404, false),
  conflict: row(409, false),
  internal: row(500, true),
  unavailable: row(503, true),
  // Links and transfers
  link_damaged: row(0, false),
  link_version: row(0, false),
  wrong_link: row(403, false),
  wrong_password: row(403, true),
  password_wait: row(429, true),
  too_many_links: row(409, false),
  wrong_owner: row(403, false),
  transfer_unknown: row(404, false),
  transfer_uploading: row(409, true),
  transfer_expired: row(410, false),
  transfer_used_up: row(410, false),
  transfer_revoked: row(410, false),
  downloads_in_progress: row(409, true),
  claim_unknown: row(404, false),
  claim_lapsed: row(410, true),
  network_too_small: row(503, true),
  receipt_invalid: row(422, false),
  incomplete: row(409, true),
  // Registrations
  address_not_public: row(422, false),
  address_unreachable: row(422, true),
  // Accounts
  vault_moved: row(409, true),
  vault_full: row(413, false),
  // Orders and shards, at a node
  order_malformed: row(400, false),
  order_forged: row(401, false),
  order_other_node: row(403, false),
  order_action: row(403, false),
  order_expired: row(401, true),
  order_replayed: row(409, true),
  order_budget: row(413, false),
  transfer_deleted: row(410, false),
  shard_mismatch: row(422, false),
  shard_absent: row(404, false),
  node_full: row(507, true),
  node_busy: row(503, true),
  // Only clients meet these
  node_unreachable: row(0, true),
  node_slow: row(0, true),
  password_needed: row(0, true),
  offline: row(0, true),
  wrong_coordinator: row(0, false),
  not_enough_shards: row(0, true),
  not_enough_nodes: row(0, true),
  wrong_key: row(0, false),
  manifest_damaged: row(0, false),
  no_files: row(0, false),
  too_many_files: row(0, false),
  note_too_long: row(0, false),
  name_invalid: row(0, false),
  file_changed: row(0, true),
  file_unreadable: row(0, true),
  upload_gone: row(0, false),
  upload_elsewhere: row(0, false),
  browser_unsupported: row(0, false),
  disk_full: row(0, true),
  disk_failed: row(0, true),
  record_unreadable: row(0, false),
  record_unsaved: row(0, true),
  words_wrong: row(0, false),
  unlock_failed: row(0, true),
  vault_damaged: row(0, false),
  vault_replayed: row(0, false),
  cancelled: row(0, true),
  paused: row(0, true),
} as const satisfies Record<string, Row>;

function row(status: number, retryable: boolean): Row {
  return { status, retryable };
}

export type ErrorCode = keyof typeof table;
export const ERROR_CODES = Object.keys(table) as readonly ErrorCode[];
export const isErrorCode = (text: unknown): text is ErrorCode => typeof text === 'string' && Object.hasOwn(table, text);
export const statusOf = (code: ErrorCode): number => table[code].status;

/** Every expected failure. `message` is for logs and developers; people read the sentence of its code. */
export class SendError extends Error {
  override readonly name = 'SendError';
  readonly code: ErrorCode;
  /** After how many seconds the coordinator will hear the same again, where it said so (`Retry-After`). */
  readonly retryAfterSeconds: number | undefined;
  constructor(code: ErrorCode, message: string = code, options: { cause?: unknown; retryAfterSeconds?: number | undefined } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
  get retryable(): boolean {
    return table[this.code].retryable;
  }
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
