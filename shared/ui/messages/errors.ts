/** What went wrong, for people: the English sentences stand with the protocol, since every program says them. */
import { errorSentences } from '../../protocol/error-sentences.ts';

export const errorsTexts = errorSentences;
