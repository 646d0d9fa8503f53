import type { ErrorCode } from '../protocol/errors.ts';
import { receivingTexts } from './messages/receiving.ts';
import { findText, sayFrom } from './say.ts';

const say = sayFrom(receivingTexts);

/** The heading for a link or transfer that cannot be opened; the sentence below it is `sentenceOf(code)`. */
export function titleOf(code: ErrorCode): string {
  const title = findText([receivingTexts], `state.${code}.title`);
  return typeof title === 'string' ? title : say('state.other.title');
}
