import type { ErrorCode } from '../protocol/errors.ts';
import { receivingTexts } from './messages/receiving.ts';

/** The heading for a link or transfer that cannot be opened; the sentence below it is `sentenceOf(code)`. */
export function titleOf(code: ErrorCode): string {
  const titles: Readonly<Record<string, unknown>> = receivingTexts;
  const title = titles[`state.${code}.title`];
  return typeof title === 'string' ? title : receivingTexts['state.other.title'];
}
