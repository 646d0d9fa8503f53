export { AccountApi } from './account-api.ts';
export { Identity, readWords } from './identity.ts';
export { lockIdentity, lockedIdentitySchema, unlockIdentity, type LockedIdentity, type Stretch } from './locked-identity.ts';
export { forgetMirror, syncVault } from './sync.ts';
