/**
 * Asks a node for leaves that it holds and reads its proofs as they come, one in memory at a time. docs/protocol.md §9,
 * audits. The answer is a stranger's: every length is bounded by its header's codec, and all of it by a time limit.
 */
import { PROOF_HEADER_BYTES, parseProofHeader, proofBytes } from '../../shared/protocol/audit.ts';
import { KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { SendError, asSendError } from '../../shared/protocol/errors.ts';
import { readProblem, type OrderedAt } from './node-client.ts';

export interface LeafProof {
  readonly data: Uint8Array<ArrayBuffer>;
  /** Sibling hashes from the leaf up. */
  readonly path: readonly Uint8Array[];
}

/**
 * Yields a proof for each leaf in the order asked, null where the node says that it does not hold it.
 *
 * @param body - the very bytes that the order commits to.
 * @throws SendError for an answer that is refused, malformed, too late, or not exactly these proofs.
 */
export async function* orderAudit(
  { url, order }: Pick<OrderedAt, 'url' | 'order'>,
  body: Uint8Array<ArrayBuffer>,
  leaves: number,
  timeoutMs: number,
): AsyncGenerator<LeafProof | null> {
  // A timer that is cleared: one that runs on keeps an idle object from being put away.
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), timeoutMs);
  let stream: ExactStream | null = null;
  try {
    const headers = { Authorization: `Shardsend-Order ${order}`, 'Content-Type': 'application/json' };
    const response = await fetch(`${url}/v1/audit`, { method: 'POST', headers, body, redirect: 'manual', signal: patience.signal });
    if (!response.ok || response.body === null) throw await readProblem(response);
    stream = new ExactStream(response.body);
    for (let i = 0; i < leaves; i++) {
      const header = parseProofHeader(await stream.take(PROOF_HEADER_BYTES));
      const bytes = await stream.take(proofBytes(header));
      const path = Array.from({ length: header.hashes }, (_, hash) => bytes.subarray(header.dataBytes + hash * KEY_BYTES, header.dataBytes + (hash + 1) * KEY_BYTES));
      yield header.held ? { data: bytes.subarray(0, header.dataBytes), path } : null;
    }
    await stream.end();
  } catch (thrown) {
    throw asSendError(thrown, 'unavailable', "couldn't read the audit's answer");
  } finally {
    clearTimeout(timer);
    await stream?.close();
    patience.abort();
  }
}

/** Reads a stream in pieces of known size. */
class ExactStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** @returns a copy of exactly `length` bytes. @throws SendError `bad_request` when the stream ends before. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      if (this.#chunk.length === 0) await this.#next();
      const part = this.#chunk.subarray(0, length - at);
      bytes.set(part, at);
      at += part.length;
      this.#chunk = this.#chunk.subarray(part.length);
    }
    return bytes;
  }

  /** @throws SendError `bad_request` when more comes. */
  async end(): Promise<void> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      this.#chunk = value;
    }
    throw new SendError('bad_request', 'the answer is too long');
  }

  async close(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined); // the peer may be gone: what failed first is what counts
  }

  async #next(): Promise<void> {
    const { done, value } = await this.#reader.read();
    if (done) throw new SendError('bad_request', 'the answer is too short');
    this.#chunk = value;
  }
}
