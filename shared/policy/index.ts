export * from './address.ts';
export * from './selection.ts';
