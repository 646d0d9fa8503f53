/** Follows a node that is leaving until it holds nothing. */
import type { NodeStatus } from '../../shared/protocol/index.ts';

export interface ExitWatch {
  readonly status: (signal: AbortSignal) => Promise<NodeStatus>;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onStatus: (status: NodeStatus) => void;
  /** A look at the status failed; the next one may not. */
  readonly onTrouble: (thrown: unknown) => void;
}

const LOOK_MS = 5_000;

/** @returns true when nothing is left, false when `signal` ended the watch. */
export async function watchExit(first: NodeStatus, { status, delay, onStatus, onTrouble }: ExitWatch, signal: AbortSignal): Promise<boolean> {
  let latest = first;
  onStatus(latest);
  while (latest.holdings.transfers > 0) {
    await delay(LOOK_MS, signal).catch(() => undefined); // an abort; seen below
    if (signal.aborted) return false;
    try {
      latest = await status(signal);
      onStatus(latest);
    } catch (thrown) {
      if (signal.aborted) return false;
      onTrouble(thrown);
    }
  }
  return true;
}
