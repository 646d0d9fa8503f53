/** How much of the last week a node was there: the mean over windows of 6 epochs, so that no single day decides. */
import * as v from 'valibot';

export const EPOCHS_PER_WINDOW = 6;
/** 7 days of windows. */
export const MAX_WINDOWS = 28;

export const availabilitySchema = v.strictObject({
  /** Means of finished windows, oldest first, at most MAX_WINDOWS − 1; windows in which nothing was measured are left out. */
  closed: v.pipe(v.array(v.pipe(v.number(), v.minValue(0), v.maxValue(1))), v.maxLength(MAX_WINDOWS - 1)),
  /** Number of the open window: `⌊epoch / EPOCHS_PER_WINDOW⌋`. */
  window: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Sum over the epochs that were measured in the open window, and how many they are. */
  sum: v.pipe(v.number(), v.minValue(0), v.maxValue(EPOCHS_PER_WINDOW)),
  epochs: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(EPOCHS_PER_WINDOW)),
});
export type AvailabilityRecord = Readonly<v.InferOutput<typeof availabilitySchema>>;

export const newAvailability = (epoch: number): AvailabilityRecord => ({ closed: [], window: Math.floor(epoch / EPOCHS_PER_WINDOW), sum: 0, epochs: 0 });

/** @param share - part of the epoch in which the node was there, 0 to 1. Epochs come in order, each once; one that nobody measured is left out. */
export function measureAvailability(record: AvailabilityRecord, epoch: number, share: number): AvailabilityRecord {
  const window = Math.floor(epoch / EPOCHS_PER_WINDOW);
  if (window === record.window) return { closed: record.closed, window, sum: record.sum + share, epochs: record.epochs + 1 };
  const closed = record.epochs === 0 ? record.closed : [...record.closed, record.sum / record.epochs].slice(1 - MAX_WINDOWS);
  return { closed, window, sum: share, epochs: 1 };
}

/** @returns 0 to 1; 1 for a node of which nothing was measured yet. */
export function availabilityOf(record: AvailabilityRecord): number {
  let sum = record.epochs === 0 ? 0 : record.sum / record.epochs;
  for (const mean of record.closed) sum += mean;
  const windows = record.closed.length + (record.epochs === 0 ? 0 : 1);
  return windows === 0 ? 1 : sum / windows;
}
