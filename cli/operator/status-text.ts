/** A node's status for its operator to read: what the network thinks of it, why, and what it may do about that. */
import { safeText } from '../../shared/client/safe-path.ts';
import type { NodeStatus } from '../../shared/protocol/index.ts';
import { SHARDSEND } from '../invocation.ts';
import { formatBytes, formatSeconds } from '../progress-line.ts';

const MAX_CHANGES = 10;

const MEANINGS: Readonly<Record<NodeStatus['standing'], string>> = {
  unvetted: 'new: it takes a few transfers until it has proven itself for a week',
  vetted: 'it takes transfers',
  suspended: 'away too often, or an audit is unanswered: it keeps what it holds and takes nothing new until that ends',
  quarantined: 'it failed audits or refused downloads: it takes nothing new, and is audited harder until it has recovered',
  disqualified: 'it is out: what it held counts as lost. The way back is an appeal',
  leaving: 'what it holds moves to other nodes; keep it online until it holds nothing',
};

export interface AuditNote {
  readonly atMs: number;
  readonly proved: number;
  readonly absent: number;
}

/** @param lastAudit - the last one that the node itself answered. @param page - where the same stands in a browser. */
export function statusText(status: NodeStatus, lastAudit: AuditNote | null, page: string, nowMs: number): string {
  const { standing, integrity, availability, speed, provedLeaves, wrongLeaves, holdings, capacityBytes, freeBytes } = status;
  const lines = [
    `${standing} — ${MEANINGS[standing]}`,
    '',
    row('node', `${status.nodeId}, of ${safeText(status.operator)}, version ${safeText(status.version)}`),
    row('address', safeText(status.url)),
    row('integrity', `${percent(integrity)}; ${count(provedLeaves, 'piece')} proven, ${wrongLeaves} missing or damaged, in all`),
    row('reachable', `${percent(availability)} of the last week; last heard ${ago(status.lastSeenMs, nowMs)}`),
    row('speed', speed === null ? 'not measured yet' : `${speed.toFixed(1)} times the network's median`),
    row('holds', `${formatBytes(holdings.bytes)} of ${count(holdings.transfers, 'transfer')}`),
    row('space', `${formatBytes(freeBytes)} free of ${formatBytes(capacityBytes)}`),
    row('last audit', lastAudit === null ? 'none answered yet' : `${ago(lastAudit.atMs, nowMs)}: ${lastAudit.proved} proven, ${lastAudit.absent} not held`),
  ];
  if (status.owedSinceMs !== null) lines.push(row('owed', `an audit is unanswered since ${moment(status.owedSinceMs)}; check the node's disk and log`));
  if (status.appealFromMs !== null)
    lines.push(row('appeal', status.appealFromMs <= nowMs ? `open: ${SHARDSEND} node appeal --data DIR` : `heard from ${moment(status.appealFromMs)} on`));
  lines.push(row('page', page));
  if (status.history.length > 0) lines.push('', 'What happened, the newest first:');
  for (const { atMs, from, to, sentence } of status.history.slice(0, MAX_CHANGES)) lines.push(`  ${moment(atMs)}  ${from} → ${to}`, `    ${safeText(sentence)}`);
  return lines.join('\n');
}

export const moment = (atMs: number): string => new Date(atMs).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
export const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? '' : 's'}`;
const row = (name: string, value: string): string => `  ${name.padEnd(11)}${value}`;
const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
const ago = (atMs: number, nowMs: number): string => (nowMs - atMs < 1000 ? 'just now' : `${formatSeconds((nowMs - atMs) / 1000)} ago`);
