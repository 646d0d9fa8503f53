export { AccountApi } from './account-api.ts';
export { Identity, readWords } from './identity.ts';
export { syncVault, type SyncOutcome } from './sync.ts';
