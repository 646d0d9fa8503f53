import { describe, expect, it } from 'vitest';
import { openOrigins, type FileOrigin } from './file-handles.ts';

/** A handle of the browser's as its interface says, with the answers that its person gives. */
function fileHandle(name: string, answer: PermissionState, asked: string[], now: PermissionState = 'prompt') {
  return {
    kind: 'file',
    name,
    queryPermission: async () => now,
    async requestPermission() {
      asked.push(name);
      return answer;
    },
    getFile: async () => new File([name], name),
  };
}
const folderHandle = (name: string, children: readonly { name: string; kind: string }[], asked: string[]) => {
  const child = (wanted: string) => {
    const found = children.find((each) => each.name === wanted);
    if (!found) throw new DOMException('gone', 'NotFoundError');
    return found;
  };
  return {
    ...fileHandle(name, 'granted', asked),
    kind: 'directory',
    getDirectoryHandle: async (wanted: string) => child(wanted),
    getFileHandle: async (wanted: string) => child(wanted),
  };
};
const originOf = (root: object, ...inside: string[]): FileOrigin => ({ root: root as FileSystemHandle, inside });

describe('opening files again', () => {
  it('asks once for each thing that was handed over, and finds files in folders', async () => {
    const asked: string[] = [];
    const folder = folderHandle('album', [folderHandle('sub', [fileHandle('b', 'denied', asked)], asked), fileHandle('a', 'denied', asked)], asked);
    const files = await openOrigins([originOf(folder, 'a'), originOf(folder, 'sub', 'b'), originOf(fileHandle('c', 'granted', asked))]);
    expect(files?.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(asked).toEqual(['album', 'c']);
  });

  it('asks nobody for what is allowed already', async () => {
    const asked: string[] = [];
    expect(await openOrigins([originOf(fileHandle('a', 'denied', asked, 'granted'))])).toHaveLength(1);
    expect(asked).toEqual([]);
  });

  it('gives none when the person refuses one, or one is gone', async () => {
    expect(await openOrigins([originOf(fileHandle('a', 'granted', [])), originOf(fileHandle('b', 'denied', []))])).toBeNull();
    expect(await openOrigins([originOf(folderHandle('album', [], []), 'a')])).toBeNull();
  });
});
