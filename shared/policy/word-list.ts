/**
 * Words on a node that nothing proves: of each source, and of each transfer, one counts. So nobody is heard twice by
 * repeating himself, and no transfer that somebody made for the purpose makes many voices of one.
 */
import * as v from 'valibot';

/** For so long a word counts. */
export const WORD_WINDOW_EPOCHS = 72;
const MAX_WORDS = 16;

const epoch = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(128));

const wordSchema = v.strictObject({
  epoch,
  /** Who says so, as the coordinator can tell sources apart: a client's network, a node's operator. */
  source: name,
  /** b64. */
  transferId: name,
});
export type Word = Readonly<v.InferOutput<typeof wordSchema>>;

/** The newest. */
export const wordsSchema = v.pipe(v.array(wordSchema), v.maxLength(MAX_WORDS));

export const isRecent = (at: number, nowEpoch: number): boolean => nowEpoch - at < WORD_WINDOW_EPOCHS;

/** @returns the list with the word; `words` itself where its source or its transfer has been heard. */
export function addWord(words: Word[], word: Word): Word[] {
  const recent = words.filter(({ epoch: at }) => isRecent(at, word.epoch));
  const isKnown = recent.some(({ source, transferId }) => source === word.source || transferId === word.transferId);
  return isKnown ? words : [...recent, word].slice(-MAX_WORDS);
}

/** Words that count; their sources and transfers differ, as `addWord` keeps them. */
export const countWords = (words: readonly Word[], nowEpoch: number): number => words.filter(({ epoch: at }) => isRecent(at, nowEpoch)).length;
