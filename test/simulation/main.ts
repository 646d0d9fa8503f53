/**
 * `npm run simulate`: a network of 10,000 nodes through a year, minutes of one core. It ends with 1 where a bound fails.
 *
 * `--quick` the same in small, in seconds; `--seed N`; `--json` prints one object; `--pictures FOLDER` writes SVG files.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { picturesOf } from './pictures.ts';
import { holds, printReport } from './report.ts';
import { resultsOf } from './results.ts';
import { defaultScenario, quickScenario } from './scenario.ts';
import { simulate } from './simulate.ts';

const REPORT_EVERY_DAYS = 30;
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    pictures: { type: 'string' },
  },
});
const seed = Number(values.seed);
if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError('--seed takes a whole number, 0 or more');

const scenario = values.quick ? quickScenario(seed) : defaultScenario(seed);
const startedMs = performance.now();
const network = simulate(scenario, ({ day, transfers, measures }) => {
  if (day < 0 || day % REPORT_EVERY_DAYS !== 0) return;
  process.stderr.write(`day ${day}: ${measures.sent} transfers sent, ${transfers.size} live, ${measures.lost} lost, ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`);
});
const results = resultsOf(network);
if (values.pictures !== undefined) {
  mkdirSync(values.pictures, { recursive: true });
  for (const [name, svg] of Object.entries(picturesOf(results))) writeFileSync(path.join(values.pictures, name), svg);
}
process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : printReport(results));
process.exitCode = holds(results) ? 0 : 1;
