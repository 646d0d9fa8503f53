/** Synchronous files, which only dedicated workers have: WHATWG File System, §2.8. Not among the types of a page. */

export interface SyncAccess {
  read(into: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  write(from: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(bytes: number): void;
  getSize(): number;
  /** Returns when everything written is on the disk. */
  flush(): void;
  close(): void;
}

/** @throws DOMException where the file is open elsewhere. */
export function openSyncAccess(handle: FileSystemFileHandle): Promise<SyncAccess> {
  return (handle as unknown as { createSyncAccessHandle(): Promise<SyncAccess> }).createSyncAccessHandle();
}
