/** The results as a table: each figure beside what arithmetic expects and what must hold. */
import type { Results } from './results.ts';

interface Line {
  readonly what: string;
  readonly measured: string;
  readonly expected?: string;
  /** What must hold, and whether it does. */
  readonly bound?: { readonly text: string; readonly holds: boolean };
}

const small = (value: number): string => (value === 0 ? '0' : value.toExponential(1));
const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
const hours = (value: number): string => `${value.toFixed(0)} h`;
const count = (value: number): string => value.toLocaleString('en-US');

/** Whether every bound holds. */
export const holds = (results: Results): boolean => linesOf(results).every(({ bound }) => bound?.holds ?? true);

export function linesOf(results: Results): Line[] {
  const { transfers, downloads, rebuilds, load, honest, sybil, expected } = results;
  const { contentBytes } = transfers;
  const liar = (standing: string): { medianHours: number; p95Hours: number; nodes: number; of: number } =>
    results.detection.find((one) => one.behaviour === 'liar' && one.standing === standing) ?? { medianHours: Infinity, p95Hours: Infinity, nodes: 0, of: 0 };
  const [caught, out] = [liar('quarantined'), liar('disqualified')];
  return [
    { what: 'transfers sent', measured: count(transfers.sent) },
    {
      what: 'transfers lost before their expiry',
      measured: count(transfers.lost),
      expected: `${small(expected.lossWithoutRepair)} each in 30 days, never repaired`,
      bound: { text: '0', holds: transfers.lost === 0 },
    },
    { what: 'fewest shards that any transfer came down to', measured: `${transfers.fewestShards}, of 10 needed` },
    { what: 'chance that a download fails at an instant', measured: small(downloads.chance.all), bound: { text: '< 1e-6', holds: downloads.chance.all < 1e-6 } },
    {
      what: '  outside catastrophes',
      measured: small(downloads.chance.calm),
      expected: `${small(expected.downChance)}; half homes ${small(expected.downChanceHalfHomes)}; 5 lost ${small(expected.downChanceAtThreshold)}`,
    },
    { what: '  in them', measured: small(downloads.chance.events) },
    { what: '  instants looked at, of these too few nodes up', measured: `${count(downloads.instants)}, ${count(downloads.downInstants)}` },
    { what: 'downloads drawn, failed', measured: `${count(downloads.sampled)}, ${count(downloads.failed)}` },
    { what: 'hardening moves, in parts of the content', measured: percent(rebuilds.hardening.bytes / contentBytes), expected: '200.0%: k and 10 shards of 10' },
    {
      what: 'repair moves',
      measured: percent((rebuilds.below_threshold.bytes + rebuilds.at_risk.bytes) / contentBytes),
    },
    { what: 'shards off leaving nodes', measured: percent(rebuilds.leaving.bytes / contentBytes), expected: percent(expected.leavingTraffic) },
    { what: 'most transfers waiting for repair', measured: count(results.longestBacklog) },
    { what: 'seats that leaving nodes left behind', measured: `${results.exits.seatsLeft} of ${count(results.exits.nodes)} nodes` },
    {
      what: `10% missing: quarantined after (median, p95; ${caught.nodes} of ${caught.of})`,
      measured: `${hours(caught.medianHours)}, ${hours(caught.p95Hours)}`,
      expected: hours(expected.hoursToQuarantine),
      bound: { text: 'median ≤ 8 h', holds: caught.medianHours <= 8 },
    },
    {
      what: `10% missing: out after (median, p95; ${out.nodes} of ${out.of})`,
      measured: `${hours(out.medianHours)}, ${hours(out.p95Hours)}`,
      expected: hours(expected.hoursToOut),
      bound: { text: 'median ≤ 24 h', holds: out.medianHours <= 24 },
    },
    ...results.detection
      .filter(({ behaviour, standing }) => (behaviour === 'hostage' && standing === 'quarantined') || (behaviour === 'silent liar' && standing === 'suspended'))
      .map(({ behaviour, standing, nodes, of, medianHours, p95Hours }) => ({
        what: `${behaviour}: ${standing} after (median, p95; ${nodes} of ${of})`,
        measured: `${hours(medianHours)}, ${hours(p95Hours)}`,
      })),
    {
      what: 'honest nodes disqualified',
      measured: count(honest.disqualified),
      expected: `< ${small(expected.honestDisqualified)}`,
      bound: { text: '0', holds: honest.disqualified === 0 },
    },
    { what: 'honest nodes ever quarantined, ever suspended', measured: `${honest.quarantined}, ${honest.suspended}` },
    {
      what: 'busiest 1% of nodes over the mean, bytes per byte offered',
      measured: load.bytes.busiestOverMean.toFixed(2),
      expected: `${expected.busiestOverMean.toFixed(2)} of those that take part: the better of two`,
      bound: { text: '< 3', holds: load.bytes.busiestOverMean < 3 },
    },
    {
      what: '  in transfers, which all weigh alike',
      measured: load.transfers.busiestOverMean.toFixed(2),
      bound: { text: '< 3', holds: load.transfers.busiestOverMean < 3 },
    },
    { what: 'Gini coefficient of the load: bytes, transfers', measured: `${load.bytes.gini.toFixed(2)}, ${load.transfers.gini.toFixed(2)}` },
    {
      what: 'load over the mean: servers, homes, slow, flapping',
      measured: (['server', 'home', 'slow', 'flapping'] as const).map((group) => load.means[group].toFixed(2)).join(', '),
    },
    { what: 'homes among a transfer’s nodes', measured: load.homeSeats.toFixed(1) },
    { what: 'seats of one Sybil operator: mean, most', measured: `${sybil.meanSeats.toFixed(2)}, ${sybil.mostSeats}`, expected: '≤ 6 a system' },
    {
      what: 'part of their days suspended: honest nodes, flapping homes',
      measured: `${percent(results.suspendedShare['honest'] ?? 0)}, ${percent(results.suspendedShare['flapping'] ?? 0)}`,
    },
  ];
}

export function printReport(results: Results): string {
  const table = [
    ['', 'measured', 'expected', 'must be', ''],
    ...linesOf(results).map(({ what, measured, expected, bound }) => [
      what,
      measured,
      expected ?? '',
      bound?.text ?? '',
      bound === undefined ? '' : bound.holds ? 'holds' : 'FAILS',
    ]),
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return `${table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')}\n`;
}
