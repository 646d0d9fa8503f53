/** Reads an answer's body into memory of one's own: a gigabyte of chunks would be a gigabyte of garbage. WHATWG Streams, BYOB. */

/**
 * Reads some of the next bytes.
 *
 * @param into - not empty; must not be used any more, since its buffer is detached where the platform reads into it.
 * @returns the bytes read, at least one, where `into` began; the rest of its memory follows behind them in the same
 * buffer. Null at the end, and then the memory is gone.
 */
export type BodyReader = (into: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer> | null>;

export function bodyReader(body: ReadableStream<Uint8Array>): BodyReader {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: 'byob' });
  } catch {
    return chunkReader(body); // WebKit's bodies are no byte streams
  }
  return async (into) => {
    const { done, value } = await reader.read(into);
    return done || !value ? null : value;
  };
}

function chunkReader(body: ReadableStream<Uint8Array>): BodyReader {
  const reader = body.getReader();
  let chunk: Uint8Array = new Uint8Array(0);
  return async (into) => {
    while (chunk.length === 0) {
      const { done, value } = await reader.read();
      if (done) return null;
      chunk = value;
    }
    const part = chunk.subarray(0, into.length);
    chunk = chunk.subarray(part.length);
    into.set(part);
    return into.subarray(0, part.length);
  };
}
