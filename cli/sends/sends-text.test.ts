import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sendRecords } from '../../shared/client/testing/send-records.ts';
import { sendJson } from './sends-text.ts';

test('programs are told what a link is and how it stands, and nothing that only the store needs', () => {
  fc.assert(
    fc.property(sendRecords, (record) => {
      for (const link of sendJson(record, 0).links) expect(Object.keys(link)).toEqual(['linkId', 'link', 'label', 'password', 'state', 'downloads']);
    }),
  );
});
