import { describe, expect, it } from 'vitest';
import { MAX_FILES, MAX_PATH_BYTES } from '../protocol/limits.ts';
import { buildTree, countChosen, markOf, openedAtFirst, rowsOf, toggle, type FileTree, type TreeNode } from './file-tree.ts';

const treeOf = (...paths: string[]): FileTree => buildTree(paths.map((path, i) => ({ path, bytes: 10 ** i })));
/** The tree as lines, everything open. */
const drawn = (tree: FileTree): string[] =>
  rowsOf(tree.top, everything(tree.top)).map(({ node }) => `${'  '.repeat(node.depth)}${node.name}${node.kind === 'folder' ? '/' : ''} ${node.bytes}`);
const everything = (nodes: readonly TreeNode[]): Set<string> => new Set(nodes.flatMap((node) => (node.kind === 'folder' ? [node.key, ...everything(node.children)] : [])));
const find = (tree: FileTree, name: string): TreeNode => rowsOf(tree.top, everything(tree.top)).find(({ node }) => node.name === name)!.node;

describe('files in their folders', () => {
  it('stand together, wherever they stood in the list, with the sizes of what lies below', () => {
    expect(drawn(treeOf('a/x', 'b', 'a/c/y', 'a/z'))).toEqual(['a/ 1101', '  x 1', '  c/ 100', '    y 100', '  z 1000', 'b 10']);
  });

  it('know their place among their siblings', () => {
    const tree = treeOf('a/x', 'b', 'a/y');
    expect(rowsOf(tree.top, new Set()).map(({ position, siblings }) => [position, siblings])).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  it('may be called like a folder beside them, or like what every object has', () => {
    const tree = treeOf('a', 'a/b', '__proto__/constructor', 'constructor');
    expect(drawn(tree)).toEqual(['a 1', 'a/ 10', '  b 10', '__proto__/ 100', '  constructor 100', 'constructor 1000']);
    const keys = rowsOf(tree.top, everything(tree.top)).map(({ node }) => node.key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('stay few and shallow, although each of 10,000 lies two thousand folders deep', () => {
    const deep = 'a/'.repeat((MAX_PATH_BYTES - 10) / 2);
    const tree = buildTree(Array.from({ length: MAX_FILES }, (_, i) => ({ path: `${i}/${deep}x`, bytes: 1 })));
    const rows = rowsOf(tree.top, everything(tree.top));
    expect(rows.length).toBeLessThanOrEqual(17 * MAX_FILES);
    expect(Math.max(...new Set(rows.map(({ node }) => node.depth)))).toBe(16);
    expect(rows.at(-1)!.node.name.endsWith('a/x')).toBe(true);
  });
});

describe('folders stand open at first', () => {
  it('where all rows are a short list', () => {
    const tree = treeOf('a/b/c', 'd/e');
    expect(rowsOf(tree.top, openedAtFirst(tree))).toHaveLength(5);
  });

  it('only down to where there is something to choose from, in a long one', () => {
    const tree = buildTree(Array.from({ length: 100 }, (_, i) => ({ path: `holidays/2026/day ${i % 10}/${i}.jpg`, bytes: 1 })));
    expect(rowsOf(tree.top, openedAtFirst(tree)).map(({ node }) => node.name)).toEqual(['holidays', '2026', ...Array.from({ length: 10 }, (_, i) => `day ${i}`)]);
  });
});

describe('a choice of files', () => {
  const tree = treeOf('a/x', 'b', 'a/c/y', 'a/z');
  const marks = (chosen: ReadonlySet<number>): string[] => ['a', 'x', 'c', 'b'].map((name) => markOf(find(tree, name), countChosen(tree, chosen)));

  it('shows in every folder above', () => {
    expect(marks(new Set([0, 1, 2, 3]))).toEqual(['all', 'all', 'all', 'all']);
    expect(marks(new Set([2]))).toEqual(['some', 'none', 'all', 'none']);
    expect(marks(new Set())).toEqual(['none', 'none', 'none', 'none']);
  });

  it('takes all of a folder, and none of it at the next click', () => {
    const taken = toggle(tree, find(tree, 'a'), new Set([1, 2]));
    expect(taken).toEqual(new Set([1, 2, 0, 3]));
    expect(toggle(tree, find(tree, 'a'), taken)).toEqual(new Set([1]));
    expect(toggle(tree, find(tree, 'y'), new Set([2]))).toEqual(new Set());
  });
});
