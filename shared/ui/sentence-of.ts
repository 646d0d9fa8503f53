/** What people read of an error, in the language shown. */
import type { ErrorCode } from '../protocol/errors.ts';
import { errorsTexts } from './messages/errors.ts';
import { sayFrom } from './say.ts';

const say = sayFrom(errorsTexts);

export const sentenceOf = (code: ErrorCode): string => say(code);
