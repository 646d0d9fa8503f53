import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES, isErrorCode, parseProblem, problemOf, SendError, sentenceOf, statusOf } from '../../shared/protocol/index.ts';

describe.each(ERROR_CODES)('the error %s', (code) => {
  test('has a sentence for people', () => {
    expect(sentenceOf(code)).toMatch(/^[A-Z].*[.]$/s);
    expect(isErrorCode(code)).toBe(true);
  });

  test('has a status that HTTP knows, or none', () => {
    const status = statusOf(code);
    expect(status === 0 || (Number.isInteger(status) && status >= 400 && status <= 599)).toBe(true);
  });

  test('survives the wire, unless only a client can find it', () => {
    const document: unknown = JSON.parse(JSON.stringify(problemOf(code, 'a detail')));
    expect(document).toEqual({ type: 'about:blank', status: statusOf(code) || 500, code, title: sentenceOf(code), detail: 'a detail' });
    const error = parseProblem(document);
    expect(error).toBeInstanceOf(SendError);
    expect(error.code).toBe(statusOf(code) === 0 ? 'unavailable' : code);
    if (statusOf(code) === 0) return;
    expect(error.message).toContain('a detail');
    expect(error.retryable).toBe(new SendError(code).retryable);
  });
});

test('no two errors share a sentence', () => {
  expect(new Set(ERROR_CODES.map(sentenceOf)).size).toBe(ERROR_CODES.length);
});

test('a problem document of any form becomes an error of the closed set', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.record({ code: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString')), detail: fc.anything() })), (input) => {
      expect(ERROR_CODES).toContain(parseProblem(input).code);
    }),
  );
});
