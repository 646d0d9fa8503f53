/** Counted things in English. */
import { formatCount, pluralsOf } from '../numbers.ts';

const form = pluralsOf<'one' | 'other'>('en');

export const count = (n: number, one: string, many: string): string => `${formatCount(n)} ${form(n, { one, other: many })}`;
export const files = (n: number): string => count(n, 'file', 'files');
