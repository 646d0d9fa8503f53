/** Counted things in French, where zero is singular. */
import { formatCount, pluralsOf } from '../../numbers.ts';

export const form = pluralsOf<'one' | 'many' | 'other'>('fr');

/** A round million counts "de fichiers", "d’heures". */
export const count = (n: number, one: string, other: string): string => `${formatCount(n)}\u00a0${form(n, { one, many: withDe(other), other })}`;
export const files = (n: number): string => count(n, 'fichier', 'fichiers');

const withDe = (noun: string): string => (/^[aeéhiouœ]/i.test(noun) ? `d’${noun}` : `de ${noun}`);
