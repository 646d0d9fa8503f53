/** Reads request bodies within a limit that no header can talk away. docs/protocol.md §12. */
import { SendError } from '../../shared/protocol/errors.ts';
import { MAX_JSON_BYTES } from '../../shared/protocol/limits.ts';

/** @throws SendError `too_large` as soon as more than `maxBytes` have come. */
export async function readBody(stream: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  if (stream === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > maxBytes) throw new SendError('too_large');
      chunks.push(value);
    }
  } catch (thrown) {
    await reader.cancel().catch(() => undefined); // the peer may be gone: what failed first is what counts
    throw thrown;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

export const readJsonBody = async (request: Request): Promise<unknown> => parseJson(await readBody(request.body, MAX_JSON_BYTES));

/** @throws SendError `bad_request` for anything but UTF-8 JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new SendError('bad_request', 'JSON expected', { cause });
  }
}
