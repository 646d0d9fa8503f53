export { resumeTransfer, sendTransfer, type ResumeInput, type SendInput } from './send/send.ts';
export { UploadControl } from './send/upload-control.ts';
export type { UploadJournal, UploadPlan } from './send/upload-journal.ts';
export { openTransfer, type OpenTransfer } from './receive/open-transfer.ts';
export { receiveTransfer, type ReceiveOptions } from './receive/receive.ts';
export { TransferControl } from './control.ts';
export { TransferApi } from './coordinator-api.ts';
export { abortableDelay, webDeps, type ClientDeps, type FileSink, type ReceiveSink, type SocketLike, type SourceFile } from './deps.ts';
export type * from './types.ts';
