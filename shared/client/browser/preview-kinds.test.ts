import { describe, expect, it } from 'vitest';
import { previewKind } from './preview-kinds.ts';
import { MAX_WHOLE_BYTES, mayPreview } from './preview-offer.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const fileOf = (path: string, type = '', size = 5000) => ({ path, type, bytes: size });
const show = (head: string, path = 'x', type = ''): string | null => {
  const kind = previewKind(bytes(head), fileOf(path, type));
  return kind && ('mime' in kind ? kind.mime : kind.kind);
};

describe('what a file is shown as', () => {
  it.each([
    ['\x89PNG\r\n\x1a\n\0\0', 'image/png'],
    ['\xff\xd8\xff\xe0', 'image/jpeg'],
    ['GIF89a', 'image/gif'],
    ['RIFF\0\0\0\0WEBP', 'image/webp'],
    ['\0\0\0\x20ftypavif', 'image/avif'],
    ['RIFF\0\0\0\0WAVEfmt ', 'audio/wav'],
    ['ID3\x03', 'audio/mpeg'],
    ['\xff\xfb\x90', 'audio/mpeg'],
    ['fLaC', 'audio/flac'],
    ['OggS\0OpusHead', 'audio/ogg'],
    ['OggS\0\x80theora', 'video/ogg'],
    ['\x1a\x45\xdf\xa3\0\x42\x82\x84webm', 'video/webm'],
    ['\0\0\0\x20ftypisom', 'video/mp4'],
    ['%PDF-1.7', 'pdf'],
    ['plain\n\twords', 'text'],
    ['<!doctype html><script>', 'text'],
  ])('%j is told by its own bytes: %s, whatever it is called', (head, kind) => {
    for (const path of ['x.exe', 'x.html', 'x']) expect(show(head, path, 'text/html')).toBe(kind);
  });

  it.each(['MZ\x90\0\x03', '\x7fELF\x02', 'PK\x03\x04\0', '\x1a\x45\xdf\xa3\0matroska', '\0\0\0\x20ftypheic', '\xff\xfe\0x', 'a\0b'])('%j is not shown', (head) => {
    for (const path of ['x.png', 'x.svg', 'x.txt', 'x.mp4']) expect(show(head, path, 'image/png')).toBeNull();
  });

  it('is an image for an SVG that says so in its name or type, and text else', () => {
    const svg = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
    expect(show(svg, 'a.svg')).toBe('image/svg+xml');
    expect(show(svg, 'a', 'image/svg+xml')).toBe('image/svg+xml');
    expect(show(svg, 'a.xml')).toBe('text');
    expect(show('<html><svg></svg></html>', 'a.svg')).toBe('text');
  });

  it('is audio where MPEG-4 is called so', () => {
    expect(show('\0\0\0\x20ftypisom', 'a.m4a')).toBe('audio/mp4');
    expect(show('\0\0\0\x20ftypM4A ', 'a')).toBe('audio/mp4');
  });

  it('may be cut in the middle of a character, where the file goes on', () => {
    const head = new TextEncoder().encode('ä'.repeat(10)).subarray(0, 19);
    expect(previewKind(head, fileOf('a.txt'))).toEqual({ kind: 'text' });
    expect(previewKind(head, fileOf('a.txt', '', head.length))).toBeNull();
  });

  it('is nothing for an image that is too large to be opened whole', () => {
    expect(previewKind(bytes('GIF89a'), fileOf('a.gif', '', MAX_WHOLE_BYTES + 1))).toBeNull();
  });
});

describe('a look', () => {
  it('is offered by name or type, and never for an empty file', () => {
    expect(['a.PNG', 'src/main.rs', 'Makefile', 'film.mp4'].map((path) => mayPreview(fileOf(path), 'frame'))).toEqual([true, true, true, true]);
    expect(['a.zip', 'a.exe', 'a'].map((path) => mayPreview(fileOf(path), 'frame'))).toEqual([false, false, false]);
    expect(mayPreview(fileOf('a', 'image/png'), 'frame')).toBe(true);
    expect(mayPreview(fileOf('a.png', '', 0), 'frame')).toBe(false);
  });

  it('is offered at what is small enough to be here whole where there is no frame', () => {
    expect(['a.png', 'film.mp4', 'notes.md'].map((path) => mayPreview(fileOf(path), 'whole'))).toEqual([true, true, true]);
    expect(['film.mp4', 'notes.md'].map((path) => mayPreview(fileOf(path, '', MAX_WHOLE_BYTES + 1), 'whole'))).toEqual([false, true]);
  });

  it('is offered at text alone where a frame shows nothing', () => {
    expect(['a.png', 'film.mp4', 'a.pdf', 'notes.md', 'Makefile'].map((path) => mayPreview(fileOf(path), 'none'))).toEqual([false, false, false, true, true]);
  });
});
