import { describe, expect, it } from 'vitest';
import type { NodeStatus } from '../../shared/protocol/index.ts';
import { statusText } from './status-text.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');
const HOUR_MS = 3600_000;
const status: NodeStatus = {
  nodeId: 'A'.repeat(43),
  operator: 'me',
  version: '0.1.0',
  url: 'https://node.example',
  standing: 'quarantined',
  integrity: 0.9612,
  availability: 0.985,
  speed: null,
  provedLeaves: 1200,
  wrongLeaves: 3,
  epochMs: HOUR_MS,
  owedSinceMs: null,
  appealFromMs: null,
  holdings: { transfers: 1, bytes: 12_300_000, lastExpiresAtMs: NOW_MS + HOUR_MS },
  capacityBytes: 1e12,
  freeBytes: 4e11,
  registeredAtMs: NOW_MS - 100 * HOUR_MS,
  lastSeenMs: NOW_MS - 12_000,
  history: [{ atMs: NOW_MS - HOUR_MS, from: 'vetted', to: 'quarantined', reason: { code: 'integrity_low' }, sentence: 'Audits found 3 pieces missing or damaged.' }],
};
const textOf = (changes: Partial<NodeStatus> = {}) => statusText({ ...status, ...changes }, null, 'https://send.example/network#id.token', NOW_MS);

describe('the status of a node, as text', () => {
  it('says what its standing means, the numbers behind it, and every reason in its own sentence', () => {
    const text = textOf();
    for (const part of [
      'quarantined — it failed audits',
      '96.1%; 1200 pieces proven, 3 missing or damaged',
      '98.5% of the last week; last heard 12 s ago',
      'not measured yet',
      '12.3 MB of 1 transfer\n',
      '400 GB free of 1.00 TB',
      'none answered yet',
      'vetted → quarantined\n    Audits found 3 pieces missing or damaged.',
      'https://send.example/network#id.token',
    ])
      expect(text).toContain(part);
    expect(text).not.toMatch(/owed|appeal|undefined|NaN/);
  });

  it('says what is owed, and when an appeal is heard', () => {
    expect(textOf({ owedSinceMs: NOW_MS - HOUR_MS })).toContain('an audit is unanswered since');
    expect(textOf({ standing: 'disqualified', appealFromMs: NOW_MS + HOUR_MS })).toContain('heard from');
    expect(textOf({ standing: 'disqualified', appealFromMs: NOW_MS })).toContain('open: npm run -s shardsend -- node appeal --data DIR');
  });

  it('shows nothing that steers a terminal, whatever an operator is called', () => {
    expect(textOf({ operator: 'a\u001b[2Jb', url: 'https://x\u0007' })).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});
