/** Lists whose rows have one height, so that only those in sight need to exist: ten thousand are as quick as ten. */

/** Of every row; the styles of the lists say the same, and that they are no higher than eight rows. */
const ROW_REM = 3.25;
const ROWS_IN_SIGHT = 8;
/** Above and below what is in sight. */
const MARGIN_ROWS = 8;

export const rowHeightPx = (): number => ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);

/** @returns the rows that exist: from the first to before the last. */
export function rowsInSight(count: number, rowPx: number, scrollTop: number): { readonly from: number; readonly to: number } {
  const first = Math.floor(scrollTop / rowPx);
  return { from: Math.max(0, first - MARGIN_ROWS), to: Math.min(count, first + ROWS_IN_SIGHT + 1 + MARGIN_ROWS) };
}

/** @returns how far to scroll so that a row is wholly in sight: not at all where it is. */
export const scrollTopFor = (row: number, rowPx: number, { scrollTop, clientHeight }: Pick<Element, 'scrollTop' | 'clientHeight'>): number =>
  Math.min(row * rowPx, Math.max(scrollTop, (row + 1) * rowPx - clientHeight));
