/** Sends a transfer, or goes on with one that was begun. What runs in between is sending.ts. */
import { asContentSecret, asTransferId, concatBytes, decodeB64, encodeB64, equalBytes, ID_BYTES, KEY_BYTES } from '../../protocol/bytes.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import { contentBytesOf, redundancyFor } from '../../protocol/layout.ts';
import { MAX_FILES, MAX_CONTENT_BYTES, MIN_NODES } from '../../protocol/limits.ts';
import { isManifestPath, isNote } from '../../protocol/manifest.ts';
import type { Placement, Seat, Status } from '../../protocol/messages.ts';
import { TransferApi } from '../coordinator-api.ts';
import type { ClientDeps, SourceFile } from '../deps.ts';
import { stretchPassword } from '../link-keys.ts';
import { makeLink } from '../links.ts';
import { ProgressMeter } from '../progress.ts';
import type { CreatedTransfer, Progress, SendOptions, SendResult, UploadState } from '../types.ts';
import { checkSameContent, checkSameFiles } from './check-unchanged.ts';
import { sealManifest } from './sealed-manifest.ts';
import { SegmentBook } from './segment-book.ts';
import { Sending, layoutOf, manifestFilesOf, manifestOf, placementOf } from './sending.ts';
import type { UploadControl } from './upload-control.ts';
import type { NamedSegment, UploadJournal, UploadPlan } from './upload-journal.ts';

/** How long withdrawing, or saying that it will be resumed, may hold up an end. */
const END_PATIENCE_MS = 2_000;

export interface UploadInput {
  onProgress?: ((progress: Progress) => void) | undefined;
  onState?: ((state: UploadState) => void) | undefined;
  /** Halts the upload and lets it go on; with it a lost network ends nothing. */
  readonly control?: UploadControl | undefined;
  /** Gives the transfer up: it is withdrawn. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the sending and keeps what is stored, to be resumed. */
  readonly leave?: AbortSignal | undefined;
}

export interface SendInput extends UploadInput {
  readonly files: readonly SourceFile[];
  readonly options: SendOptions;
  /** Of this transfer; left out, it cannot be resumed. @param transferId - b64. */
  journal?: ((transferId: string) => UploadJournal) | undefined;
  /** The link, which serves recipients from now on, and what lets its sender control the transfer. The first byte leaves when this resolved: whoever must, keeps it. */
  onLink?: ((created: CreatedTransfer) => void | Promise<void>) | undefined;
}

export interface ResumeInput extends UploadInput {
  /** Origin. */
  readonly coordinator: string;
  readonly created: CreatedTransfer;
  readonly journal: UploadJournal;
  /** Asked for them once they are needed: of an upload that was finished they may be gone. */
  files(): Promise<readonly SourceFile[]>;
}

/**
 * Resolves when every segment is committed and the transfer is ready.
 *
 * @throws SendError. The transfer is then withdrawn, as far as the coordinator can be reached, unless it can be resumed.
 */
export async function sendTransfer(input: SendInput, deps: ClientDeps): Promise<SendResult> {
  const bytes = checkFiles(input.files);
  if (input.options.note && !isNote(input.files)) throw new RangeError('this is no note');
  const transferId = asTransferId(deps.randomBytes(ID_BYTES));
  const secret = asContentSecret(deps.randomBytes(KEY_BYTES));
  const ownerToken = deps.randomBytes(KEY_BYTES);
  const { coordinator, expiresInSeconds, downloadLimit, password } = input.options;
  const api = new TransferApi(coordinator, transferId, { role: 'owner', token: ownerToken }, deps);
  const { signal, stop } = stoppable(input);

  const passwordKey = password === undefined ? undefined : (salt: Uint8Array) => stretchPassword(password, salt, { signal });
  const link = await makeLink({ origin: coordinator, transferId, contentSecret: secret }, { downloadLimit, passwordKey }, deps);
  const placement = await api.create({ contentBytes: contentBytesOf(bytes), expiresInSeconds, link: link.message }, { signal });
  checkPlacement(placement);
  const plan = { ...planOf(input.files, placement, deps.now()), ...(input.options.note ? { kind: 'note' as const } : {}) };
  const created: CreatedTransfer = {
    ...link.created,
    transferId: encodeB64(transferId),
    ownerToken: encodeB64(ownerToken),
    contentSecret: encodeB64(secret),
    createdAtMs: deps.now(),
    expiresAtMs: placement.expiresAtMs,
  };
  const journal = input.journal?.(created.transferId) ?? null;
  const upload = new Upload(input, created, journal, api, stop);
  return upload.run(bytes, async (begin) => {
    await api.putManifest(await sealManifest(manifestOf(plan, null), secret, deps.randomBytes), { signal });
    await journal?.begin(plan);
    await input.onLink?.(created);
    begin();
    return new Sending({ ...upload.parts, files: input.files, transferId, secret, plan, seats: placement.nodes, book: new SegmentBook(plan.placement.safeShards), signal }, deps);
  });
}

/**
 * Goes on with a transfer of which this machine keeps the journal, once the files were found to be the same.
 *
 * @throws SendError `file_changed` before a byte is sent; `upload_gone` where there is no journal. What is stored is kept.
 */
export async function resumeTransfer(input: ResumeInput, deps: ClientDeps): Promise<SendResult> {
  const { coordinator, created, journal } = input;
  const known = await journal.load();
  if (known === null) throw new SendError('upload_gone');
  const { plan, segments } = known;
  const [transferId, secret] = [asTransferId(decodeB64(created.transferId, ID_BYTES)), asContentSecret(decodeB64(created.contentSecret, KEY_BYTES))];
  const api = new TransferApi(coordinator, transferId, { role: 'owner', token: decodeB64(created.ownerToken, KEY_BYTES) }, deps);
  const { signal, stop } = stoppable(input);
  const upload = new Upload(input, created, journal, api, stop);
  const bytes = sumOf(plan.files);
  return upload.run(bytes, async (begin) => {
    begin();
    const status = await api.ownerStatus({ signal });
    if (status.state === 'ready') return finished(plan, status, journal);
    const files = await input.files();
    checkSameFiles(files, plan.files);
    await api.presence('active', { signal });
    const layout = layoutOf(plan);
    const { totalShards, safeShards } = plan.placement;
    input.onState?.('checking');
    const seats = await api.storeOrders(
      Array.from({ length: totalShards }, (_, i) => i),
      { signal },
    );
    checkSeats(seats, totalShards);
    const meter = new ProgressMeter(bytes, deps.now, input.onProgress);
    await checkSameContent(segments, { files, secret, layout, totalShards, signal, onProgress: (done) => meter.set(done) });
    const book = await bookOf(segments, safeShards, api, signal);
    await api.putManifest(await sealManifest(manifestOf(plan, null), secret, deps.randomBytes), { signal });
    return new Sending({ ...upload.parts, files, transferId, secret, plan, seats, book, signal }, deps);
  });
}

type Running = Pick<Sending, 'run' | 'sentBytes' | 'placement' | 'problems'>;

/** Of an upload that was complete when its sender ended, before it could forget the journal. */
const finished = (plan: UploadPlan, status: Status, journal: UploadJournal): Running => ({
  async run() {
    await journal.remove();
    return status;
  },
  sentBytes: 0,
  placement: placementOf(plan),
  problems: [],
});

/** How an upload ends, whatever it began with. */
class Upload {
  readonly #input: UploadInput;
  readonly #created: CreatedTransfer;
  readonly #journal: UploadJournal | null;
  readonly #api: TransferApi;
  readonly #stop: AbortController;

  constructor(input: UploadInput, created: CreatedTransfer, journal: UploadJournal | null, api: TransferApi, stop: AbortController) {
    this.#input = input;
    this.#created = created;
    this.#journal = journal;
    this.#api = api;
    this.#stop = stop;
  }

  get parts() {
    const { control = null, onProgress, onState } = this.#input;
    return { control, onProgress, onState, journal: this.#journal, api: this.#api };
  }

  /**
   * @param bytes - sum of the files' sizes.
   * @param prepare - calls `begin` once somebody keeps what is needed to resume.
   */
  async run(bytes: number, prepare: (begin: () => void) => Promise<Running>): Promise<SendResult> {
    let isKept = false;
    let isSending = false;
    try {
      const sending = await prepare(() => (isKept = this.#journal !== null));
      isSending = true;
      const status = await sending.run();
      return {
        ...this.#created,
        bytes,
        sentBytes: sending.sentBytes,
        expiresAtMs: status.expiresAtMs,
        survives: status.survives,
        placement: sending.placement,
        problems: sending.problems,
      };
    } catch (thrown) {
      // Of a file that changed under the upload nobody has the rest any more.
      const canGoOn = isKept && !(isSending && thrown instanceof SendError && thrown.code === 'file_changed');
      throw await this.#end(thrown, canGoOn);
    } finally {
      this.#stop.abort();
    }
  }

  /** @returns why it ended. */
  async #end(thrown: unknown, canGoOn: boolean): Promise<SendError> {
    const { signal, leave } = this.#input;
    const isGivenUp = signal?.aborted === true;
    const error = isGivenUp || leave?.aborted ? new SendError('cancelled') : asSendError(thrown, 'internal', "couldn't send");
    if (canGoOn && !isGivenUp) {
      await this.#api.presence('paused', { patienceMs: END_PATIENCE_MS }).catch(() => undefined);
      return error;
    }
    // What was stored so far must not stay; where even this fails, the transfer expires unfinished.
    await this.#api.revoke({ patienceMs: END_PATIENCE_MS }).catch(() => undefined);
    await this.#journal?.remove().catch(() => undefined);
    return error;
  }
}

/** What the coordinator knows of the journal's segments; what it says of others, or under other names, does not count. */
async function bookOf(segments: readonly NamedSegment[], safeShards: number, api: TransferApi, signal: AbortSignal): Promise<SegmentBook> {
  const book = new SegmentBook(safeShards);
  const own = new Map(segments.map((segment) => [segment.index, segment]));
  for (const segment of segments) book.add(segment);
  for (let from: number | null = 0; from !== null;) {
    const page = await api.segments(from, null, { signal });
    for (const { index, salt, roots, stored } of page.segments) {
      const segment = own.get(index);
      if (!segment || salt !== encodeB64(segment.salt) || !equalBytes(decodeB64(roots), concatBytes(...segment.roots))) continue;
      book.add(
        segment,
        stored.filter((shardIndex) => shardIndex < segment.roots.length),
        true,
      );
    }
    from = page.segments.length === 0 ? null : page.next;
  }
  return book;
}

function planOf(files: readonly SourceFile[], { requiredShards, totalShards, safeShards, survives, relaxed }: Placement, begunAtMs: number): UploadPlan {
  return { begunAtMs, files: manifestFilesOf(files), placement: { requiredShards, totalShards, safeShards, survives, relaxed } };
}

const sumOf = (files: readonly { readonly bytes: number }[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

function stoppable({ signal, leave }: UploadInput): { signal: AbortSignal; stop: AbortController } {
  const stop = new AbortController();
  return { stop, signal: AbortSignal.any([stop.signal, ...(signal ? [signal] : []), ...(leave ? [leave] : [])]) };
}

/** The coordinator chooses nodes, not how safe or how private a transfer is; nor may it boast of that. docs/protocol.md §4. */
function checkPlacement({ requiredShards, totalShards, safeShards, nodes, survives }: Placement): void {
  const right = totalShards >= MIN_NODES ? redundancyFor(totalShards) : null;
  const sound =
    right?.requiredShards === requiredShards && right.safeShards === safeShards && survives.nodes === totalShards - requiredShards && survives.operators <= survives.nodes;
  if (!sound) throw misplaced();
  checkSeats(nodes, totalShards);
}

function checkSeats(seats: readonly Seat[], totalShards: number): void {
  const distinct = (values: readonly unknown[]): boolean => new Set(values).size === totalShards;
  const sound =
    seats.length === totalShards &&
    seats.every(({ shardIndex }) => shardIndex < totalShards) &&
    distinct(seats.map(({ shardIndex }) => shardIndex)) &&
    distinct(seats.map(({ nodeId }) => nodeId)) &&
    distinct(seats.map(({ url }) => url));
  if (!sound) throw misplaced();
}

const misplaced = (): SendError => new SendError('unavailable', 'the coordinator placed the transfer against the protocol');

function checkFiles(files: readonly SourceFile[]): number {
  if (files.length === 0) throw new SendError('no_files');
  if (files.length > MAX_FILES) throw new SendError('too_many_files');
  for (const { path } of files) if (!isManifestPath(path)) throw new SendError('name_invalid', `cannot send a file named ${JSON.stringify(path)}`);
  if (new Set(files.map(({ path }) => path)).size !== files.length) throw new SendError('name_invalid', 'two files have the same path');
  const bytes = sumOf(files);
  if (contentBytesOf(bytes) > MAX_CONTENT_BYTES) throw new SendError('too_large');
  return bytes;
}
