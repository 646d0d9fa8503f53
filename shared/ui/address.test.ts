import { describe, expect, it } from 'vitest';
import { takeAddress } from './address.ts';

const ORIGIN = 'https://send.example';

describe('the address of a receive page', () => {
  it('gives the whole link and an address without its key', () => {
    expect(takeAddress(`${ORIGIN}/d/abc#KEY`)).toEqual({ link: `${ORIGIN}/d/abc#KEY`, path: '/d/abc' });
  });

  it.each(['%23', '%2523', '%252523'])('moves a key back that a filter put behind %s', (mark) => {
    expect(takeAddress(`${ORIGIN}/d/abc${mark}KEY-_1`)).toEqual({ link: `${ORIGIN}/d/abc#KEY-_1`, path: '/d/abc' });
  });

  it('tells an address without a key', () => {
    expect(takeAddress(`${ORIGIN}/d/abc`)).toEqual({ link: null, path: '/d/abc' });
    expect(takeAddress(`${ORIGIN}/d/abc#`)).toEqual({ link: null, path: '/d/abc' });
    expect(takeAddress(`${ORIGIN}/d/abc%23`)).toEqual({ link: null, path: '/d/abc' });
  });

  it('drops a query that a tracker added', () => {
    expect(takeAddress(`${ORIGIN}/d/abc?utm_source=mail#KEY`)).toEqual({ link: `${ORIGIN}/d/abc#KEY`, path: '/d/abc' });
  });
});
