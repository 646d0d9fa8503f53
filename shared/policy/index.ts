export * from './address.ts';
export * from './selection.ts';
export * from './standing.ts';
