/** A SegmentWriter on another thread: calls go over a MessagePort, each with one answer, and shards' memory moves without a copy. */
import { SendError } from '../../protocol/errors.ts';
import type { GatheredSegment, OpeningInput, SegmentWriter, WrittenSegment } from '../receive/segment-writer.ts';
import { fromPlainError, toPlainError, type PlainError } from './worker-messages.ts';

type Call =
  | { readonly type: 'start'; readonly input: OpeningInput }
  | { readonly type: 'write'; readonly segment: GatheredSegment }
  | { readonly type: 'finish' }
  | { readonly type: 'abort'; readonly error: PlainError };
type Numbered = Call & { readonly id: number };

type Answer =
  | { readonly type: 'done'; readonly id: number; readonly written?: WrittenSegment }
  | { readonly type: 'failed'; readonly id: number; readonly error: PlainError }
  /** Asked for by no call: the person stopped the download in the browser. */
  | { readonly type: 'cancelled' };

/** The gathering side's end. */
export class RemoteWriter implements SegmentWriter {
  readonly #port: MessagePort;
  readonly #input: OpeningInput;
  readonly #waiting = new Map<number, { resolve(written: WrittenSegment | undefined): void; reject(error: SendError): void }>();
  #calls = 0;

  constructor(port: MessagePort, input: OpeningInput, onCancel: () => void) {
    this.#port = port;
    this.#input = input;
    port.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.type === 'cancelled') return onCancel();
      const call = this.#waiting.get(data.id)!;
      this.#waiting.delete(data.id);
      if (data.type === 'done') call.resolve(data.written);
      else call.reject(fromPlainError(data.error));
    };
  }

  async start(): Promise<void> {
    await this.#call({ type: 'start', input: this.#input });
  }

  async write(segment: GatheredSegment): Promise<WrittenSegment> {
    return (await this.#call({ type: 'write', segment }, segment.dataShards))!;
  }

  async finish(): Promise<void> {
    await this.#call({ type: 'finish' });
  }

  async abort(reason: SendError): Promise<void> {
    await this.#call({ type: 'abort', error: toPlainError(reason) });
  }

  #call(call: Call, transfer: readonly Transferable[] = []): Promise<WrittenSegment | undefined> {
    const id = this.#calls++;
    const answered = new Promise<WrittenSegment | undefined>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#port.postMessage({ ...call, id } satisfies Numbered, [...transfer]);
    return answered;
  }
}

/** The writing side's end. @param create - makes the writer that calls go to, once; `onCancel` tells the other side. */
export function serveWriter(port: MessagePort, create: (input: OpeningInput, onCancel: () => void) => SegmentWriter): void {
  let writer: SegmentWriter | null = null;
  const answer = (message: Answer, transfer: readonly Transferable[] = []): void => port.postMessage(message, [...transfer]);
  const run = async (call: Call): Promise<WrittenSegment | undefined> => {
    if (call.type === 'start') writer = create(call.input, () => answer({ type: 'cancelled' }));
    if (writer === null) {
      if (call.type === 'abort') return undefined;
      throw new SendError('internal', 'the writer was not started');
    }
    switch (call.type) {
      case 'start':
        await writer.start();
        return undefined;
      case 'write':
        return writer.write(call.segment);
      case 'finish':
        await writer.finish();
        return undefined;
      case 'abort':
        await writer.abort(fromPlainError(call.error));
        return undefined;
    }
  };
  port.onmessage = ({ data }: MessageEvent<Numbered>) => {
    const { id } = data;
    run(data).then(
      (written) => answer({ type: 'done', id, ...(written ? { written } : {}) }, written?.rooms),
      (thrown: unknown) => answer({ type: 'failed', id, error: toPlainError(thrown) }),
    );
  };
}
