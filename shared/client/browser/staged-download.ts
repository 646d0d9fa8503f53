/**
 * A download that is written to a private file of the origin, and given to the browser by reference once it is whole: for
 * pages that no service worker streams for, as those of an extension. It never lies in memory.
 */
import { SendError } from '../../protocol/errors.ts';
import { hasRoomFor, isOnDisk, onDisk, reserve } from './disk-room.ts';
import type { DownloadFeed, NamedDownload, StagedHost } from './download-feed.ts';
import { StagedFiles } from './staged-files.ts';
import { openSyncAccess, type SyncAccess } from './sync-access.ts';

export class StagedDownload implements DownloadFeed {
  readonly #download: NamedDownload;
  readonly #host: StagedHost;
  readonly #staged: StagedFiles;
  readonly #file: string;
  readonly #access: SyncAccess;
  #position = 0;
  #isOver = false;

  private constructor(download: NamedDownload, host: StagedHost, staged: StagedFiles, file: string, access: SyncAccess) {
    this.#download = download;
    this.#host = host;
    this.#staged = staged;
    this.#file = file;
    this.#access = access;
  }

  /** @returns null where there is no such place, or memory in the place of a disk. @throws SendError `disk_full`. */
  static async open(download: NamedDownload, host: StagedHost): Promise<StagedDownload | null> {
    const staged = await StagedFiles.open().catch(() => null);
    if (staged === null) return null;
    const file = crypto.randomUUID();
    const access = await openSyncAccess(await staged.folder.getFileHandle(file, { create: true }));
    const opened = new StagedDownload(download, host, staged, file, access);
    if (!isOnDisk(access)) {
      await opened.#remove();
      return null;
    }
    if ((await hasRoomFor(download.bytes)) && reserve(access, download.bytes)) return opened;
    await opened.#remove();
    throw new SendError('disk_full', 'no room to make the download');
  }

  async write(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#isOver) throw new SendError('cancelled');
    const written = onDisk(() => this.#access.write(chunk, { at: this.#position }));
    if (written !== chunk.length) throw new SendError('disk_full', 'the browser wrote less than it was given');
    this.#position += written;
  }

  async end(): Promise<void> {
    if (this.#isOver) throw new SendError('cancelled');
    if (this.#position !== this.#download.bytes) throw new SendError('internal', 'the download has another size than it was announced with');
    onDisk(() => this.#access.flush());
    this.#isOver = true;
    this.#access.close();
    const { name, mime, bytes } = this.#download;
    await this.#host.handOver({ file: this.#file, name, mime });
    await this.#staged.handedOver({ name: this.#file, file: this.#file }, bytes, Date.now());
    this.#staged.close();
  }

  fail(): void {
    if (!this.#isOver) void this.#remove();
  }

  async #remove(): Promise<void> {
    this.#isOver = true;
    this.#access.close();
    await this.#staged.remove({ name: this.#file, file: this.#file });
    this.#staged.close();
  }
}
