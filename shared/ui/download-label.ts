/** What the download button will do, in its own words. */
import { receivingTexts } from './messages/receiving.ts';
import { sayFrom } from './say.ts';
import { shortName } from './spelled-name.ts';

const say = sayFrom(receivingTexts);

/** @param files - all of the transfer. @param chosen - in any order. */
export function downloadLabel(files: readonly { readonly path: string }[], chosen: ReadonlySet<number>): string {
  if (chosen.size === 0) return say('receive.chooseSome');
  if (files.length === 1) return say('receive.download');
  if (chosen.size === files.length) return say('receive.downloadZip');
  const [only] = chosen;
  return chosen.size === 1 ? say('receive.downloadOne', isolated(files[only!]!.path)) : say('receive.downloadSome', chosen.size);
}

/** A name that reorders nothing beside it. */
const isolated = (path: string): string => `\u2068${shortName(path.slice(path.lastIndexOf('/') + 1))}\u2069`;
