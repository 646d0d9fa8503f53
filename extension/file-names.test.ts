import { describe, expect, it } from 'vitest';
import { cleanName, nameOfPage, nameOfResponse } from './file-names.ts';

const name = (url: string, mime = '', disposition = '') => nameOfResponse({ url, mime, disposition, fallback: 'image' });

describe('names of what was fetched', () => {
  it.each([
    ['https://a.example/files/report%202026.pdf', 'application/pdf', '', 'report 2026.pdf'],
    ['https://a.example/photo', 'image/jpeg; charset=x', '', 'photo.jpg'],
    ['https://a.example/', 'image/png', '', 'image.png'],
    ['data:image/png;base64,AAAA', 'image/png', '', 'image.png'],
    ['blob:https://a.example/0-1', 'video/mp4', '', 'image.mp4'],
    ['https://a.example/get?id=1', 'application/pdf', 'attachment; filename="in \\"voice\\".pdf"', 'in voice .pdf'],
    ['https://a.example/get', '', "attachment; filename=x; filename*=UTF-8''%C3%BCber.txt", 'über.txt'],
    ['https://a.example/%E0%A4%A', 'text/plain', '', '%E0%A4%A.txt'],
  ])('%s %s %s → %s', (url, mime, disposition, expected) => expect(name(url, mime, disposition)).toBe(expected));

  it('never makes a path, an empty name or a hidden turn', () => {
    expect(name('https://a.example/x', '', 'attachment; filename="../../etc/passwd"')).toBe('etc passwd');
    expect(cleanName('a\u202Eb\u0000c')).toBe('a b c');
    expect(cleanName('...')).toBe('');
    expect(cleanName(`${'x'.repeat(300)}.pdf`)).toHaveLength(120);
  });

  it('never makes a name that a manifest cannot carry', () => {
    const title = '漢字'.repeat(100);
    expect(Buffer.byteLength(nameOfPage(title, ''))).toBeLessThanOrEqual(255);
    expect(nameOfPage(title, '')).toMatch(/^(漢字)+漢?\.html$/);
    expect(cleanName(`${'😀'.repeat(100)}.pdf`)).toMatch(/^(😀)+\.pdf$/u);
  });

  it('names a page by its title, else its host', () => {
    expect(nameOfPage('News: today / tomorrow', 'a.example')).toBe('News today tomorrow.html');
    expect(nameOfPage('', 'a.example')).toBe('a.example.html');
  });
});
