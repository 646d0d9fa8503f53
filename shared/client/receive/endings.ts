import type { ErrorCode } from '../../protocol/errors.ts';

/** A commit that is answered so will never count: the transfer ended meanwhile, or the place lapsed and went to others. */
export const ENDINGS: ReadonlySet<ErrorCode> = new Set(['claim_lapsed', 'transfer_expired', 'transfer_used_up', 'transfer_revoked', 'transfer_unknown']);
