/** Room for files of the origin (OPFS): whether there is any, whether it is a disk, and what a failing one is called. For dedicated workers. */
import { SendError, type ErrorCode } from '../../protocol/errors.ts';
import type { SyncAccess } from './sync-access.ts';

/** Left free beside the file. */
const SPARE_BYTES = 64 * 1024 * 1024;
const GROWTH_BYTES = 16 * 1024 * 1024;
const GROWTHS = 3;
/** A disk grows a file in no time, memory takes 14 ms and more for each growth (Chromium 156, measured). */
const GROWN_ON_DISK_WITHIN_MS = 6;

export async function hasRoomFor(bytes: number): Promise<boolean> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  return quota - usage >= bytes + SPARE_BYTES;
}

/** Takes the whole size at once: no write has to ask for more. */
export function reserve(access: SyncAccess, bytes: number): boolean {
  access.truncate(bytes);
  return access.getSize() === bytes;
}

/**
 * Private windows of Chromium have such files as well, in the browser's memory, and tell the same quota. Only growing one
 * takes time there. A disk that is taken for memory is streamed to.
 */
export function isOnDisk(access: SyncAccess): boolean {
  const growthsMs = Array.from({ length: GROWTHS }, (_, i) => {
    const startedMs = performance.now();
    access.truncate((i + 1) * GROWTH_BYTES);
    return performance.now() - startedMs;
  });
  return Math.min(...growthsMs) < GROWN_ON_DISK_WITHIN_MS;
}

/** @throws SendError `disk_full` or `disk_failed` for whatever the work throws. */
export function onDisk<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const code: ErrorCode = thrown instanceof DOMException && thrown.name === 'QuotaExceededError' ? 'disk_full' : 'disk_failed';
    throw new SendError(code, "couldn't use the staged file", { cause: thrown });
  }
}
