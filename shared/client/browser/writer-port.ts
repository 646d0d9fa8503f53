/** A SegmentWriter on another thread: calls go over a MessagePort, each with one answer, and shards' memory moves without a copy. */
import { SendError } from '../../protocol/errors.ts';
import type { Leftover } from '../deps.ts';
import type { GatheredSegment, OpeningInput, SegmentWriter, WrittenSegment } from '../receive/segment-writer.ts';
import { fromPlainError, toPlainError, type PlainError } from './worker-messages.ts';

type Call =
  | { readonly type: 'prepare'; readonly input: OpeningInput }
  | { readonly type: 'start'; readonly claimId: string }
  | { readonly type: 'write'; readonly segment: GatheredSegment }
  | { readonly type: 'finish' }
  | { readonly type: 'handOver' }
  | { readonly type: 'abort'; readonly error: PlainError };
type Numbered = Call & { readonly id: number };

/** What a call returned. */
type Value = WrittenSegment | Leftover | null;

type Answer =
  | { readonly type: 'done'; readonly id: number; readonly value: Value }
  | { readonly type: 'failed'; readonly id: number; readonly error: PlainError }
  /** Asked for by no call: the person stopped the download in the browser. */
  | { readonly type: 'cancelled' };

/** The gathering side's end. */
export class RemoteWriter implements SegmentWriter {
  readonly #port: MessagePort;
  readonly #input: OpeningInput;
  readonly #waiting = new Map<number, { resolve(value: Value): void; reject(error: SendError): void }>();
  #calls = 0;

  constructor(port: MessagePort, input: OpeningInput, onCancel: () => void) {
    this.#port = port;
    this.#input = input;
    port.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.type === 'cancelled') return onCancel();
      const call = this.#waiting.get(data.id)!;
      this.#waiting.delete(data.id);
      if (data.type === 'done') call.resolve(data.value);
      else call.reject(fromPlainError(data.error));
    };
  }

  async prepare(): Promise<Leftover | null> {
    return (await this.#call({ type: 'prepare', input: this.#input })) as Leftover | null;
  }

  async start(claimId: string): Promise<void> {
    await this.#call({ type: 'start', claimId });
  }

  async write(segment: GatheredSegment): Promise<WrittenSegment> {
    return (await this.#call({ type: 'write', segment }, segment.dataShards)) as WrittenSegment;
  }

  async finish(): Promise<void> {
    await this.#call({ type: 'finish' });
  }

  async handOver(): Promise<void> {
    await this.#call({ type: 'handOver' });
  }

  async abort(reason: SendError): Promise<void> {
    await this.#call({ type: 'abort', error: toPlainError(reason) });
  }

  #call(call: Call, transfer: readonly Transferable[] = []): Promise<Value> {
    const id = this.#calls++;
    const answered = new Promise<Value>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#port.postMessage({ ...call, id } satisfies Numbered, [...transfer]);
    return answered;
  }
}

/** The writing side's end. @param create - makes the writer that calls go to, once; `onCancel` tells the other side. */
export function serveWriter(port: MessagePort, create: (input: OpeningInput, onCancel: () => void) => SegmentWriter | Promise<SegmentWriter>): void {
  let created: Promise<SegmentWriter> | null = null;
  const answer = (message: Answer, transfer: readonly Transferable[] = []): void => port.postMessage(message, [...transfer]);
  const run = async (call: Call): Promise<Value> => {
    if (call.type === 'prepare') created = Promise.resolve(create(call.input, () => answer({ type: 'cancelled' })));
    const writer = await created;
    if (writer === null) {
      if (call.type === 'abort') return null;
      throw new SendError('internal', 'the writer was not started');
    }
    switch (call.type) {
      case 'prepare':
        return writer.prepare();
      case 'start':
        await writer.start(call.claimId);
        return null;
      case 'write':
        return writer.write(call.segment);
      case 'finish':
        await writer.finish();
        return null;
      case 'handOver':
        await writer.handOver();
        return null;
      case 'abort':
        await writer.abort(fromPlainError(call.error));
        return null;
    }
  };
  port.onmessage = ({ data }: MessageEvent<Numbered>) => {
    const { id } = data;
    run(data).then(
      (value) => answer({ type: 'done', id, value }, value !== null && 'rooms' in value ? value.rooms : []),
      (thrown: unknown) => answer({ type: 'failed', id, error: toPlainError(thrown) }),
    );
  };
}
