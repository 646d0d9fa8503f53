import { describe, expect, it } from 'vitest';
import { encodeB64 } from '../../protocol/bytes.ts';
import { readNodeKey } from './node-key.ts';

const nodeId = encodeB64(new Uint8Array(32).fill(7));
const token = encodeB64(new Uint8Array(32).fill(9));

describe('the fragment of an operator’s page', () => {
  it('names a node and the token that reads it', () => {
    expect(readNodeKey(`#${nodeId}.${token}`)).toEqual({ nodeId, token });
  });

  it('is no key where there is none', () => {
    expect(readNodeKey('')).toBe('none');
    expect(readNodeKey('#')).toBe('none');
  });

  it.each([
    ['cut off', `#${nodeId}.${token.slice(0, -1)}`],
    ['without a token', `#${nodeId}`],
    ['with an empty token', `#${nodeId}.`],
    ['with a third part', `#${nodeId}.${token}.${token}`],
    ['in another alphabet', `#${nodeId}.${token.slice(0, -1)}=`],
    ['with unused bits set', `#${nodeId}.${token.slice(0, -1)}B`],
    ['that leads elsewhere', `#../transfers/x.${token}`],
  ])('%s, is damaged', (_, hash) => {
    expect(readNodeKey(hash)).toBe('damaged');
  });
});
