/** Counted things in Spanish. */
import { formatCount, pluralsOf } from '../../numbers.ts';

export const form = pluralsOf<'one' | 'many' | 'other'>('es');

/** A round million counts "de archivos". */
export const count = (n: number, one: string, other: string): string => `${formatCount(n)} ${form(n, { one, many: `de ${other}`, other })}`;
export const files = (n: number): string => count(n, 'archivo', 'archivos');
