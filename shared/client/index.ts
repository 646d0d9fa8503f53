export { sendTransfer, type SendInput } from './send/send.ts';
export { openTransfer, type OpenTransfer } from './receive/open-transfer.ts';
export { NoteSink, noteFile } from './note.ts';
export { bytesOf, chooseFiles, filesNamed, type Choice } from './receive/selection.ts';
export { receiveTransfer, type ReceiveOptions } from './receive/receive.ts';
export { TransferApi } from './coordinator-api.ts';
export { abortableDelay, webDeps, type ClientDeps, type FileSink, type ReceiveSink, type SocketLike, type SourceFile } from './deps.ts';
export type * from './types.ts';
