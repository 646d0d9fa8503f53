/** Every number of docs/protocol.md §3 to §6, §8, §10 and §12 that more than one program must agree on. */
export const KIB = 1024;
export const MIB = 1024 * KIB;

export const RECORD_SIZE_BYTES = 256 * KIB;
export const TAG_SIZE_BYTES = 16;
export const RECORD_TEXT_BYTES = RECORD_SIZE_BYTES - TAG_SIZE_BYTES;
export const ROWS_PER_SEGMENT = 4;
export const MAX_SHARD_BYTES = ROWS_PER_SEGMENT * RECORD_SIZE_BYTES;
export const LEAF_SIZE_BYTES = 64 * KIB;

export const MIN_NODES = 3;
export const MAX_NODES = 24;
export const MAX_SEGMENT_TABLE_PAGE = 256;
export const MAX_SEGMENTS_PER_COMMIT = 16;
export const MAX_SEGMENTS_PER_REBUILD = 64;
export const MAX_SEGMENTS_PER_RECEIPT = 64;
export const STORE_WINDOW_SHARDS = 4;
export const MAX_LEAVES_PER_AUDIT = 64;
export const INVENTORY_BUCKETS = 16;
export const MAX_TRANSFERS_PER_BUCKET = 16_384;
export const EPOCH_MS = 3600_000;
export const MAX_PACE_RATIO = 8;

export const MIN_CONTENT_BYTES = 4 * KIB;
export const MAX_CONTENT_BYTES = 1024 * 1024 * MIB;
/** So much hides how many files there are, and how long their names, in nearly every transfer. */
export const MIN_MANIFEST_TEXT_BYTES = 4 * KIB;
export const MAX_MANIFEST_BYTES = 8 * MIB;
export const MAX_JSON_BYTES = 1 * MIB;
export const MAX_FILES = 10_000;
export const MAX_PATH_BYTES = 4096;
export const MAX_NAME_BYTES = 255;
export const MAX_NOTE_BYTES = 1 * MIB;
/** What the one file of a note is called, and its type. */
export const NOTE_PATH = 'note.txt';
export const NOTE_TYPE = 'text/plain';

export const MIN_EXPIRES_IN_SECONDS = 5 * 60;
export const MAX_EXPIRES_IN_SECONDS = 30 * 24 * 3600;
export const MAX_DOWNLOADS = 1000;
export const MAX_EXPIRY_CHANGES = 100;
/** Of one transfer, those that were revoked among them. */
export const MAX_LINKS = 100;
/** u8 version, the content secret, tag. */
export const ENVELOPE_BYTES = 1 + 32 + TAG_SIZE_BYTES;
/** Argon2id over a password, docs/protocol.md §2: memory in KiB, passes, lanes. */
export const PASSWORD_MEMORY_KIB = 64 * KIB;
export const PASSWORD_PASSES = 3;
export const PASSWORD_LANES = 1;

export const ORDER_LIFETIME_MS = 15 * 60_000;
export const ORDER_SKEW_MS = 30_000;
export const REQUEST_SKEW_MS = 5 * 60_000;
export const CLAIM_LEASE_MS = 5 * 60_000;
export const FIRST_MESSAGE_TIMEOUT_MS = 10_000;
export const ENDED_KEPT_MS = 30 * 24 * 3600_000;

/** Of an account's vault, docs/protocol.md §14. */
export const MAX_VAULT_ENTRIES = 10_000;
export const MAX_VAULT_BYTES = 32 * MIB;
export const MAX_VAULT_BOX_BYTES = 256 * KIB;
export const MAX_ENTRIES_PER_VAULT_WRITE = 256;
export const MAX_ENTRIES_PER_VAULT_PAGE = 256;
export const VAULT_PAGE_BYTES = 512 * KIB;
export const HIDDEN_NAME_BYTES = 16;
