/** The bench's figures and their tables. */
import type { StageFigures } from './stages.ts';

export interface Measured {
  readonly megabytes: number;
  readonly direction: 'up' | 'down';
  /** MB/s of the plain POST or download; medians of rounds in which both took turns. */
  readonly plain: number;
  /** MB/s of the file through us. */
  readonly ours: number;
  /** Median of the rounds. */
  readonly ratio: number;
  readonly memoryOverIdleMiB?: number;
}

export interface Report {
  readonly chromium: Measured[];
  readonly node: Measured[];
  /** By program; MB/s of the file. */
  readonly stages: Record<string, StageFigures>;
  /** Speed of a hidden tab as part of a visible one's. */
  hiddenTab?: number;
}

export function printReport(report: Report): void {
  for (const [program, rows] of [
    ['Chromium', report.chromium],
    ['Node', report.node],
  ] as const) {
    if (rows.length === 0) continue;
    print(
      `\n${program}`,
      ['MB', 'way', 'plain MB/s', 'ours MB/s', 'ratio', 'MiB over idle'],
      rows.map((row) => [row.megabytes, row.direction, row.plain, row.ours, row.ratio, row.memoryOverIdleMiB ?? '']),
    );
  }
  const programs = Object.entries(report.stages);
  if (programs.length > 0) {
    const stages = Object.keys(programs[0]![1]) as (keyof StageFigures)[];
    print(
      '\nEach stage alone, MB/s of the file',
      ['', ...stages],
      programs.map(([program, figures]) => [program, ...stages.map((stage) => figures[stage])]),
    );
  }
  if (report.hiddenTab !== undefined) process.stdout.write(`\nA hidden tab sends at ${report.hiddenTab} of a visible one's speed.\n`);
}

function print(title: string, head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const table = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(...table.map((row) => row[i]!.length)));
  process.stdout.write(`${title}\n${table.map((row) => row.map((cell, i) => cell.padStart(widths[i]!)).join('  ')).join('\n')}\n`);
}
