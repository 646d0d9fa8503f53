export { importEntryKey, type EntryKey } from '../../crypto/index.ts';
export { browserSendStore, browserVault } from './database.ts';
export { decodeSendRecord, encodeSendRecord, sendRecordSchema, type LastSeen, type LinkRecord, type SendRecord } from './send-record.ts';
export { VaultSendStore, type SendStore } from './send-store.ts';
export { VaultJournal } from './vault-journal.ts';
export { MemoryBoxes, Vault, isSameBox, type BoxStore } from './vault.ts';
