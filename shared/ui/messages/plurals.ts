/** Counted things in English. */
export const count = (n: number, one: string, many: string): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
export const files = (n: number): string => count(n, 'file', 'files');
