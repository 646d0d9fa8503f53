/**
 * What the receive page shows of some links only: it is loaded before the list is, so that the list stands still and a click
 * waits for nothing, even where the network has gone since.
 */
import type { TransferInfo } from '../client/types.ts';
import type FileTree from './FileTree.svelte';
import type NoteView from './NoteView.svelte';

export interface LinkViews {
  /** Where there are several files. */
  readonly FileTree: typeof FileTree | null;
  /** Where there is a note. */
  readonly NoteView: typeof NoteView | null;
}

export async function loadLinkViews(info: TransferInfo): Promise<LinkViews> {
  const [tree, note] = await Promise.all([info.files.length > 1 ? import('./FileTree.svelte') : null, info.kind === 'note' ? import('./NoteView.svelte') : null]);
  return { FileTree: tree?.default ?? null, NoteView: note?.default ?? null };
}
