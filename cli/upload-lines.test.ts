import { expect, test } from 'vitest';
import { ProgressLine } from './progress-line.ts';
import { UploadLines } from './upload-lines.ts';

test('no time is told while the sender is not done: the rest takes as long as that takes', () => {
  const written: string[] = [];
  const output = { isTTY: true, columns: 80, write: (text: string) => void written.push(text) };
  const lines = new UploadLines(output, new ProgressLine('Receiving', output, () => 0));
  const progress = { doneBytes: 31, totalBytes: 100, bytesPerSecond: 50, secondsLeft: 1.4 };
  const said = (): string => {
    written.length = 0;
    lines.progress(progress);
    return written.join('');
  };
  lines.show({ sender: 'active', doneBytes: 31, totalBytes: 100 });
  expect(said()).toContain('31%');
  expect(said()).not.toContain('left');
  lines.show(null);
  expect(said()).toContain('1 s left');
});
