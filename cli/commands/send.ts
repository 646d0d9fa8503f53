/** `shardsend send`. */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import {
  noteFile,
  resumeTransfer,
  sendTransfer,
  TransferControl,
  UploadControl,
  type ClientDeps,
  type CreatedTransfer,
  type SendOptions,
  type SendResult,
  type SourceFile,
  type UploadState,
} from '../../shared/client/index.ts';
import { safePath } from '../../shared/client/safe-path.ts';
import {
  VaultJournal,
  VaultSendStore,
  canKeep,
  createdOf,
  isStillUploading,
  markUpload,
  recordOf,
  settleFailed,
  settleFinished,
  sweepJournals,
  type SendRecord,
  type Vault,
} from '../../shared/client/sends/index.ts';
import { SendError, asSendError, type OwnerStatus } from '../../shared/protocol/index.ts';
import { nodeDeps } from '../deps.ts';
import { SHARDSEND } from '../invocation.ts';
import { PASSWORD_OPTION, readPassword } from '../password.ts';
import { formatBytes, formatSeconds, ProgressLine } from '../progress-line.ts';
import { EXIT_OK, print, printJson, problemsField, reportFailure, stopSignal } from '../report.ts';
import { folderVault, stateFolder } from '../sends/folder-boxes.ts';
import { chooseUnfinished, unfinishedOfSources } from '../sends/unfinished.ts';
import { keepSources, readKeptSources } from '../sends/upload-sources.ts';
import { readSources, type Sources } from '../sources.ts';
import { survivalFields, survivalLine } from '../survival-line.ts';
import { parseCoordinator, parseDownloads, parseExpires, UsageError } from '../values.ts';

export const sendHelp = `${SHARDSEND} send FILE|FOLDER… [options]
${SHARDSEND} send --note FILE [options]
${SHARDSEND} send --resume [TRANSFER]

Encrypts files on this machine, spreads them over storage nodes and prints the link that opens them. The link works from
the moment it is printed: whoever opens it gets what is there, and the rest as it comes.

A send that was interrupted goes on with --resume, without sending again what is stored. Ctrl-C withdraws it.

  --note FILE           sends a text of at most 1 MiB, to be read in the page or by get; - reads it from standard input.
                        With --downloads 1 it is gone once it was read
  --coordinator URL     where to send; else $SHARDSEND_COORDINATOR, else http://localhost:8787
  --expires TIME        5m to 30d, such as 12h; 7d unless given
  --downloads N         1 to 1000, or unlimited, which it is unless given
  --password-file FILE  the link opens only together with the password in FILE, or in the standard input for -;
                        else with $SHARDSEND_PASSWORD, where that is set. Tell it by another way than the link
  --resume              goes on with the send of this machine that was not finished; TRANSFER, its id or link, says
                        which where there are several
  --json                prints {"link","transferId","ownerToken","bytes","sentBytes","seconds",
                        "survives":{"now","nodes","operators"},"relaxed":[rule…]}.
                        Nodes that had to be gone around follow as "problems":[{"url","code"}]. What --resume cannot
                        learn any more of a send that had been finished is null`;

const STATES: Partial<Record<UploadState, string>> = {
  checking: 'Comparing the files with what was sent.',
  offline: 'There is no network. The send goes on by itself when it is back.',
};

export async function runSend(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      coordinator: { type: 'string', default: process.env['SHARDSEND_COORDINATOR'] || 'http://localhost:8787' },
      expires: { type: 'string', default: '7d' },
      downloads: { type: 'string', default: 'unlimited' },
      note: { type: 'string' },
      ...PASSWORD_OPTION,
      resume: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const vault = folderVault(stateFolder(process.env));
  const run = new Run(vault, values.json);
  if (values.resume) {
    if (positionals.length > 1) throw new UsageError('--resume takes one transfer');
    const { record, hasJournal } = await chooseUnfinished(vault, positionals[0]);
    return hasJournal ? run.to(() => run.resume(record)) : run.toLearnt(record);
  }
  const { note } = values;
  if (note === undefined && positionals.length === 0) throw new UsageError('send takes at least one file or folder');
  if (note !== undefined && positionals.length > 0) throw new UsageError('--note sends a text alone, without files');
  const options = {
    coordinator: parseCoordinator(values.coordinator),
    expiresInSeconds: parseExpires(values.expires),
    downloadLimit: parseDownloads(values.downloads),
    password: await readPassword(values['password-file']),
  };
  return run.to(() => (note === undefined ? run.send(positionals, options) : run.sendNote(note, options)));
}

/** One run of the command, from its first line to its last. */
class Run {
  readonly #vault: Vault;
  readonly #json: boolean;
  readonly #deps: ClientDeps = nodeDeps();
  readonly #signal = stopSignal(this.#deps.now, ['SIGINT']);
  /** What ends a session or a machine ends the sending, and the transfer goes on later. */
  readonly #leave = stopSignal(this.#deps.now, ['SIGTERM', 'SIGHUP']);
  readonly #progress = new ProgressLine('Sending', process.stderr, this.#deps.now);
  readonly #startedAtMs = this.#deps.now();
  #created: CreatedTransfer | null = null;
  #fileCount = 0;
  #what = '';

  constructor(vault: Vault, json: boolean) {
    this.#vault = vault;
    this.#json = json;
  }

  /** @returns the exit code. */
  async to(sending: () => Promise<SendResult>): Promise<number> {
    let result: SendResult;
    try {
      result = await sending();
    } catch (error) {
      this.#progress.clear();
      await this.#keepOrForget(error);
      return reportFailure(error, this.#json);
    }
    if (this.#created) await settleFinished(this.#vault, this.#created.transferId);
    await this.#report(result);
    return EXIT_OK;
  }

  /** The coordinator says of an upload without a journal whether that went when it was finished. @returns the exit code. */
  async toLearnt(record: SendRecord): Promise<number> {
    const created = createdOf(record);
    try {
      const status = await new TransferControl(record, this.#deps).status({ signal: this.#signal });
      if (await isStillUploading(this.#vault, status)) throw new SendError('upload_gone');
      await this.#reportFinished(record, created, status);
      return EXIT_OK;
    } catch (error) {
      return reportFailure(error, this.#json);
    }
  }

  /** Too short to be resumed: its record knows of no upload. @param source - a file, or `-` for standard input. */
  async sendNote(source: string, options: SendOptions): Promise<SendResult> {
    const files = [await readNote(source)];
    const keeps = await canKeep(this.#vault);
    if (!keeps) process.stderr.write('This machine cannot keep track of what you send.\n');
    this.#stopIfTold();
    const onLink = async (created: CreatedTransfer): Promise<void> => {
      if (keeps) await this.#keep({ ...recordOf(options.coordinator, created, files), upload: null }, created);
      await this.#showLink(created);
    };
    return sendTransfer({ ...this.#input(1, 'the note'), files, options: { ...options, note: true }, onLink }, this.#deps);
  }

  async send(args: readonly string[], options: SendOptions): Promise<SendResult> {
    const { files, leftOut } = await readSources(args);
    for (const name of leftOut) process.stderr.write(`Left out, since it is no file: ${safePath(name)}\n`);
    const keeps = await canKeep(this.#vault);
    if (!keeps) process.stderr.write('This machine cannot keep track of what you send: if the send is interrupted, it cannot go on.\n');
    if (keeps) await sweepJournals(this.#vault, this.#deps.now());
    for (const { title, transferId } of keeps ? await unfinishedOfSources(this.#vault, args) : []) {
      process.stderr.write(`An earlier send of ${safePath(title)} is not finished. To go on with that one: ${SHARDSEND} send --resume ${transferId}\n`);
    }
    this.#stopIfTold();
    return sendTransfer(
      {
        ...this.#input(files.length),
        files,
        options,
        ...(keeps ? { journal: (transferId: string) => new VaultJournal(this.#vault, transferId) } : {}),
        onLink: async (created) => {
          if (keeps) {
            await keepSources(this.#vault, created.transferId, args);
            await this.#keep(recordOf(options.coordinator, created, files), created);
          }
          await this.#showLink(created);
        },
      },
      this.#deps,
    );
  }

  async resume(record: SendRecord): Promise<SendResult> {
    const { transferId, coordinator, fileCount } = record;
    const created = createdOf(record);
    this.#created = created;
    this.#stopIfTold();
    const input = this.#input(fileCount);
    await this.#showLink(created);
    const files = async (): Promise<Sources['files']> => {
      const args = await readKeptSources(this.#vault, transferId);
      if (args === null) throw new SendError('upload_gone', 'it is not known any more which files were being sent');
      const sources = await readSources(args);
      await markUpload(this.#vault, transferId, 'sending');
      return sources.files;
    };
    return resumeTransfer({ ...input, files, coordinator, created, journal: new VaultJournal(this.#vault, transferId) }, this.#deps);
  }

  async #keep(record: SendRecord, created: CreatedTransfer): Promise<void> {
    this.#created = created;
    await new VaultSendStore(this.#vault).put(record);
  }

  #stopIfTold(): void {
    if (this.#signal.aborted || this.#leave.aborted) throw new SendError('cancelled');
  }

  /** @param what - is sent, as the link's line has it. */
  #input(fileCount: number, what = fileCount === 1 ? 'the file' : 'the files') {
    this.#fileCount = fileCount;
    this.#what = what;
    return {
      signal: this.#signal,
      leave: this.#leave,
      control: new UploadControl(),
      onProgress: (now: Parameters<ProgressLine['show']>[0]) => this.#progress.show(now),
      onState: (state: UploadState) => {
        const text = STATES[state];
        if (text === undefined) return;
        this.#progress.clear();
        process.stderr.write(`${text}\n`);
      },
    };
  }

  async #showLink({ link, password, expiresAtMs }: CreatedTransfer): Promise<void> {
    if (this.#json) return;
    process.stderr.write(`Until ${new Date(expiresAtMs).toLocaleString()}, this link opens ${this.#what}${password ? ', together with the password' : ''}, from now on:\n`);
    await print(link);
  }

  /** What can still be resumed stays; the person is told how. */
  async #keepOrForget(error: unknown): Promise<void> {
    if (this.#created === null) return;
    const { transferId } = this.#created;
    if (!(await settleFailed(this.#vault, transferId, error))) return;
    process.stderr.write(`What is stored stays. To go on: ${SHARDSEND} send --resume ${transferId}\n`);
  }

  async #report(result: SendResult): Promise<void> {
    const { link, transferId, ownerToken, bytes, sentBytes, problems } = result;
    const seconds = (this.#deps.now() - this.#startedAtMs) / 1000;
    this.#progress.clear();
    for (const { url, code } of problems) process.stderr.write(`Went around a storage node: ${url} (${code})\n`);
    if (this.#json) return printJson({ link, transferId, ownerToken, bytes, sentBytes, seconds, ...survivalFields(result), ...problemsField(problems) });
    process.stderr.write(`Sent ${this.#fileCount} ${this.#fileCount === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}, in ${formatSeconds(seconds)}.\n`);
    process.stderr.write(`${survivalLine(result)}\n`);
  }

  async #reportFinished({ bytes, fileCount }: SendRecord, created: CreatedTransfer, { survives, totalShards, requiredShards }: OwnerStatus): Promise<void> {
    const { link, transferId, ownerToken } = created;
    const seconds = (this.#deps.now() - this.#startedAtMs) / 1000;
    const lasting = { survives: { now: survives, nodes: totalShards - requiredShards, operators: null }, relaxed: null };
    if (this.#json) return printJson({ link, transferId, ownerToken, bytes, sentBytes: 0, seconds, ...lasting });
    this.#input(fileCount);
    await this.#showLink(created);
    process.stderr.write(`It had been finished: ${fileCount} ${fileCount === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}.\n`);
  }
}

/** @throws SendError. */
async function readNote(source: string): Promise<SourceFile> {
  try {
    return noteFile(new Uint8Array(source === '-' ? await buffer(process.stdin) : await readFile(source)));
  } catch (cause) {
    throw asSendError(cause, 'file_unreadable', `couldn't read ${source}`);
  }
}
