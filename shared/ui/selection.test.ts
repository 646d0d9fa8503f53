import { describe, expect, it } from 'vitest';
import { addFiles, filesOfTransfer, totalBytes, type ChosenFile } from './selection.ts';

const chosen = (path: string, text = path, lastModified = 1): ChosenFile => ({
  path,
  file: new File([text], path.split('/').at(-1) ?? '', { lastModified }),
});

describe('adding to a selection', () => {
  it('keeps the order and the folders', () => {
    const { files, problem } = addFiles([chosen('b.txt')], [chosen('a/x.txt'), chosen('a/y.txt')]);
    expect(files.map((item) => item.path)).toEqual(['b.txt', 'a/x.txt', 'a/y.txt']);
    expect(problem).toBeNull();
    expect(totalBytes(files)).toBe(5 + 7 + 7);
  });

  it('brings what comes together into the order of its names', () => {
    const { files } = addFiles([chosen('z.txt')], [chosen('many/10.txt'), chosen('many/2.txt'), chosen('b.txt')]);
    expect(files.map((item) => item.path)).toEqual(['z.txt', 'b.txt', 'many/2.txt', 'many/10.txt']);
  });

  it('numbers a path that is taken before its extension, and leaves nothing out', () => {
    const once = addFiles([chosen('a.txt')], [chosen('a.txt', 'other')]).files;
    const twice = addFiles(once, [chosen('a.txt', 'a third', 3)]).files;
    expect(twice.map((item) => item.path)).toEqual(['a.txt', 'a (2).txt', 'a (3).txt']);
    const bare = addFiles([chosen('.env')], [chosen('.env', 'other')]).files;
    expect(bare.map((item) => item.path)).toEqual(['.env', '.env (2)']);
  });

  it('adds none when they would be more than 10,000', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => chosen(`f${index}`));
    expect(addFiles([], many).files).toHaveLength(10_000);
    expect(addFiles(many, [chosen('one more')])).toEqual({ files: many, problem: 'too_many_files' });
  });

  it('leaves out names that a manifest cannot carry and says so', () => {
    const { files, problem } = addFiles([], [chosen('good.txt'), chosen('x'.repeat(256)), chosen('a/../b')]);
    expect(files.map((item) => item.path)).toEqual(['good.txt']);
    expect(problem).toBe('name_invalid');
  });
});

describe('dropping', () => {
  it('walks folders in batches and keeps loose files', async () => {
    const inside = Array.from({ length: 250 }, (_, index) => fileEntry(`/album/sub/p${index}.jpg`));
    const album = folderEntry('/album', [fileEntry('/album/cover.jpg'), folderEntry('/album/sub', inside)]);
    const loose = new File(['x'], 'loose.txt');
    const items = [
      { kind: 'file', webkitGetAsEntry: () => album, getAsFile: () => null },
      { kind: 'string', webkitGetAsEntry: () => null, getAsFile: () => null },
      { kind: 'file', webkitGetAsEntry: () => ({ isDirectory: false }), getAsFile: () => loose },
    ];
    const found = await filesOfTransfer({ items } as unknown as DataTransfer);
    expect(found).toHaveLength(252);
    expect(found.map((item) => item.path)).toContain('loose.txt');
    expect(found.map((item) => item.path)).toContain('album/cover.jpg');
    expect(found.at(-1)?.path).toBe('album/sub/p249.jpg');
  });
});

function fileEntry(fullPath: string) {
  const name = fullPath.split('/').at(-1) ?? '';
  return { isFile: true, isDirectory: false, fullPath, file: (taken: (file: File) => void) => taken(new File(['x'], name)) };
}

function folderEntry(fullPath: string, children: readonly unknown[]) {
  let at = 0;
  const readEntries = (taken: (batch: readonly unknown[]) => void) => taken(children.slice(at, (at += 100)));
  return { isFile: false, isDirectory: true, fullPath, createReader: () => ({ readEntries }) };
}
