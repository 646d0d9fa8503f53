export * from '../errors.ts';
export * from '../general.ts';
export * from '../network.ts';
export * from '../node.ts';
