/** The files of a transfer as the folders that they lie in, and which of them are chosen: data for FileTree.svelte. */

interface ListedFile {
  readonly path: string;
  readonly bytes: number;
}

interface Node {
  /** Unique in the tree. */
  readonly key: string;
  /** One component; of what lies deeper than MAX_DEPTH, the rest of the path. */
  readonly name: string;
  /** 0 at the top. */
  readonly depth: number;
  /** The files below it, or itself, are `order[from]` to `order[to - 1]`. */
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}
export interface FileNode extends Node {
  readonly kind: 'file';
  /** In the transfer. */
  readonly index: number;
}
export interface FolderNode extends Node {
  readonly kind: 'folder';
  readonly children: readonly TreeNode[];
}
export type TreeNode = FileNode | FolderNode;

export interface FileTree {
  readonly top: readonly TreeNode[];
  /** Indexes of the files in the order in which the whole tree shows them. */
  readonly order: readonly number[];
}

/** A row of the tree as it stands open, with its place among its siblings. */
export interface TreeRow {
  readonly node: TreeNode;
  /** From 1. */
  readonly position: number;
  readonly siblings: number;
}

/** A path may have two thousand components, and there may be ten thousand of those. */
const MAX_DEPTH = 16;
/** More rows than this do not all stand open at first. */
const OPEN_ROWS = 40;

interface Draft {
  readonly folders: Map<string, Draft>;
  /** In order of their first appearance. */
  readonly entries: ({ readonly name: string; readonly folder: Draft } | { readonly name: string; readonly index: number })[];
}
const newDraft = (): Draft => ({ folders: new Map(), entries: [] });

export function buildTree(files: readonly ListedFile[]): FileTree {
  const root = newDraft();
  for (const [index, { path }] of files.entries()) {
    const components = path.split('/');
    const folders = components.slice(0, Math.min(components.length - 1, MAX_DEPTH));
    let draft = root;
    for (const name of folders) {
      let folder = draft.folders.get(name);
      if (!folder) {
        folder = newDraft();
        draft.folders.set(name, folder);
        draft.entries.push({ name, folder });
      }
      draft = folder;
    }
    draft.entries.push({ name: components.slice(folders.length).join('/'), index });
  }
  const order: number[] = [];
  const settle = (draft: Draft, path: string, depth: number): TreeNode[] =>
    draft.entries.map((entry): TreeNode => {
      const { name } = entry;
      const from = order.length;
      if ('index' in entry) {
        order.push(entry.index);
        return { kind: 'file', key: `file ${entry.index}`, name, depth, from, to: from + 1, index: entry.index, bytes: files[entry.index]!.bytes };
      }
      const inside = `${path}/${name}`;
      const children = settle(entry.folder, inside, depth + 1);
      return { kind: 'folder', key: `folder ${inside}`, name, depth, from, to: order.length, children, bytes: children.reduce((sum, child) => sum + child.bytes, 0) };
    });
  return { top: settle(root, '', 0), order };
}

/** @param open - keys of folders. */
export function rowsOf(nodes: readonly TreeNode[], open: ReadonlySet<string>): TreeRow[] {
  return nodes.flatMap((node, i) => {
    const row = { node, position: i + 1, siblings: nodes.length };
    return node.kind === 'folder' && open.has(node.key) ? [row, ...rowsOf(node.children, open)] : [row];
  });
}

/** Folders that stand open at first: all where that is a short list; else the only one that there is at the top, and so on in it. */
export function openedAtFirst({ top }: FileTree): Set<string> {
  const all = new Set(foldersOf(top).map(({ key }) => key));
  if (rowsOf(top, all).length <= OPEN_ROWS) return all;
  const open = new Set<string>();
  for (let nodes = top; nodes.length === 1 && nodes[0]!.kind === 'folder'; nodes = nodes[0]!.children) open.add(nodes[0]!.key);
  return open;
}

const foldersOf = (nodes: readonly TreeNode[]): FolderNode[] => nodes.flatMap((node) => (node.kind === 'folder' ? [node, ...foldersOf(node.children)] : []));

/** How many files before each place of the order are chosen; by it `markOf` answers at once, however many lie below. */
export function countChosen({ order }: FileTree, chosen: ReadonlySet<number>): readonly number[] {
  const counts = [0];
  for (const index of order) counts.push(counts.at(-1)! + (chosen.has(index) ? 1 : 0));
  return counts;
}

export type Mark = 'all' | 'some' | 'none';

export function markOf({ from, to }: Pick<Node, 'from' | 'to'>, counts: readonly number[]): Mark {
  const chosen = counts[to]! - counts[from]!;
  if (chosen === 0) return 'none';
  return chosen === to - from ? 'all' : 'some';
}

/** The choice after a click on a row: all below it, or none where all were chosen. */
export function toggle({ order }: FileTree, { from, to }: Pick<Node, 'from' | 'to'>, chosen: ReadonlySet<number>): Set<number> {
  const below = order.slice(from, to);
  const after = new Set(chosen);
  const take = below.some((index) => !chosen.has(index));
  for (const index of below) {
    if (take) after.add(index);
    else after.delete(index);
  }
  return after;
}
