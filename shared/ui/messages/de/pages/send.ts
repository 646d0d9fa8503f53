export * from '../errors.ts';
export * from '../general.ts';
export * from '../note-writing.ts';
export * from '../sending.ts';
export * from '../sends.ts';
