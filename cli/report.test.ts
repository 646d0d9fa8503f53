import { describe, expect, test } from 'vitest';
import { SendError, sentenceOf } from '../shared/protocol/index.ts';
import { explain } from './report.ts';

describe('what a person is told of a failure', () => {
  test('names a file by its whole path', () => {
    expect(explain(new SendError('file_unreadable', "couldn't read /srv/a b/c.txt (ENOENT)"))).toContain("(couldn't read /srv/a b/c.txt (ENOENT))");
  });

  test('lets no name talk to the terminal', () => {
    expect(explain(new SendError('disk_failed', "couldn't save \u001b]0;x\u0007/\u202efdp.exe\n"))).toContain("(couldn't save _]0;x_/_fdp.exe_)");
  });

  test('says nothing twice', () => {
    expect(explain(new SendError('offline'))).toBe(sentenceOf('offline'));
    expect(explain(new SendError('offline', sentenceOf('offline')))).toBe(sentenceOf('offline'));
  });
});
