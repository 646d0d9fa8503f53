export * from '../errors.ts';
export * from '../general.ts';
export * from '../receiving.ts';
