/** How long to wait before a node, or an object, is asked again after it failed: twice as long each time. */

export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Of work that a node did not do: another may be asked meanwhile. */
export const WORK_PAUSES: Pauses = { firstMs: 15_000, longestMs: 30 * 60_000 };
/** Of word that has to reach this very one. */
export const WORD_PAUSES: Pauses = { firstMs: 2_000, longestMs: 15 * 60_000 };

/** @param failures - in a row, before the one that just was. */
export const pauseMs = (failures: number, { firstMs, longestMs }: Pauses): number => Math.min(longestMs, firstMs * 2 ** Math.min(failures, 20));
