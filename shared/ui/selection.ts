/**
 * What a person chose to send: files from a picker, a drop or the clipboard, folders with their paths, gathered into one
 * list of unique paths that a manifest can carry (docs/protocol.md §5).
 */
import { canPickHandles, handleOfItem, pickHandles, type FileOrigin } from '../client/browser/file-handles.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { MAX_FILES } from '../protocol/limits.ts';
import { isManifestPath } from '../protocol/manifest.ts';

export interface ChosenFile {
  /** `folder/name.txt`, or the bare name. Unique in a selection. */
  readonly path: string;
  readonly file: File;
  /** Where it lies, if the browser says. */
  readonly origin?: FileOrigin;
}

export interface Addition {
  readonly files: readonly ChosenFile[];
  /** Why something was left out; null when everything was taken. */
  readonly problem: ErrorCode | null;
}

/** As people count: 2 before 10. */
const byName = new Intl.Collator('en', { numeric: true });

/**
 * Adds files to a selection, by name: a browser gives a folder's in no order. A path that is taken gets a number, also when size and date are the same: an unwanted
 * double is seen in the list, a file left out by mistake is not. More than fit: none is added, so that nobody sends
 * half a folder unknowingly.
 */
export function addFiles(chosen: readonly ChosenFile[], added: readonly ChosenFile[]): Addition {
  const taken = new Set(chosen.map((item) => item.path));
  const files = [...chosen];
  let problem: ErrorCode | null = null;
  for (const item of added.toSorted((a, b) => byName.compare(a.path, b.path))) {
    const path = item.path.replace(/^\/+/, '').normalize('NFC');
    const unique = taken.has(path) ? numberedPath(path, taken) : path;
    if (!isManifestPath(unique)) {
      problem = 'name_invalid';
      continue;
    }
    taken.add(unique);
    files.push({ ...item, path: unique });
  }
  return files.length > MAX_FILES ? { files: chosen, problem: 'too_many_files' } : { files, problem };
}

export const totalBytes = (files: readonly ChosenFile[]): number => files.reduce((sum, item) => sum + item.file.size, 0);

/** From a file input, with or without folders. */
export const filesOfInput = (list: Iterable<File>): ChosenFile[] => Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, file }));

/** With the browser's picker. To be called on a click. @returns none where the person chose none. */
export async function pickFiles(): Promise<ChosenFile[]> {
  if (canPickHandles()) return (await pickHandles()).map(({ file, origin }) => ({ path: file.name, file, origin }));
  return pickByInput({ folder: false });
}

/** A folder's come without handles: the picker that gives them refuses a person's own folders, such as the downloads. */
export const pickFolder = (): Promise<ChosenFile[]> => pickByInput({ folder: true });

function pickByInput({ folder }: { readonly folder: boolean }): Promise<ChosenFile[]> {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.webkitdirectory = folder;
  return new Promise((resolve) => {
    input.onchange = () => resolve(filesOfInput(input.files ?? []));
    input.oncancel = () => resolve([]);
    input.click();
  });
}

/**
 * From a drop or the clipboard; folders are walked to their depth.
 *
 * The entries are taken before the first await, because a browser empties the transfer once its event is over.
 * Stops early, with one file more than can be sent, instead of walking a whole disk.
 */
export function filesOfTransfer(transfer: DataTransfer): Promise<ChosenFile[]> {
  const files: { readonly file: File; readonly handle: Promise<FileSystemHandle | null> }[] = [];
  const folders: { readonly entry: FileSystemDirectoryEntry; readonly handle: Promise<FileSystemHandle | null> }[] = [];
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry?.();
    const file = item.getAsFile();
    if (entry?.isDirectory) folders.push({ entry: entry as FileSystemDirectoryEntry, handle: handleOfItem(item) });
    else if (file) files.push({ file, handle: handleOfItem(item) });
  }
  return readTransfer();

  async function readTransfer(): Promise<ChosenFile[]> {
    const found: ChosenFile[] = [];
    for (const { file, handle } of files) found.push({ path: file.name, file, ...originIn(await handle, []) });
    for (const { entry, handle } of folders) await walkFolder(entry, await handle, found);
    return found;
  }
}

const originIn = (root: FileSystemHandle | null, inside: readonly string[]): Pick<ChosenFile, 'origin'> => (root ? { origin: { root, inside } } : {});

async function walkFolder(folder: FileSystemDirectoryEntry, root: FileSystemHandle | null, found: ChosenFile[]): Promise<void> {
  const folders = [folder];
  for (let next = folders.shift(); next && found.length <= MAX_FILES; next = folders.shift()) {
    const reader = next.createReader();
    for (;;) {
      const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (batch.length === 0 || found.length > MAX_FILES) break;
      const read = batch.filter((entry) => entry.isFile).map((entry) => fileOfEntry(entry, root));
      folders.push(...batch.filter((entry): entry is FileSystemDirectoryEntry => entry.isDirectory));
      found.push(...(await Promise.all(read)));
    }
  }
}

function fileOfEntry(entry: FileSystemEntry, root: FileSystemHandle | null): Promise<ChosenFile> {
  const path = entry.fullPath.replace(/^\/+/, '');
  const inside = path.split('/').slice(1);
  return new Promise((resolve, reject) => (entry as FileSystemFileEntry).file((file) => resolve({ path, file, ...originIn(root, inside) }), reject));
}

/** `a.txt` taken: `a (2).txt`, and so on. */
function numberedPath(path: string, taken: ReadonlySet<string>): string {
  const slash = path.lastIndexOf('/') + 1;
  const dot = path.lastIndexOf('.');
  const cut = dot > slash ? dot : path.length;
  for (let number = 2; ; number++) {
    const candidate = `${path.slice(0, cut)} (${number})${path.slice(cut)}`;
    if (!taken.has(candidate)) return candidate;
  }
}
