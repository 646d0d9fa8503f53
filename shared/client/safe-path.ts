/**
 * Names as they may touch a disk, an archive or a screen. A manifest carries names as they are (docs/protocol.md §5);
 * whoever writes them calls this first.
 */
import { UNSEEN } from '../protocol/unseen.ts';

const WINDOWS_TROUBLE = /[<>:"|?*\\]/g;
const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/** Any text that holds names: nothing in it can talk to a terminal or reorder what stands beside it. */
export const safeText = (text: string): string => text.replace(UNSEEN, '_');

/** The same of a text that has lines and columns of its own. */
export const safeLines = (text: string): string => text.replaceAll('\r\n', '\n').replace(/[^\n\t]+/g, safeText);

/** One component, on any system: nothing in it can leave a folder, talk to a terminal or pose as another extension. */
export function safeName(name: string): string {
  const safe = safeText(name).replaceAll('/', '_');
  return safe === '' || safe === '.' || safe === '..' ? '_' : safe;
}

/** A whole path, component by component. */
export const safePath = (path: string): string => path.split('/').map(safeName).join('/');

/** For archives and downloads, which may be unpacked on Windows. */
export const portablePath = (path: string): string =>
  path
    .split('/')
    .map((name) => {
      const safe = safeName(name)
        .replace(WINDOWS_TROUBLE, '_')
        .replace(/[. ]+$/, (end) => '_'.repeat(end.length));
      return RESERVED.test(safe) ? `_${safe}` : safe;
    })
    .join('/');
