/**
 * Every text that a page shows, by key; each screen's stand in a file of messages/. What went wrong is told by
 * `sentenceOf(code)` in shared/protocol/errors.ts; here stand the headings above such sentences. Texts with numbers are
 * functions, so that each language can form its plurals.
 */
import { sentenceOf, type ErrorCode } from '../protocol/errors.ts';
import { extension } from './messages/extension.ts';
import { general } from './messages/general.ts';
import { notes } from './messages/notes.ts';
import { network } from './messages/network.ts';
import { node } from './messages/node.ts';
import { previews } from './messages/previews.ts';
import { receiving } from './messages/receiving.ts';
import { sending } from './messages/sending.ts';
import { sends } from './messages/sends.ts';

const catalogue = { ...general, ...sending, ...sends, ...receiving, ...extension, ...network, ...node, ...notes, ...previews };

type Catalogue = typeof catalogue;
type MessageKey = keyof Catalogue;
type Arguments<K extends MessageKey> = Catalogue[K] extends (...args: infer A) => string ? A : [];

export function say<K extends MessageKey>(key: K, ...args: Arguments<K>): string {
  const entry = catalogue[key] as string | ((...args: unknown[]) => string);
  return typeof entry === 'string' ? entry : entry(...args);
}

/** The heading for a link or transfer that cannot be opened; the sentence below it is `sentenceOf(code)`. */
export function titleOf(code: ErrorCode): string {
  const key = `state.${code}.title`;
  return key in catalogue ? say(key as 'state.other.title') : say('state.other.title');
}

export { sentenceOf };
