/** Files that are sent from memory and received into it, for tests that run the client in their own process. */
import { createCipheriv } from 'node:crypto';
import { encodeB64 } from '../../shared/protocol/index.ts';
import {
  openTransfer,
  receiveTransfer,
  sendTransfer,
  type ClientDeps,
  type FileSink,
  type ReceiveResult,
  type ReceiveSink,
  type SendResult,
  type SourceFile,
} from '../../shared/client/index.ts';

/** Bytes that no compression could shrink, the same every time. */
export const noise = (label: number, bytes: number): Buffer => createCipheriv('aes-128-ctr', Buffer.alloc(16, label), Buffer.alloc(16)).update(Buffer.alloc(bytes));

/** A client whose clock runs so many times as fast: its patience ends sooner. */
export function hurried(deps: ClientDeps, times: number): ClientDeps {
  const startedAtMs = deps.now();
  return { ...deps, now: () => startedAtMs + (deps.now() - startedAtMs) * times, delay: (ms, signal) => deps.delay(ms / times, signal) };
}

const CHUNK_BYTES = 64 * 1024;
const DAY_SECONDS = 24 * 3600;

/** @param onRead - called before a chunk is handed out, with the offset that it begins at; may wait, throw, or give other bytes. */
export function memoryFile(path: string, bytes: Uint8Array, onRead: (offset: number, chunk: Uint8Array) => Promise<Uint8Array> = async (_, chunk) => chunk): SourceFile {
  return {
    path,
    bytes: bytes.length,
    type: '',
    modifiedMs: null,
    open(offset) {
      let at = offset;
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (at >= bytes.length) return controller.close();
          const chunk = await onRead(at, bytes.slice(at, at + CHUNK_BYTES));
          at += CHUNK_BYTES;
          controller.enqueue(chunk);
        },
      });
    },
  };
}

export class MemorySink implements ReceiveSink {
  readonly files = new Map<string, Buffer>();
  readonly #onWrite: () => Promise<void>;
  /** @param onWrite - called before each chunk is taken. */
  constructor(onWrite: () => Promise<void> = async () => undefined) {
    this.#onWrite = onWrite;
  }
  async openFile({ path }: { path: string }): Promise<FileSink> {
    const parts: Uint8Array[] = [];
    return {
      write: async (chunk) => {
        await this.#onWrite();
        parts.push(chunk);
      },
      close: async () => void this.files.set(path, Buffer.concat(parts)),
      abort: async () => undefined,
    };
  }
}

export interface SendChoices {
  readonly downloadLimit?: number | null;
  readonly signal?: AbortSignal;
}

export const send = (origin: string, files: readonly SourceFile[], deps: ClientDeps, { downloadLimit = null, signal }: SendChoices = {}): Promise<SendResult> =>
  sendTransfer({ files, options: { coordinator: origin, expiresInSeconds: DAY_SECONDS, downloadLimit }, signal }, deps);

/** @returns what was received, and what was met on the way. */
export async function receive(link: string, deps: ClientDeps, sink = new MemorySink(), signal?: AbortSignal): Promise<ReceiveResult & { files: ReadonlyMap<string, Buffer> }> {
  const result = await receiveTransfer(await openTransfer(link, deps, { signal }), sink, { signal }, deps);
  return { ...result, files: sink.files };
}

/** The nodes of a transfer by shard index, as a claim lists them; the claim is given back. */
export async function seatsOf(link: string, deps: ClientDeps): Promise<readonly { shardIndex: number; url: string }[]> {
  const { api } = await openTransfer(link, deps);
  const claimId = encodeB64(deps.randomBytes(16));
  const { nodes } = await api.claim(claimId);
  await api.release(claimId, []);
  return nodes;
}
