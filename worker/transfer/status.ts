/** What sender and recipients may know of a transfer. docs/protocol.md §10. */
import { epochAt } from '../../shared/policy/index.ts';
import type { Status } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { epochMsOf, type WorkerEnv } from '../environment.ts';
import { lossesLeft } from './losses-left.ts';
import { isEnded, layoutOf, senderOf } from './record.ts';
import type { TransferState } from './state.ts';

export function statusOf(transfer: TransferState, env: WorkerEnv): Status {
  const row = transfer.row();
  const { transferId, state, requiredShards, totalShards, contentBytes, createdAtMs, expiresAtMs } = row;
  const nowMs = clock.nowMs();
  return {
    transferId,
    state,
    requiredShards,
    totalShards,
    contentBytes,
    createdAtMs,
    expiresAtMs,
    downloads: { limit: row.downloadLimit, committed: row.committedDownloads, claimed: isEnded(state) ? 0 : transfer.claims.countLive(nowMs) },
    segments: { total: layoutOf(row).segmentCount, committed: row.committedSegments },
    sender: senderOf(row, nowMs),
    survives: lossesLeft(transfer, row, epochAt(nowMs, epochMsOf(env))) ?? 0,
  };
}
