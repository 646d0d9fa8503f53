export { sendTransfer, type SendInput } from './send/send.ts';
export { openTransfer, type OpenOptions, type OpenTransfer } from './receive/open-transfer.ts';
export { receiveTransfer, type ReceiveOptions } from './receive/receive.ts';
export { stretchPassword, type PasswordKeySource } from './link-keys.ts';
export { addLink, changeLimit, revokeLink, type LinkChoices, type OwnedTransfer } from './links.ts';
export { TransferApi } from './coordinator-api.ts';
export { abortableDelay, webDeps, type ClientDeps, type FileSink, type ReceiveSink, type SocketLike, type SourceFile } from './deps.ts';
export type * from './types.ts';
