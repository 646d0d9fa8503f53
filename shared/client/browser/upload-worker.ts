/** Sending in a worker, with what this browser keeps of it: begun, resumed, halted. */
import { SendError } from '../../protocol/errors.ts';
import { webDeps, type SourceFile } from '../deps.ts';
import { browserVault } from '../sends/database.ts';
import { VaultJournal, VaultSendStore, canKeep, createdOf, markUpload, recordOf, settleFailed, settleFinished } from '../sends/index.ts';
import { resumeTransfer, sendTransfer } from '../send/send.ts';
import { UploadControl } from '../send/upload-control.ts';
import type { SendOptions, SendResult, UploadState } from '../types.ts';
import { forgetHandles, keepHandles } from './kept-handles.ts';
import { uploadLock } from './upload-lock.ts';
import { toPlainError, type FileToSend, type FromWorker } from './worker-messages.ts';

export class UploadWorker {
  readonly control = new UploadControl();
  readonly #signal: AbortSignal;
  readonly #tell: (message: FromWorker) => void;
  readonly #vault = browserVault();
  /** Of the transfer whose record is kept. */
  #transferId: string | null = null;
  /** The record says what the upload is at: one change after the other. */
  #marking: Promise<void> = Promise.resolve();

  constructor(signal: AbortSignal, tell: (message: FromWorker) => void) {
    this.#signal = signal;
    this.#tell = tell;
  }

  send(chosen: readonly FileToSend[], options: SendOptions): Promise<void> {
    return this.#run(async () => {
      const files = chosen.map(toSource);
      const keeps = await canKeep(this.#vault);
      return sendTransfer(
        {
          ...this.#input(),
          files,
          options,
          // A note is written again sooner than it is resumed.
          ...(keeps && !options.note ? { journal: (transferId: string) => new VaultJournal(this.#vault, transferId) } : {}),
          onLink: async (created) => {
            if (keeps) {
              this.#transferId = created.transferId;
              await uploadLock(created.transferId);
              if (!options.note) await keepHandles(created.transferId, chosen).catch(() => undefined); // then the files are chosen again
              const record = recordOf(options.coordinator, created, files);
              await new VaultSendStore(this.#vault).put({ ...record, upload: options.note ? null : record.upload });
            }
            this.#tell({ type: 'link', created, isKept: keeps });
          },
        },
        webDeps(),
      );
    });
  }

  /** @param chosen - in any order. */
  resume(chosen: readonly FileToSend[], transferId: string): Promise<void> {
    return this.#run(async () => {
      if (!(await uploadLock(transferId))) throw new SendError('upload_elsewhere');
      const record = await new VaultSendStore(this.#vault).get(transferId);
      const journal = new VaultJournal(this.#vault, transferId);
      const known = await journal.load();
      if (record === null || known === null) throw new SendError('upload_gone');
      this.#transferId = transferId;
      const created = createdOf(record);
      this.#tell({ type: 'link', created, isKept: true });
      const byPath = new Map(chosen.map((file) => [file.path, file]));
      const files = known.plan.files.map(({ path }) => byPath.get(path)).filter((file) => file !== undefined);
      if (files.length === known.plan.files.length) await keepHandles(transferId, files).catch(() => undefined); // as they were chosen now
      return resumeTransfer({ ...this.#input(), files: async () => files.map(toSource), coordinator: record.coordinator, created, journal }, webDeps());
    });
  }

  #input() {
    return {
      signal: this.#signal,
      control: this.control,
      onProgress: (progress: Extract<FromWorker, { type: 'progress' }>['progress']) => this.#tell({ type: 'progress', progress }),
      onState: (state: UploadState) => {
        this.#mark(state === 'paused' ? 'paused' : 'sending');
        this.#tell({ type: 'state', state });
      },
    };
  }

  async #finished(transferId: string): Promise<void> {
    await settleFinished(this.#vault, transferId);
    await forgetHandles(transferId).catch(() => undefined); // swept later
  }

  /** What cannot be written costs no upload: the coordinator is told as well. */
  #mark(state: 'sending' | 'paused'): void {
    const transferId = this.#transferId;
    if (transferId !== null) this.#marking = this.#marking.then(() => markUpload(this.#vault, transferId, state)).catch(() => undefined);
  }

  async #run(sending: () => Promise<SendResult>): Promise<void> {
    let result: SendResult;
    try {
      result = await sending();
    } catch (thrown) {
      return this.#failed(thrown);
    }
    await this.#marking;
    if (this.#transferId !== null) await this.#finished(this.#transferId);
    this.#tell({ type: 'sent', result });
  }

  async #failed(thrown: unknown): Promise<void> {
    await this.#marking;
    const transferId = this.#transferId;
    const canResume = transferId !== null && (await settleFailed(this.#vault, transferId, thrown));
    if (transferId !== null && !canResume) await forgetHandles(transferId).catch(() => undefined); // swept later
    this.#tell({ type: 'failed', error: toPlainError(thrown), unfinished: canResume ? transferId : null });
  }
}

const toSource = ({ path, file }: FileToSend): SourceFile => ({
  path,
  bytes: file.size,
  type: file.type,
  modifiedMs: file.lastModified,
  open: (offset) => file.slice(offset).stream(),
});
