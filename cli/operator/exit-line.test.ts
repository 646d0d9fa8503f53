import { expect, it } from 'vitest';
import { exitLine } from './exit-line.ts';
import { moment } from './status-text.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');
const EXPIRES_AT_MS = NOW_MS + 7 * 24 * 3600_000;
const lineOf = (transfers: number, lastExpiresAtMs: number | null = EXPIRES_AT_MS, silentMs = 0) =>
  exitLine({ holdings: { transfers, bytes: transfers * 1_000_000, lastExpiresAtMs }, lastSeenMs: NOW_MS - silentMs }, NOW_MS);

it('says what a leaving node waits for, and until when at the latest', () => {
  const waits = 'waits for another node with room to take it over, or until it expires';
  expect(lineOf(1)).toBe(`Still here: 1.00 MB of 1 transfer. It ${waits}, ${moment(EXPIRES_AT_MS)}.`);
  expect(lineOf(2)).toBe(`Still here: 2.00 MB of 2 transfers. Each ${waits}; the last expires ${moment(EXPIRES_AT_MS)}.`);
  expect(lineOf(2, null)).toBe(`Still here: 2.00 MB of 2 transfers. Each ${waits}.`);
  expect(lineOf(0, null)).toBeNull();
});

it('asks for a node to be started that was not heard for minutes', () => {
  expect(lineOf(1, EXPIRES_AT_MS, 60_000)).not.toContain('start it');
  expect(lineOf(1, EXPIRES_AT_MS, 6 * 60_000)).toContain(`The node was last heard ${moment(NOW_MS - 6 * 60_000)}: start it`);
});
