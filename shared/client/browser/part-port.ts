/** Handing part of a file over a port, chunk by chunk as it is wanted, and taking it. See preview-protocol.ts. */
import { SendError } from '../../protocol/errors.ts';
import type { RangeReader } from '../receive/range-reader.ts';
import type { FilePart, PartAnswer, PartRequest } from './preview-protocol.ts';

/** Never throws: whoever takes the part hears of it. */
export function servePart(reader: Pick<RangeReader, 'read'>, { file, from, to }: FilePart, port: MessagePort): void {
  const pieces = reader.read(file, from, to);
  const answer = (message: PartAnswer, transfer: Transferable[] = []): void => port.postMessage(message, transfer);
  const next = async (): Promise<void> => {
    try {
      const { done, value } = await pieces.next();
      if (done) answer('end');
      else answer({ chunk: value.buffer }, [value.buffer]);
    } catch {
      answer({ error: true });
    }
  };
  port.onmessage = ({ data }: MessageEvent<PartRequest>) => {
    if (data === 'more') void next();
    else {
      void pieces.return(undefined).catch(() => undefined); // nobody listens any more
      port.close();
    }
  };
}

/** @returns all of the part. @throws SendError `not_enough_shards` where it cannot be had. */
export function takePart(port: MessagePort): Promise<Blob> {
  const chunks: ArrayBuffer[] = [];
  const ask = (request: PartRequest): void => port.postMessage(request);
  return new Promise((resolve, reject) => {
    port.onmessage = ({ data }: MessageEvent<PartAnswer>) => {
      if (data !== 'end' && 'chunk' in data) {
        chunks.push(data.chunk);
        return ask('more');
      }
      ask('cancel');
      port.close();
      if (data === 'end') resolve(new Blob(chunks));
      else reject(new SendError('not_enough_shards', "couldn't read part of a file"));
    };
    ask('more');
  });
}
