/** Lists whose rows have one height, so that only those in sight need to exist: ten thousand are as quick as ten. */

/** Of every row; the styles of `.rows` in base.css say the same. */
const ROW_REM = 3.25;
/** Above and below what is in sight. */
const MARGIN_ROWS = 8;

/** As what scrolls says it, in px. */
interface Scroll {
  readonly scrollTop: number;
  readonly clientHeight: number;
}

export const rowHeightPx = (): number => ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);

/** @returns the rows that exist: from the first to before the last. */
export const rowsInSight = (count: number, rowPx: number, { scrollTop, clientHeight }: Scroll): { readonly from: number; readonly to: number } => ({
  from: Math.max(0, Math.floor(scrollTop / rowPx) - MARGIN_ROWS),
  to: Math.min(count, Math.ceil((scrollTop + clientHeight) / rowPx) + MARGIN_ROWS),
});

/** @returns how far to scroll so that a row is wholly in sight: not at all where it is. */
export const scrollTopFor = (row: number, rowPx: number, { scrollTop, clientHeight }: Scroll): number =>
  Math.min(row * rowPx, Math.max(scrollTop, (row + 1) * rowPx - clientHeight));
