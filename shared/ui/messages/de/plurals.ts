/** Counted things in German. */
import { formatCount, pluralsOf } from '../../numbers.ts';

export const form = pluralsOf<'one' | 'other'>('de');

export const count = (n: number, one: string, other: string): string => `${formatCount(n)} ${form(n, { one, other })}`;
export const files = (n: number): string => count(n, 'Datei', 'Dateien');
