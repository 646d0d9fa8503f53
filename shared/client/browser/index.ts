/**
 * Sending and receiving from a page: everything heavy runs in one Web Worker a transfer, so a hidden or busy tab
 * loses no speed. The functions here return at once and report through events; they never throw.
 */
export { startSending } from './send.ts';
export type { SendHandle, SendEvents } from './send.ts';
export { openLink, startReceiving } from './receive.ts';
export type { OpenedLink, ReceiveHandle, ReceiveEvents } from './receive.ts';
export { revokeTransfer } from './revoke.ts';
