/** What the fields of messages may hold. Byte strings stay b64 text; their schema has checked form and length. */
import * as v from 'valibot';
import { decodeB64, KEY_BYTES } from './bytes.ts';
import { ERROR_CODES, type ErrorCode } from './errors.ts';
import { MAX_NODES } from './limits.ts';

const isB64 =
  (length: number) =>
  (text: string): boolean => {
    try {
      return decodeB64(text, length).length === length;
    } catch {
      return false; // the only thing decodeB64 throws is that the text is not what it should be
    }
  };
export const b64 = (length: number) => v.pipe(v.string(), v.maxLength(Math.ceil((length * 4) / 3)), v.check(isB64(length), `b64 of ${length} bytes expected`));
export const whole = (min: number, max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max));
export const timeMs = whole(0, Number.MAX_SAFE_INTEGER);
export const count = whole(0, Number.MAX_SAFE_INTEGER);
export const segmentIndex = whole(0, 0xfffffffe);
export const shardIndex = whole(0, MAX_NODES - 1);
export const ascending = (list: number[]): boolean => list.every((value, i) => i === 0 || value > list[i - 1]!);
export const shardIndexes = v.pipe(
  v.array(shardIndex),
  v.minLength(1),
  v.maxLength(MAX_NODES),
  v.check((list) => new Set(list).size === list.length, 'shard indexes must differ'),
);
export const roots = v.pipe(
  v.string(),
  v.maxLength(Math.ceil((MAX_NODES * KEY_BYTES * 4) / 3)),
  v.check((text) => {
    const bytes = Math.floor((text.length * 3) / 4);
    return bytes > 0 && bytes % KEY_BYTES === 0 && isB64(bytes)(text);
  }, 'b64 of roots expected'),
);
export const problemCode = v.picklist(ERROR_CODES as readonly [ErrorCode, ...ErrorCode[]]);
export const httpUrl = v.pipe(
  v.string(),
  v.maxLength(512),
  v.check((text) => {
    if (!URL.canParse(text)) return false;
    const url = new URL(text);
    return (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  }, 'an http or https address without query expected'),
);
