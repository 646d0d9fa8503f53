/** Line charts as SVG files that read on light and dark pages alike. */
import type { Results } from './results.ts';

const WIDTH = 760;
const HEIGHT = 300;
const PLOT = { left: 64, right: 24, top: 40, bottom: 44 };
const COLOURS = ['#2f7de1', '#e0762f', '#3fa46a'];
const STYLE = `text{font:12px system-ui,sans-serif;fill:#444}.title{font-size:14px;font-weight:600}.axis{stroke:#8888;stroke-width:1}.grid{stroke:#8883}.line{fill:none;stroke-width:1.8}.mark{stroke:#c33;stroke-dasharray:5 4}@media(prefers-color-scheme:dark){text{fill:#ccc}}`;

interface Chart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
  /** Decades instead of a linear scale; values are held above `floor`. */
  readonly log?: { readonly floor: number; readonly ceiling: number };
  /** A bound, as a dashed line. */
  readonly mark?: { readonly y: number; readonly text: string };
}

export const picturesOf = ({ pictures, expected, scenario }: Results): Readonly<Record<string, string>> => ({
  'failed-downloads.svg': draw({
    title: 'Chance that a download fails at an instant, by day',
    x: 'day',
    y: '',
    series: [{ name: 'mean over all transfers', points: pictures.downChanceByDay.map((chance, day) => [day, chance]) }],
    log: { floor: 1e-14, ceiling: 1e-2 },
    mark: { y: 1e-6, text: 'bound' },
  }),
  'repair-traffic.svg': draw({
    title: 'Repair traffic of the whole network, by day, without hardening',
    x: 'day',
    y: 'GB',
    series: [{ name: 'moved by nodes', points: pictures.repairBytesByDay.map((bytes, day) => [day, bytes / 1e9]) }],
  }),
  'detection.svg': draw({
    title: `A node deletes ${scenario.liarDeletes * 100}% of its shards: how long until it is found`,
    x: 'hours',
    y: 'part of such nodes',
    series: [
      { name: `quarantined (expected ${expected.hoursToQuarantine.toFixed(0)} h)`, points: distribution(pictures.liarHours.quarantined) },
      { name: `out (expected ${expected.hoursToOut.toFixed(0)} h)`, points: distribution(pictures.liarHours.disqualified) },
    ],
  }),
  'load.svg': draw({
    title: 'Transfers held per byte offered, least to most busy node',
    x: 'percentile of nodes',
    y: 'over the mean',
    series: [{ name: 'nodes', points: pictures.loads.map((load, i) => [(100 * (i + 0.5)) / pictures.loads.length, load]) }],
    mark: { y: 3, text: 'bound for the busiest 1%' },
  }),
});

/** @param sorted - ascending. */
const distribution = (sorted: readonly number[]): [number, number][] => sorted.flatMap((hours, i): [number, number][] => (hours > 72 ? [] : [[hours, (i + 1) / sorted.length]]));

function draw(chart: Chart): string {
  const { title, x, y, series, log, mark } = chart;
  const points = series.flatMap(({ points }) => points);
  const xMax = Math.max(1, ...points.map(([at]) => at));
  const yTop = log?.ceiling ?? niceAbove(Math.max(mark?.y ?? 0, ...points.map(([, value]) => value)));
  const toX = (value: number): number => PLOT.left + (value / xMax) * (WIDTH - PLOT.left - PLOT.right);
  const part = (value: number): number => (log ? Math.log(Math.max(log.floor, value) / log.floor) / Math.log(log.ceiling / log.floor) : value / yTop);
  const toY = (value: number): number => HEIGHT - PLOT.bottom - part(value) * (HEIGHT - PLOT.top - PLOT.bottom);
  const yTicks = log ? decades(log.floor, log.ceiling) : [0, 1, 2, 3, 4].map((i) => (yTop * i) / 4);
  const xStep = niceAbove(xMax / 8);
  const xTicks = Array.from({ length: Math.floor(xMax / xStep) + 1 }, (_, i) => i * xStep);
  const parts = [
    `<text class="title" x="${PLOT.left}" y="20">${title}</text>`,
    ...yTicks.flatMap((value) => [
      `<line class="grid" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${toY(value).toFixed(1)}" y2="${toY(value).toFixed(1)}"/>`,
      `<text x="${PLOT.left - 8}" y="${(toY(value) + 4).toFixed(1)}" text-anchor="end">${log ? value.toExponential(0) : Number(value.toPrecision(3))}</text>`,
    ]),
    ...xTicks.map((value) => `<text x="${toX(value).toFixed(1)}" y="${HEIGHT - PLOT.bottom + 18}" text-anchor="middle">${value}</text>`),
    `<line class="axis" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${HEIGHT - PLOT.bottom}" y2="${HEIGHT - PLOT.bottom}"/>`,
    `<text x="${WIDTH - PLOT.right}" y="${HEIGHT - 8}" text-anchor="end">${x}</text>`,
    `<text x="${PLOT.left}" y="${PLOT.top - 4}">${y}</text>`,
    ...(mark
      ? [
          `<line class="mark" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${toY(mark.y).toFixed(1)}" y2="${toY(mark.y).toFixed(1)}"/>`,
          `<text x="${PLOT.left + 6}" y="${(toY(mark.y) - 5).toFixed(1)}">${mark.text}</text>`,
        ]
      : []),
    ...series.flatMap(({ name, points }, i) => [
      `<polyline class="line" stroke="${COLOURS[i]}" points="${thinned(points)
        .map(([at, value]) => `${toX(at).toFixed(1)},${toY(value).toFixed(1)}`)
        .join(' ')}"/>`,
      `<text x="${WIDTH - PLOT.right}" y="${20 + 16 * i}" text-anchor="end" style="fill:${COLOURS[i]}">${name}</text>`,
    ]),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}"><style>${STYLE}</style>\n${parts.join('\n')}\n</svg>\n`;
}

/** At most 400 points: a picture has no more columns to show. */
function thinned<T>(points: readonly T[]): readonly T[] {
  const step = Math.ceil(points.length / 400);
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

function niceAbove(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(value, 1e-12)));
  return ([1, 2, 4, 5, 10].find((nice) => nice * unit >= value) ?? 10) * unit;
}

function decades(floor: number, ceiling: number): number[] {
  const ticks: number[] = [];
  for (let exponent = Math.round(Math.log10(floor)); exponent <= Math.round(Math.log10(ceiling)); exponent += 2) ticks.push(10 ** exponent);
  return ticks;
}
