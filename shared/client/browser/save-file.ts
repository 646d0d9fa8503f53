/** Gives the browser a whole file, which then lies in its downloads folder. */
import { StagedFiles } from './staged-files.ts';

/** How long a browser may take to copy a file from memory to its disk. */
const SAVE_WITHIN_MS = 120_000;

/** @returns its bytes. */
export async function saveStaged(file: string, name: string, mime: string): Promise<number> {
  const staged = await StagedFiles.open();
  const whole = await (await staged.folder.getFileHandle(file)).getFile();
  staged.close();
  saveFile(whole.slice(0, whole.size, mime), name);
  return whole.size;
}

/** Gives the browser a whole file to save. */
export function saveFile(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), SAVE_WITHIN_MS);
}
