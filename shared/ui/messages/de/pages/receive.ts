export * from '../errors.ts';
export * from '../general.ts';
export * from '../note-reading.ts';
export * from '../previews.ts';
export * from '../receiving.ts';
