/** What the download button will do, in its own words. */
import { receivingTexts } from './messages/receiving.ts';
import { sayFrom } from './say.ts';
import { isolated, shortName } from './spelled-name.ts';

const say = sayFrom(receivingTexts);

/** @param files - all of the transfer. @param chosen - in any order. */
export function downloadLabel(files: readonly { readonly path: string }[], chosen: ReadonlySet<number>): string {
  if (chosen.size === 0) return say('receive.chooseSome');
  if (files.length === 1) return say('receive.download');
  if (chosen.size === files.length) return say('receive.downloadZip');
  const [only] = chosen;
  return chosen.size === 1 ? say('receive.downloadOne', isolated(shortName(nameOf(files[only!]!.path)))) : say('receive.downloadSome', chosen.size);
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
