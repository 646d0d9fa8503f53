import { describe, expect, it } from 'vitest';
import { downloadLabel } from './download-label.ts';
import { say } from './messages.ts';

const files = ['docs/report.pdf', 'a.txt', 'b.txt'].map((path) => ({ path }));
const plain = (text: string): string => text.replace(/[\u2068\u2069]/g, '');

describe('the download button', () => {
  it('says what it will save', () => {
    expect(downloadLabel(files, new Set([0, 1, 2]))).toBe(say('receive.downloadZip'));
    expect(downloadLabel(files, new Set([0, 2]))).toBe('Download 2 files as ZIP');
    expect(plain(downloadLabel(files, new Set([0])))).toBe('Download report.pdf');
    expect(downloadLabel(files, new Set())).toBe(say('receive.chooseSome'));
    expect(downloadLabel(files.slice(0, 1), new Set([0]))).toBe(say('receive.download'));
  });

  it('shows the end of a long name and spells out what would hide it', () => {
    const long = [{ path: `${'long '.repeat(40)}invoice\u202efdp.exe` }, { path: 'b' }];
    const label = plain(downloadLabel(long, new Set([0])));
    expect(label).toMatch(/…fdp\.exe$/);
    expect(label.length).toBeLessThan(60);
    expect(plain(downloadLabel([{ path: 'invoice\u202efdp.exe' }, { path: 'b' }], new Set([0])))).toBe('Download invoice[U+202E]fdp.exe');
  });
});
