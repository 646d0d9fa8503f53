export * from './entries.ts';
export * from './identity.ts';
export * from './keys.ts';
export * from './password.ts';
export * from './records.ts';
export * from './vault-boxes.ts';
export { importBoxKey, type BoxKey } from './boxes.ts';
