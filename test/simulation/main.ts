/**
 * `npm run simulate`: a network of 10,000 nodes through a year, minutes of one core; then a small one as busy as it is planned to
 * be. It ends with 1 where a bound fails.
 *
 * `--quick` the same in small, in seconds; `--seed N`; `--json` prints one object; `--pictures FOLDER` writes SVG files.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { picturesOf } from './pictures.ts';
import { holds, linesOf, loadLinesOf, printReport } from './report.ts';
import { resultsOf, type Results } from './results.ts';
import { defaultScenario, loadScenario, quickLoadScenario, quickScenario, type Scenario } from './scenario.ts';
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

const year = run(values.quick ? quickScenario(seed) : defaultScenario(seed));
const load = run(values.quick ? quickLoadScenario(seed) : loadScenario(seed));
if (values.pictures !== undefined) {
  mkdirSync(values.pictures, { recursive: true });
  for (const [name, svg] of Object.entries(picturesOf(year))) writeFileSync(path.join(values.pictures, name), svg);
}
const tables = [linesOf(year), loadLinesOf(load)];
process.stdout.write(values.json ? `${JSON.stringify({ year, load })}\n` : tables.map(printReport).join('\n'));
process.exitCode = tables.every(holds) ? 0 : 1;

function run(scenario: Scenario): Results {
  const startedMs = performance.now();
  const network = simulate(scenario, ({ day, transfers, measures }) => {
    if (day < 0 || day % REPORT_EVERY_DAYS !== 0) return;
    process.stderr.write(`day ${day}: ${measures.sent} transfers sent, ${transfers.size} live, ${measures.lost} lost, ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`);
  });
  return resultsOf(network);
}
