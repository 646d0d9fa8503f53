/** What every answer of the node has in common: who may read it, and how a refusal looks. docs/protocol.md §9, §11. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MAX_JSON_BYTES, SendError, problemOf, type ErrorCode } from '../../shared/protocol/index.ts';

const CORS = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Private-Network': 'true' };
const PREFLIGHT = {
  ...CORS,
  'Access-Control-Allow-Methods': 'GET, PUT, POST, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type',
  'Access-Control-Max-Age': '86400',
};

export function answerHeaders(type: string): Record<string, string> {
  return { ...CORS, 'Content-Type': type, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
}

export function answerPreflight(response: ServerResponse): void {
  response.writeHead(204, PREFLIGHT).end();
}

export function answerText(response: ServerResponse, status: number, type: string, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, { ...answerHeaders(type), 'Content-Length': String(body.length) }).end(body);
}

export const answerJson = (response: ServerResponse, status: number, body: unknown): void => answerText(response, status, 'application/json', JSON.stringify(body));

export function answerProblem(response: ServerResponse, code: ErrorCode): void {
  const problem = problemOf(code);
  answerText(response, problem.status, 'application/problem+json', JSON.stringify(problem));
}

/** @throws SendError `too_large`, or `bad_request` when the client leaves in the middle. */
export async function readBody(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of request as AsyncIterable<Uint8Array>) {
      bytes += part.length;
      if (bytes > MAX_JSON_BYTES) throw new SendError('too_large');
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof SendError) throw cause;
    throw new SendError('bad_request', 'the body ended early', { cause });
  }
  return Uint8Array.from(Buffer.concat(parts));
}
