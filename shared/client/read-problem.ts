/** Why somebody refused, read from an answer that may be anything and of any length. docs/protocol.md §11. */
import { parseProblem, type ErrorCode, type SendError } from '../protocol/errors.ts';

/** Ours have some hundred bytes. */
const MAX_PROBLEM_BYTES = 4096;

/** @param fallback - for an answer that is no problem document. */
export async function readProblem(response: Response, fallback?: ErrorCode): Promise<SendError> {
  const retryAfter = response.headers.get('Retry-After') ?? '';
  return parseProblem(await readShortJson(response.body).catch(() => null), fallback, /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined);
}

/** @throws anything unless the body is short and JSON. */
async function readShortJson(body: ReadableStream<Uint8Array> | null): Promise<unknown> {
  if (body === null) return null;
  const reader = body.getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  try {
    for (let bytes = 0; bytes <= MAX_PROBLEM_BYTES;) {
      const { done, value } = await reader.read();
      if (done) return JSON.parse(text + decoder.decode());
      bytes += value.length;
      text += decoder.decode(value, { stream: true });
    }
    return null;
  } finally {
    await reader.cancel();
  }
}
