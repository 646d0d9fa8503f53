export * from './entries.ts';
export * from './keys.ts';
export * from './password.ts';
export * from './records.ts';
