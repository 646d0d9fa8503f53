/** What the download button will do, in its own words. */
import { receivingTexts } from './messages/receiving.ts';
import { sayFrom } from './say.ts';
import { spelledName, splitName } from './spelled-name.ts';

const say = sayFrom(receivingTexts);

const HEAD_LENGTH = 24;

/** @param files - all of the transfer. @param chosen - in any order. */
export function downloadLabel(files: readonly { readonly path: string }[], chosen: ReadonlySet<number>): string {
  if (chosen.size === 0) return say('receive.chooseSome');
  if (files.length === 1) return say('receive.download');
  if (chosen.size === files.length) return say('receive.downloadZip');
  const [only] = chosen;
  return chosen.size === 1 ? say('receive.downloadOne', shortName(files[only!]!.path)) : say('receive.downloadSome', chosen.size);
}

/** Its head gives way, so that the extension is always seen; isolated, so that it reorders nothing beside it. */
function shortName(path: string): string {
  const { head, tail } = splitName(path.slice(path.lastIndexOf('/') + 1));
  const shown = spelledName(head);
  const cut = shown.length > HEAD_LENGTH ? `${Array.from(shown).slice(0, HEAD_LENGTH).join('')}…` : shown;
  return `\u2068${cut}${spelledName(tail)}\u2069`;
}
