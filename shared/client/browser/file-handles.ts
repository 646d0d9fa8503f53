/**
 * Handles of files that a person chose, where the browser gives any: with them an upload goes on after a restart without
 * choosing again, once the person allows it. WICG File System Access, of Chromium alone; not among a page's types.
 */

/** What was handed over, a file or a folder, and where in it a file lies. */
export interface FileOrigin {
  readonly root: FileSystemHandle;
  /** Names from a folder down to the file; empty for a file. */
  readonly inside: readonly string[];
}

interface PermittedHandle {
  queryPermission(options: { mode: 'read' }): Promise<PermissionState>;
  requestPermission(options: { mode: 'read' }): Promise<PermissionState>;
}

interface PickingWindow {
  showOpenFilePicker?(options: { multiple: boolean }): Promise<FileSystemFileHandle[]>;
}

interface HandingItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

export const canPickHandles = (): boolean => 'showOpenFilePicker' in globalThis;

/** @returns none where the person chose none. */
export async function pickHandles(): Promise<{ file: File; origin: FileOrigin }[]> {
  try {
    const handles = await (globalThis as PickingWindow).showOpenFilePicker!({ multiple: true });
    return await Promise.all(handles.map(async (root) => ({ file: await root.getFile(), origin: { root, inside: [] } })));
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return [];
    throw thrown;
  }
}

/** To be called while the drop or paste event runs. @returns null where the browser gives none. */
export async function handleOfItem(item: DataTransferItem): Promise<FileSystemHandle | null> {
  try {
    return (await (item as HandingItem).getAsFileSystemHandle?.()) ?? null;
  } catch {
    return null; // of a place whose handles it gives to nobody; the files themselves come all the same
  }
}

/**
 * Opens files again. To be called soon after a click: the browser may ask the person, once for each root.
 *
 * @returns null where the person refuses, or a file is not there any more.
 */
export async function openOrigins(origins: readonly FileOrigin[]): Promise<File[] | null> {
  const allowed = new Set<FileSystemHandle>();
  const files: File[] = [];
  try {
    for (const { root, inside } of origins) {
      if (!allowed.has(root) && !(await mayRead(root as FileSystemHandle & PermittedHandle))) return null;
      allowed.add(root);
      files.push(await fileIn(root, inside));
    }
  } catch (thrown) {
    if (thrown instanceof DOMException) return null;
    throw thrown;
  }
  return files;
}

async function mayRead(handle: PermittedHandle): Promise<boolean> {
  if ((await handle.queryPermission({ mode: 'read' })) === 'granted') return true;
  return (await handle.requestPermission({ mode: 'read' })) === 'granted';
}

async function fileIn(root: FileSystemHandle, inside: readonly string[]): Promise<File> {
  if (inside.length === 0) return (root as FileSystemFileHandle).getFile();
  let folder = root as FileSystemDirectoryHandle;
  for (const name of inside.slice(0, -1)) folder = await folder.getDirectoryHandle(name);
  return (await folder.getFileHandle(inside.at(-1)!)).getFile();
}
