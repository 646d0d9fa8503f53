import { describe, expect, test } from 'vitest';
import { formatBytes, formatSeconds, ProgressLine } from './progress-line.ts';

function recorder(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
}
const progress = (doneBytes: number) => ({ doneBytes, totalBytes: 2_000_000, bytesPerSecond: 500_000, secondsLeft: 3 });

describe('progress', () => {
  test('renews one line on a terminal, and takes it back', () => {
    const output = recorder(true);
    const line = new ProgressLine('Sending', output, () => 0);
    line.show(progress(1_000_000));
    line.clear();
    line.clear();
    expect(output.written).toEqual(['\r\u001b[KSending 50%, 1.00 MB of 2.00 MB, 500 kB/s, 3 s left', '\r\u001b[K']);
  });

  test('never wraps', () => {
    const output = recorder(true, 20);
    new ProgressLine('Sending', output, () => 0).show(progress(1));
    expect(output.written[0]).toHaveLength('\r\u001b[K'.length + 19);
  });

  test('writes a line every five seconds elsewhere', () => {
    const output = recorder(false);
    let nowMs = 0;
    const line = new ProgressLine('Receiving', output, () => nowMs);
    for (; nowMs <= 11_000; nowMs += 500) line.show(progress(nowMs * 100));
    line.clear();
    expect(output.written).toEqual(['Receiving 25%, 500 kB of 2.00 MB, 500 kB/s, 3 s left\n', 'Receiving 50%, 1.00 MB of 2.00 MB, 500 kB/s, 3 s left\n']);
  });

  test('of nothing is whole', () => {
    const output = recorder(true);
    new ProgressLine('Sending', output, () => 0).show({ doneBytes: 0, totalBytes: 0, bytesPerSecond: 0, secondsLeft: 0 });
    expect(output.written).toEqual(['\r\u001b[KSending 100%, 0 bytes of 0 bytes']);
  });
});

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1.00 kB'],
  [12_345, '12.3 kB'],
  [999_499, '999 kB'],
  [999_500, '1.00 MB'],
  [1e12, '1.00 TB'],
  [1e16, '10000 TB'],
])('%i bytes read %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [0.2, '1 s'],
  [59, '59 s'],
  [200, '3 min 20 s'],
  [7500, '2 h 5 min'],
])('%d seconds read %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));
